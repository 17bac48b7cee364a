"""Packets as Fink distributes them: only what a test says differs from an ordinary one."""

from typing import Any

Fields = dict[str, Any]

JD = 2461121.9631019
MJD_TAI = 61105.093643486834


def ztf_detection(**changes: Any) -> Fields:
    """Return an ordinary detection of ZTF's, as ``candidate`` and ``prv_candidates`` hold them."""
    ordinary = {
        "jd": JD,
        "fid": 2,
        "candid": 3367463101415010117,
        "isdiffpos": "t",
        "magpsf": 18.0,
        "sigmapsf": 0.1,
        "diffmaglim": 20.0,
        "ra": 267.0006792,
        "dec": -5.8633869,
        "programid": 1,
        "drb": 0.9210436940193176,
    }
    return ordinary | changes


def ztf_limit(**changes: Any) -> Fields:
    """Return an upper limit of ZTF's, a day before the ordinary detection."""
    nothing = dict.fromkeys(("candid", "isdiffpos", "magpsf", "sigmapsf", "ra", "dec", "drb"))
    return ztf_detection(jd=JD - 1, **nothing) | changes


def ztf_packet(*, candidate: Fields | None = None, history: Any = None, **changes: Any) -> Fields:
    """Return a packet of ZTF's; ``candidate`` holds changes to the current detection."""
    ordinary = {
        "candid": 3367463101415010117,
        "objectId": "ZTF26aamcbly",
        "schemavsn": "4.02",
        "candidate": ztf_detection(**(candidate or {})),
        "prv_candidates": history,
        "cutoutScience": {"fileName": "science.fits.gz", "stampData": b"\x1f\x8bscience"},
        "cutoutTemplate": {"fileName": "template.fits.gz", "stampData": b"\x1f\x8btemplate"},
        "cutoutDifference": {"fileName": "difference.fits.gz", "stampData": b"\x1f\x8bdifference"},
        "fink_broker_version": "4.1",
        "fink_science_version": "8.41.0",
    }
    return ordinary | changes


def dia_source(**changes: Any) -> Fields:
    """Return an ordinary detection of Rubin's, as ``diaSource`` and ``prvDiaSources`` hold them."""
    ordinary = {
        "diaSourceId": 170094456272322680,
        "diaObjectId": 170028485706776685,
        "midpointMjdTai": MJD_TAI,
        "ra": 63.349628499442076,
        "dec": -47.18075801654059,
        "psfFlux": 8130.5,
        "psfFluxErr": 513.5,
        "psfFlux_flag": False,
        "band": "i",
        "reliability": 0.8754439353942871,
        "timeWithdrawnMjdTai": None,
    }
    return ordinary | changes


def forced_source(**changes: Any) -> Fields:
    """Return an ordinary point of Rubin's forced photometry, of the current visit."""
    ordinary = {
        "diaForcedSourceId": 170028486242598972,
        "midpointMjdTai": MJD_TAI,
        "ra": 63.34951332427748,
        "dec": -47.18082316159073,
        "psfFlux": 6995.0,
        "psfFluxErr": 503.5,
        "band": "i",
        "timeWithdrawnMjdTai": None,
    }
    return ordinary | changes


NO_DIA_OBJECT: Fields = {"diaObjectId": None, "ra": None, "dec": None}
NO_ORBIT: Fields = dict.fromkeys(("designation", "unpacked_primary_provisional_designation"))


def lsst_packet(*, source: Fields | None = None, history: Any = None, forced: Any = None, **changes: Any) -> Fields:
    """Return a packet of Rubin's; ``source`` holds changes to the current detection."""
    ordinary = {
        "diaSourceId": 170094456272322680,
        "diaSource": dia_source(**(source or {})),
        "prvDiaSources": history,
        "prvDiaForcedSources": forced,
        "diaObject": {"diaObjectId": 170028485706776685, "ra": 63.34954093467382, "dec": -47.18079448399894},
        "ssSource": {"designation": None},
        "mpc_orbits": NO_ORBIT,
        "pred": {"is_sso": False},
        "cutoutScience": None,
        "cutoutTemplate": None,
        "cutoutDifference": None,
        "lsst_schema_version": "lsst.v10_0",
        "fink_broker_version": "4.1",
        "fink_science_version": "8.39.0",
    }
    return ordinary | changes


def solar_system_packet(**changes: Any) -> Fields:
    """Return the packet of a known asteroid, whose structs and ids are absent as Fink writes it."""
    return (
        lsst_packet(
            source={"diaObjectId": 0},
            diaObject=NO_DIA_OBJECT,
            pred={"is_sso": True},
            ssSource={"designation": "2004 JQ12"},
            mpc_orbits={"designation": "2004 JQ12", "unpacked_primary_provisional_designation": "2004 JQ12"},
        )
        | changes
    )
