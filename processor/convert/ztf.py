"""A ZTF packet into a record. Upper limits are part of the history; forced photometry Fink does not pass on."""

import math
from collections.abc import Iterable, Mapping

from processor.convert.annotations import MoreAnnotations, annotations
from processor.convert.conversion import Conversion, Source, Unconvertible
from processor.convert.fields import (
    NO_POSITION,
    Fields,
    binary,
    finite,
    identifier,
    integer,
    moment,
    named,
    number,
    object_id,
    point_position,
    records,
    sky_position,
    struct,
    text,
)
from processor.convert.finkclass import KNOWN_MINOR_PLANET, RULE, FinkClass, fink_class
from processor.convert.leaves import Annotations, word
from processor.convert.light_curve import LightCurveBuilder
from processor.convert.ztf_vocabulary import ZTF
from schemas.record import ALERT_PHOTOMETRY, LightCurve, SkyPortalAlert

MJD_ZERO_JD = 2400000.5
"""Julian Date of Modified Julian Date 0. ZTF's are UTC, at the start of the exposure."""

AB_ZEROPOINT_UJY = 23.9
"""Zero point that makes AB magnitudes of fluxes in µJy, as SkyPortal uses it."""

LIMIT_SIGMAS = 5
"""``diffmaglim`` is a limit of five sigma; SkyPortal wants one sigma of it."""

BANDS = {1: "ztfg", 2: "ztfr", 3: "ztfi"}
SIGNS = {"t": 1, "1": 1, True: 1, "f": -1, "0": -1, False: -1}
"""Of ``isdiffpos``: both conventions occur, even in one packet; and the number or truth value that it may become."""

Exposure = tuple[float | None, int | None]
"""``jd`` and ``fid``: one exposure may have several rows, one for each quadrant of the camera."""


def convert(packet: Fields, source: Source, more: MoreAnnotations) -> Conversion:
    """Turn one ZTF packet, as Fink distributes it, into SkyPortal's terms. Raises `Unconvertible`."""
    candidate = struct(packet, "candidate")
    jd = candidate.get("jd")
    ra, dec = sky_position(candidate.get("ra"), candidate.get("dec"), "candidate.")
    found = fink_class(packet)
    curve = LightCurveBuilder()
    record = SkyPortalAlert(
        survey="ZTF",
        topic=source.topic,
        alert_id=str(identifier(packet.get("candid") or candidate.get("candid"), "candid")),
        obj_id=object_id(named(packet, "objectId")),
        ra=ra,
        dec=dec,
        observed_at=moment(jd, "candidate.jd", _mjd(candidate)),
        published_at=source.published_at,
        score=finite(candidate.get("drb")),
        is_solar_system=packet.get("roid") == KNOWN_MINOR_PLANET,
        photometry=_light_curve(packet, candidate, curve),
        annotations=annotations(packet, ZTF, more) | _derived(found),
        classifications=found.classifications(),
        cutout_science=_stamp(packet, "cutoutScience"),
        cutout_template=_stamp(packet, "cutoutTemplate"),
        cutout_difference=_stamp(packet, "cutoutDifference"),
        fink_broker_version=text(packet.get("fink_broker_version")),
        fink_science_version=text(packet.get("fink_science_version")),
        schema_version=text(packet.get("schemavsn")),
    )
    return Conversion(record=record, left_out=curve.left_out)


def _derived(found: FinkClass) -> Annotations:
    """Return what the packet does not say itself; named after whose rule it is."""
    return {"fink_filters.class": word(found.name), "fink_filters.rule": RULE}


def _stamp(packet: Fields, name: str) -> bytes | None:
    return binary(struct(packet, name).get("stampData"))


def _light_curve(packet: Fields, candidate: Fields, curve: LightCurveBuilder) -> LightCurve:
    if candidate.get("fid") not in BANDS:
        raise Unconvertible(f"candidate.fid is {candidate.get('fid')!r}, not one of {', '.join(map(str, BANDS))}")
    detections: list[Fields] = [candidate]
    limits: list[Fields] = []
    for row in records(packet, "prv_candidates"):
        (limits if _is_limit(row) else detections).append(row)
    for row in detections:
        _add_detection(curve, row)
    detected = {(row.get("jd"), row.get("fid")) for row in detections}
    for exposure, row in _deepest(limits, curve).items():
        if exposure not in detected:
            _add_limit(curve, row)
    return curve.build()


def _is_limit(row: Fields) -> bool:
    magnitude = row.get("magpsf")
    return magnitude is None or math.isnan(magnitude)


def _add_detection(curve: LightCurveBuilder, row: Fields) -> None:
    band, sign = BANDS.get(row.get("fid", 0)), SIGNS.get(row.get("isdiffpos", ""))
    if band is None:
        curve.leave_out("band")
    elif sign is None:
        curve.leave_out("isdiffpos")
    else:
        flux = _microjansky(number(row.get("magpsf")))
        fluxerr = _rounded(flux * number(row.get("sigmapsf")) * math.log(10) / 2.5)
        program_id = integer(row.get("programid"))
        curve.add((_mjd(row), band, sign * _rounded(flux), fluxerr, *point_position(row), ALERT_PHOTOMETRY, program_id))


def _deepest(limits: Iterable[Fields], curve: LightCurveBuilder) -> Mapping[Exposure, Fields]:
    """Return the row of the deepest upper limit of each exposure."""
    deepest: dict[Exposure, Fields] = {}
    for row in limits:
        limit, exposure = row.get("diffmaglim"), (row.get("jd"), row.get("fid"))
        if limit is None or not math.isfinite(limit):
            curve.leave_out("diffmaglim")
        elif exposure not in deepest or limit > deepest[exposure]["diffmaglim"]:
            deepest[exposure] = row
    return deepest


def _add_limit(curve: LightCurveBuilder, row: Fields) -> None:
    band = BANDS.get(row.get("fid", 0))
    if band is None:
        curve.leave_out("band")
        return
    fluxerr = _rounded(_microjansky(row["diffmaglim"]) / LIMIT_SIGMAS)
    program_id = integer(row.get("programid"))
    # Without the candidate's position: the row in SkyPortal must not depend on which of the object's alerts brought it.
    curve.add((_mjd(row), band, None, fluxerr, *NO_POSITION, ALERT_PHOTOMETRY, program_id))


def _mjd(row: Fields) -> float:
    return number(row.get("jd")) - MJD_ZERO_JD


def _microjansky(magnitude: float) -> float:
    try:
        return 10 ** (-0.4 * (magnitude - AB_ZEROPOINT_UJY)) if math.isfinite(magnitude) else math.nan
    except OverflowError:  # brighter than a float can say
        return math.inf


def _rounded(value: float) -> float:
    """Round to nine digits: SkyPortal tells points apart by exact floats, and libraries differ in the last bit."""
    return float("%.9g" % value)  # noqa: UP031  # the contract's own words
