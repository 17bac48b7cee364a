"""The same Rubin alert, as it would look in another version of Rubin's schema."""

import functools
from collections.abc import Mapping
from typing import Any

from demo.fink.alert import FinkAlert, WriterSchema
from demo.fink.lsst_schema import BANDS, MPC_ORBIT
from demo.fink.lsst_versions_schema import (
    MPCORB,
    MPCORB_RENAMED,
    REQUIRED_SINCE_V11,
    SCHEMAS,
    SS_SOURCE_RENAMED,
    SS_SOURCE_V9,
)

Packet = dict[str, Any]

_V9, _V11 = 9, 11
_ARCSEC = 3600
_NEW_IN_V11_1: Packet = {
    "exposureTime": 30.0,
    "trailAlgorithm": 2,
    "trail_flag": False,
    "reliabilityVersion": "rbResnet50",
}


def as_version(alert: FinkAlert, major: int, minor: int = 0) -> FinkAlert:
    """Return ``alert``, which is one of v10.0 as `night` makes them, in v9.0, v10.0, v11.0 or v11.1.

    It says the same wherever the version has a word for it. KeyError if the version is none of these.
    """
    schema = _schema(f"{major}.{minor}")
    packet = dict(alert.packet)
    if major == _V9:
        packet = _v9(packet)
    if major >= _V11:
        packet = _v11(packet, _NEW_IN_V11_1 if minor else {})
    packet["lsst_schema_version"] = f"lsst.v{major}_{minor}"
    return FinkAlert(survey="lsst", topics=alert.topics, packet=packet, schema=schema)


def with_packed_designation(alert: FinkAlert, *, orbit: bool = True) -> FinkAlert:
    """Return the alert of a solar-system object as of January 2026: ``ssSource`` says its designation packed.

    Without ``orbit`` that is the only name in it.
    """
    packet = dict(alert.packet)
    packed = packet["mpc_orbits"]["packed_primary_provisional_designation"]
    packet["ssSource"] = packet["ssSource"] | {"designation": packed}
    if not orbit:
        packet["mpc_orbits"] = MPC_ORBIT()
    return FinkAlert(survey="lsst", topics=alert.topics, packet=packet, schema=alert.schema)


@functools.cache
def _schema(version: str) -> WriterSchema:
    return WriterSchema(SCHEMAS[version])


def _v9(packet: Packet) -> Packet:
    """Return the packet with ``MPCORB`` in the place of ``mpc_orbits``."""
    moving, orbit = packet["ssSource"], packet["mpc_orbits"]
    kept = {name: moving[name] for name in SS_SOURCE_V9.names if name in moving}
    renamed = {old: moving[new] for old, new in SS_SOURCE_RENAMED.items()}
    for residual in ("residualRa", "residualDec"):
        if renamed[residual] is not None:
            renamed[residual] /= _ARCSEC
    elements = {old: orbit[new] for old, new in MPCORB_RENAMED.items()}
    old: Mapping[str, Any] = {
        "ssSource": SS_SOURCE_V9(**kept, **renamed),
        "mpc_orbits": MPCORB(ssObjectId=moving["ssObjectId"], **elements),
    }
    return {("MPCORB" if name == "mpc_orbits" else name): old.get(name, value) for name, value in packet.items()}


def _v11(packet: Packet, new: Packet) -> Packet:
    history = packet["prvDiaSources"]
    numbers = {f"{band}_psfFluxNdata": packet["diaObject"][f"{band}_psfFluxNdata"] or 0 for band in BANDS}
    return packet | {
        "diaSource": _source_v11(packet["diaSource"], new),
        "prvDiaSources": history and [_source_v11(source, new) for source in history],
        "diaObject": packet["diaObject"] | numbers,
    }


def _source_v11(source: Packet, new: Packet) -> Packet:
    return source | {name: source[name] or 0 for name in REQUIRED_SINCE_V11} | new
