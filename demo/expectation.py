"""What SkyPortal must hold after a night, worked out from the published messages alone.

Nothing of processor/, sink/, schemas/ or runtime/ is used: a second opinion, written from the surveys' definitions.
"""

import json
import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any

import fastavro

Candidate = tuple[str, str, str]
"""Object, filter, passed_at: what makes a row of SkyPortal's candidates."""

Point = tuple[str, str, str, float, float, float | None]
"""Object, instrument, origin, mjd, fluxerr, flux: what makes a row of SkyPortal's photometry."""

SOLAR_SYSTEM_TOPICS = ("fink_is_solar_system_lsst", "fink_sso_*")
MINOR_PLANET = 3
"""ZTF's ``roid`` of an object that the Minor Planet Center knows."""
ZTF_BANDS = {1: "ztfg", 2: "ztfr", 3: "ztfi"}
LN10 = math.log(10)

PACKED = re.compile(r"([IJK])(\d\d)([A-Y])([0-9A-Za-z])(\d)([A-Z])")
"""A provisional designation in the Minor Planet Center's seven characters: K14A00C is 2014 AC."""
TENS = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True)
class Expected:
    """Rows of SkyPortal's."""

    candidates: set[Candidate] = field(default_factory=set)
    points: dict[Point, str] = field(default_factory=dict)
    """The bandpass of each."""

    def update(self, other: "Expected") -> None:
        """Add the rows of ``other``."""
        self.candidates.update(other.candidates)
        self.points.update(other.points)


def expect(messages: Iterable[tuple[str, bytes, bytes]]) -> Expected:
    """Return what the Fink messages (topic, key, value) amount to, with one filter per topic and no routes file."""
    total = Expected()
    schemas: dict[bytes, Any] = {}
    for topic, key, value in messages:
        if key not in schemas:
            schemas[key] = fastavro.parse_schema(json.loads(key))
        packet = fastavro.schemaless_reader(BytesIO(value), schemas[key], None)
        assert isinstance(packet, dict)  # noqa: S101  # Fink's alerts are records
        total.update(_survey(packet)(packet, topic))
    return total


def _survey(packet: Mapping[str, Any]) -> Callable[[Mapping[str, Any], str], Expected]:
    if "candidate" in packet:
        return _ztf
    return _multi_messenger if "triggerId" in packet else _lsst


def _wanted(topic: str, *, moving: bool) -> bool:
    """Return whether the topic's route sends such alerts: those of moving objects only by the routes that say so."""
    return not moving or any(fnmatchcase(topic, pattern) for pattern in SOLAR_SYSTEM_TOPICS)


def _time(mjd: float) -> str:
    milliseconds = round((mjd - 40_587) * 86_400e3)
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return _written(time)


def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _multi_messenger(packet: Mapping[str, Any], topic: str) -> Expected:
    """Return the candidate alone: whether the source is brighter than the template, the packet does not say."""
    if not _wanted(topic, moving=packet.get("roid") == MINOR_PLANET):
        return Expected()
    return Expected(candidates={(packet["objectId"], topic, _time(packet["jd"] - 2400000.5))})


def _ztf(packet: Mapping[str, Any], topic: str) -> Expected:
    if not _wanted(topic, moving=packet.get("roid") == MINOR_PLANET):
        return Expected()
    obj_id, detection = packet["objectId"], packet["candidate"]
    rows = [detection, *(row for row in packet["prv_candidates"] or () if row)]
    found = Expected(candidates={(obj_id, topic, _time(detection["jd"] - 2400000.5))})
    detected = {(row["jd"], row["fid"]) for row in rows if row["magpsf"] is not None}
    deepest: dict[tuple[float, int], float] = {}
    for row in rows:
        exposure = row["jd"], row["fid"]
        if row["magpsf"] is not None:
            flux = 10 ** ((23.9 - row["magpsf"]) / 2.5)
            error = flux * row["sigmapsf"] * LN10 / 2.5
            sign = 1 if row["isdiffpos"] in ("t", "1") else -1
            key = (obj_id, "ZTF", "None", row["jd"] - 2400000.5, _nine(error), sign * _nine(flux))
            found.points[key] = ZTF_BANDS[row["fid"]]
        elif exposure not in detected:
            deepest[exposure] = max(row["diffmaglim"], deepest.get(exposure, 0))
    for (jd, fid), limit in deepest.items():
        found.points[obj_id, "ZTF", "None", jd - 2400000.5, _nine(10 ** ((23.9 - limit) / 2.5) / 5), None] = ZTF_BANDS[
            fid
        ]
    return found


