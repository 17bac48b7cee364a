"""ZTF's alerts, and their joins with other messengers' events."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from demo.expectation.alert import Alert, wanted
from demo.expectation.facts import facts
from demo.expectation.fink_class import BY_RULE, RULE, UNKNOWN, fink_class, in_taxonomy
from demo.expectation.rows import Class, Expected, Fact, Point, in_utc

Fields = Mapping[str, Any]

MINOR_PLANET = 3
"""``roid`` of an object that the Minor Planet Center knows."""
MJD_0 = 2400000.5
BANDS = {1: "ztfg", 2: "ztfr", 3: "ztfi"}
CUTOUTS = {"cutoutScience": "new", "cutoutTemplate": "ref", "cutoutDifference": "sub"}

ELSEWHERE = """
    candid objectId schemavsn publisher candidate prv_candidates cutoutScience cutoutTemplate cutoutDifference
    fink_broker_version fink_science_version lc_features_g lc_features_r
    """
CHOSEN = """
    drb drbversion rb rbversion classtar nbad scorr diffmaglim ndethist ncovhist jdstarthist jdendhist
    distnr magnr sigmagnr objectidps1 sgscore1 distpsnr1 srmag1 neargaia maggaia ssdistnr ssmagnr ssnamenr
    """
JOINED_ELSEWHERE = """
    candid objectId ztf_ra ztf_dec jd publisher fink_broker_version fink_science_version lc_features_g lc_features_r
    raw_event
    """


def ztf(packet: Fields, topic: str) -> Expected:
    """Return what an ordinary alert leaves."""
    if not wanted(topic, moving=packet.get("roid") == MINOR_PLANET):
        return Expected()
    obj_id, detection = packet["objectId"], packet["candidate"]
    name, probability = fink_class(packet)
    derived: dict[str, Fact] = {"fink_filters.rule": RULE}
    if name != UNKNOWN:
        derived["fink_filters.class"] = name
    return Alert(
        topic=topic,
        obj_id=obj_id,
        alert_id=str(packet["candid"]),
        time=in_utc(detection["jd"] - MJD_0),
        points=dict(_points(obj_id, [detection, *(row for row in packet["prv_candidates"] or () if row)])),
        facts=facts(packet, elsewhere=ELSEWHERE, chosen={"candidate": CHOSEN}) | derived,
        classes=_classes(name, probability),
        cutouts=[kind for field, kind in CUTOUTS.items() if (packet.get(field) or {}).get("stampData")],
    ).expected()


def multi_messenger(packet: Fields, topic: str) -> Expected:
    """Return what a join leaves: no point, since it does not say whether the source is brighter than the template."""
    if not wanted(topic, moving=packet.get("roid") == MINOR_PLANET):
        return Expected()
    return Alert(
        topic=topic,
        obj_id=packet["objectId"],
        alert_id=f"{packet['objectId']}:{packet['triggerId']}:{packet['jd']!r}",
        time=in_utc(packet["jd"] - MJD_0),
        points={},
        facts=facts(packet, elsewhere=JOINED_ELSEWHERE, chosen={}),
        classes=_classes(packet["fink_class"] or UNKNOWN, None),
        joined=True,
    ).expected()


def _classes(name: str, probability: float | None) -> list[tuple[str, Class]]:
    return [] if name == UNKNOWN else [(BY_RULE, (in_taxonomy(name), probability))]


def _points(obj_id: str, rows: list[Fields]) -> Iterator[tuple[Point, str]]:
    detected = {(row["jd"], row["fid"]) for row in rows if row["magpsf"] is not None}
    deepest: dict[tuple[float, int], float] = {}
    for row in rows:
        exposure = row["jd"], row["fid"]
        if row["magpsf"] is not None:
            flux = 10 ** ((23.9 - row["magpsf"]) / 2.5)
            error = flux * row["sigmapsf"] * math.log(10) / 2.5
            sign = 1 if row["isdiffpos"] in ("t", "1") else -1
            yield (obj_id, "ZTF", "None", row["jd"] - MJD_0, _nine(error), sign * _nine(flux)), BANDS[row["fid"]]
        elif exposure not in detected:
            deepest[exposure] = max(row["diffmaglim"], deepest.get(exposure, 0))
    for (jd, fid), limit in deepest.items():
        yield (obj_id, "ZTF", "None", jd - MJD_0, _nine(10 ** ((23.9 - limit) / 2.5) / 5), None), BANDS[fid]


def _nine(value: float) -> float:
    return float(f"{value:.9g}")
