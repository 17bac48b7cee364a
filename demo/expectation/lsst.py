"""Rubin's alerts."""

import math
import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

from demo.expectation.alert import Alert, wanted
from demo.expectation.facts import facts
from demo.expectation.rows import Class, Expected, Fact, Point, in_utc

Fields = Mapping[str, Any]

TAI_UTC = 37 / 86400
"""Days; since 2017."""
CUTOUTS = {"cutoutScience": "new", "cutoutTemplate": "ref", "cutoutDifference": "sub"}

ELSEWHERE = """
    diaSourceId diaSource prvDiaSources prvDiaForcedSources diaObject ssSource mpc_orbits MPCORB
    cutoutScience cutoutTemplate cutoutDifference lsst_schema_version fink_broker_version fink_science_version
    publisher lc_features
    """
CHOSEN = {
    "diaSource": """
        snr reliability extendedness isNegative trailLength scienceFlux scienceFluxErr templateFlux templateFluxErr
        visit detector parentDiaSourceId
        """,
    "diaObject": "nDiaSources",
}
CHOSEN_OF_MOVING = CHOSEN | {
    "mpc_orbits": "designation a e i q h epoch_mjd nobs_total arc_length_total",
    "ssSource": "designation ssObjectId ephOffset ephVmag ephRate phaseAngle elongation",
}

NO_FLAGS = {"isNegative", "dipoleFitAttempted"}
"""Of the booleans, those that say nothing bad."""
BAD_QUALITY = """
    isDipole pixelFlags pixelFlags_bad pixelFlags_saturated pixelFlags_streakCenter pixelFlags_interpolated
    pixelFlags_cr pixelFlags_nodata pixelFlags_streak pixelFlags_edge psfFlux_flag apFlux_flag forced_PsfFlux_flag
    forced_PsfFlux_flag_edge shape_flag centroid_flag
    """
GOOD_SNR = 6

CATS = {11: "SN-like", 12: "Fast", 13: "Long", 21: "Periodic", 22: "Non-periodic"}
TAG = re.compile("fink_(.+)_lsst")

PACKED = re.compile(r"([IJK])(\d\d)([A-Y])([0-9A-Za-z])(\d)([A-Z])")
"""A provisional designation in the Minor Planet Center's seven characters: K14A00C is 2014 AC."""
TENS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def lsst(packet: Fields, topic: str) -> Expected:
    """Return what an alert leaves."""
    source, moving = packet["diaSource"], packet["pred"]["is_sso"]
    if not wanted(topic, moving=moving):
        return Expected()
    obj_id = f"sso_{_designation(packet).replace(' ', '_')}" if moving else str(packet["diaObject"]["diaObjectId"])
    found = facts(packet, elsewhere=ELSEWHERE, chosen=CHOSEN_OF_MOVING if moving else CHOSEN)
    return Alert(
        topic=topic,
        obj_id=obj_id,
        alert_id=str(packet["diaSourceId"]),
        time=in_utc(source["midpointMjdTai"] - TAI_UTC),
        points=dict(_points(obj_id, packet, with_history=not moving)),
        facts=found | _quality(source),
        classes=[*_tags(topic), *(() if moving else _classified(packet["clf"]))],
        cutouts=[kind for field, kind in CUTOUTS.items() if packet.get(field)],
    ).expected()


def _points(obj_id: str, packet: Fields, *, with_history: bool) -> Iterator[tuple[Point, str]]:
    rows = [(packet["diaSource"], "None")]
    if with_history:
        rows += [(row, "None") for row in packet["prvDiaSources"] or () if row]
        rows += [(row, "alert_fp") for row in packet["prvDiaForcedSources"] or () if row]
    for row, origin in rows:
        flux, error = row["psfFlux"], row["psfFluxErr"]
        if row["timeWithdrawnMjdTai"] is not None or row.get("psfFlux_flag") or not _usable(flux, error):
            continue
        mjd = row["midpointMjdTai"] - TAI_UTC
        yield (obj_id, "LSST", origin, mjd, error / 1000, flux / 1000), f"lsst{row['band']}"


def _usable(flux: float | None, error: float | None) -> bool:
    return flux is not None and error is not None and math.isfinite(flux) and math.isfinite(error) and error > 0


def _quality(source: Fields) -> dict[str, Fact]:
    flux, error = source["psfFlux"], source["psfFluxErr"]
    good = _usable(flux, error) and flux >= 0 and flux / error >= GOOD_SNR
    flags = " ".join(sorted(name for name, value in source.items() if value is True and name not in NO_FLAGS))
    quality: dict[str, Fact] = {
        "fink_filters.b_good_quality": good and not any(source.get(name) for name in BAD_QUALITY.split())
    }
    return quality | ({"diaSource.flags": flags} if flags else {})


def _tags(topic: str) -> list[tuple[str, Class]]:
    tag = TAG.fullmatch(topic)
    return [(topic, (tag[1], None))] if tag else []


def _classified(scores: Fields) -> Iterator[tuple[str, Class]]:
    if scores["cats_class"] in CATS:
        yield "fink_cats", (f"(CATS) {CATS[scores['cats_class']]}", scores["cats_score"])
    supernova = scores["snnSnVsOthers_score"]
    if supernova is not None and 0 <= supernova <= 1:
        likelier = ("SN", supernova) if supernova > 1 - supernova else ("Other", 1 - supernova)
        yield "fink_supernnova", (f"(SuperNNova) {likelier[0]}", likelier[1])


def _designation(packet: Fields) -> str:
    """Return the name of a minor planet; until v9 of Rubin's schema, and then for a while, it came packed."""
    orbit = packet.get("mpc_orbits") or {"designation": None}
    old = packet.get("MPCORB") or {"mpcDesignation": None}
    name = str(orbit["designation"] or old["mpcDesignation"] or packet["ssSource"]["designation"])
    packed = PACKED.fullmatch(name)
    if not packed:
        return name
    century, year, half_month, tens, ones, order = packed.groups()
    count = TENS.index(tens) * 10 + int(ones)
    return f"{'IJK'.index(century) + 18}{year} {half_month}{order}{count or ''}"