def _nine(value: float) -> float:
    return float(f"{value:.9g}")


def _lsst(packet: Mapping[str, Any], topic: str) -> Expected:
    source = packet["diaSource"]
    if not _wanted(topic, moving=packet["pred"]["is_sso"]):
        return Expected()
    if packet["pred"]["is_sso"]:
        obj_id = "sso_" + _designation(packet).replace(" ", "_")
        history = []
    else:
        obj_id = str(packet["diaObject"]["diaObjectId"])
        history = [(row, "None") for row in packet["prvDiaSources"] or () if row]
        history += [(row, "alert_fp") for row in packet["prvDiaForcedSources"] or () if row]
    found = Expected(candidates={(obj_id, topic, _time(source["midpointMjdTai"] - 37 / 86400))})
    for row, origin in [(source, "None"), *history]:
        flux, error = row["psfFlux"], row["psfFluxErr"]
        if row["timeWithdrawnMjdTai"] is not None or row.get("psfFlux_flag") or not _usable(flux, error):
            continue
        mjd = row["midpointMjdTai"] - 37 / 86400
        found.points[obj_id, "LSST", origin, mjd, error / 1000, flux / 1000] = f"lsst{row['band']}"
    return found


def _designation(packet: Mapping[str, Any]) -> str:
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


def _usable(flux: float | None, error: float | None) -> bool:
    return flux is not None and error is not None and math.isfinite(flux) and math.isfinite(error) and error > 0


def held(state: Mapping[str, Any]) -> tuple[list[Candidate], list[tuple[Point, str]]]:
    """Return the rows that SkyPortal holds, doubled ones as often as it holds them, and each point's bandpass."""
    filters = {item["id"]: item["name"] for item in state["filters"]}
    instruments = {item["id"]: item["name"] for item in state["instruments"]}
    candidates = [
        (row["obj_id"], filters[row["filter_id"]], _written(datetime.fromisoformat(row["passed_at"])))
        for row in state["candidates"]
    ]
    points = [
        (
            (
                row["obj_id"],
                instruments[row["instrument_id"]],
                row["origin"],
                row["mjd"],
                row["fluxerr"],
                row["flux"],
            ),
            row["filter"],
        )
        for row in state["photometry"]
    ]
    return candidates, points


@dataclass(frozen=True, kw_only=True)
class Account:
    """Published against held."""

    objects: int
    accepted: int
    """Detections, (object, time), that are held in every filter that they belong to."""
    points: int
    lost: int
    """Rows, of candidates and photometry, that are expected and not held."""
    doubled: int
    """Rows that are held and not expected, or held more than once."""
    examples: Sequence[str]
    """Some of either, to look into."""


def compare(expected: Expected, state: Mapping[str, Any]) -> Account:
    """Compare every row, exactly."""
    candidates, points = held(state)
    wanted_points = set(expected.points.items())
    missing = expected.candidates - set(candidates)
    lost = [*missing, *(wanted_points - set(points))]
    doubled = [*_extra(candidates, expected.candidates), *_extra(points, wanted_points)]
    detections = {(obj_id, time) for obj_id, _filter, time in expected.candidates}
    incomplete = {(obj_id, time) for obj_id, _filter, time in missing}
    return Account(
        objects=len(state["objects"]),
        accepted=len(detections - incomplete),
        points=len(points),
        lost=len(lost),
        doubled=len(doubled),
        examples=[f"lost: {row}" for row in lost[:3]] + [f"doubled: {row}" for row in doubled[:3]],
    )


def _extra(rows: Iterable[Any], wanted: Iterable[Any]) -> list[Any]:
    """Return the rows that are not wanted, or that are there once more than they should be."""
    return list((Counter(rows) - Counter(set(wanted))).elements())
