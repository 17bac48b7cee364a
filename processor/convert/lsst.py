"""An LSST packet into a record. Its absent structs are full of nulls, its absent ids are 0."""

from collections.abc import Iterable, Mapping
from math import isnan
from typing import Any

from processor.convert.annotations import MoreAnnotations, annotations
from processor.convert.conversion import Conversion, Source, Unconvertible
from processor.convert.designation import unpacked
from processor.convert.fields import (
    NAN,
    Fields,
    binary,
    finite,
    identifier,
    moment,
    number,
    object_id,
    point_position,
    records,
    sky_position,
    struct,
    text,
)
from processor.convert.fits import primary_hdu
from processor.convert.leaves import Annotations
from processor.convert.light_curve import LightCurveBuilder
from processor.convert.lsst_classes import lsst_classes
from processor.convert.lsst_quality import flags, is_good
from processor.convert.lsst_vocabulary import LSST
from schemas.record import ALERT_PHOTOMETRY, FORCED_PHOTOMETRY, LightCurve, SkyPortalAlert

TAI_MINUS_UTC_S = 37
"""Rubin stamps its exposures in TAI, SkyPortal takes UTC. 37 s since 2017."""

NJY_PER_UJY = 1000
FILTERS: Mapping[Any, str] = {band: f"lsst{band}" for band in "ugrizy"}
"""SkyPortal's name of each band."""


def convert(packet: Fields, source: Source, more: MoreAnnotations) -> Conversion:
    """Turn one LSST packet, as Fink distributes it, into SkyPortal's terms. Raises `Unconvertible`."""
    detection = struct(packet, "diaSource")
    is_solar_system = _is_solar_system(packet, detection)
    obj_id = _solar_system_id(packet) if is_solar_system else _object_id(packet, detection)
    ra, dec = _position({} if is_solar_system else struct(packet, "diaObject"), detection)
    tai = detection.get("midpointMjdTai")
    curve = LightCurveBuilder()
    record = SkyPortalAlert(
        survey="LSST",
        topic=source.topic,
        alert_id=str(identifier(packet.get("diaSourceId") or detection.get("diaSourceId"), "diaSourceId")),
        obj_id=obj_id,
        ra=ra,
        dec=dec,
        observed_at=moment(tai, "diaSource.midpointMjdTai", _mjd(detection)),
        published_at=source.published_at,
        score=finite(detection.get("reliability")),
        is_solar_system=is_solar_system,
        photometry=_light_curve(packet, detection, curve, with_history=not is_solar_system),
        annotations=annotations(packet, LSST, more, moving=is_solar_system) | _derived(detection),
        classifications=lsst_classes(packet, source.topic, moving=is_solar_system),
        cutout_science=_image(packet, "cutoutScience"),
        cutout_template=_image(packet, "cutoutTemplate"),
        cutout_difference=_image(packet, "cutoutDifference"),
        fink_broker_version=text(packet.get("fink_broker_version")),
        fink_science_version=text(packet.get("fink_science_version")),
        schema_version=text(packet.get("lsst_schema_version")),
    )
    return Conversion(record=record, left_out=curve.left_out)


def _derived(detection: Fields) -> Annotations:
    """Return what the packet says in thirty flags, in two values."""
    return {"diaSource.flags": flags(detection), "fink_filters.b_good_quality": is_good(detection)}


def _object_id(packet: Fields, detection: Fields) -> str:
    found = struct(packet, "diaObject").get("diaObjectId") or detection.get("diaObjectId")
    return str(identifier(found, "diaObjectId"))


def _is_solar_system(packet: Fields, detection: Fields) -> bool:
    """Return what Fink says of it; where it says nothing, an alert without an object is one."""
    said = struct(packet, "pred").get("is_sso")
    if said is not None:
        return bool(said)
    return not (struct(packet, "diaObject").get("diaObjectId") or detection.get("diaObjectId"))


def _solar_system_id(packet: Fields) -> str:
    orbit, moving = struct(packet, "mpc_orbits"), struct(packet, "ssSource")
    names = (
        orbit.get("designation"),
        orbit.get("unpacked_primary_provisional_designation"),
        moving.get("designation"),
        struct(packet, "MPCORB").get("mpcDesignation"),  # until v9 of Rubin's schema, and packed
        orbit.get("packed_primary_provisional_designation"),
    )
    for name in filter(None, map(text, names)):
        return f"sso_{object_id(unpacked(name))}"
    if known := struct(packet, "diaObject").get("diaObjectId"):
        return str(identifier(known, "diaObjectId"))
    said, found = struct(packet, "pred").get("is_sso"), struct(packet, "diaSource").get("diaObjectId")
    raise Unconvertible(
        f"pred.is_sso is {said!r}, diaObjectId is {found!r}, and mpc_orbits, ssSource and MPCORB have no designation"
    )


def _position(dia_object: Fields, detection: Fields) -> tuple[float, float]:
    """Return the object's mean position where there is one, else the detection's."""
    ra, dec = dia_object.get("ra"), dia_object.get("dec")
    if isnan(number(ra)) or isnan(number(dec)):
        return sky_position(detection.get("ra"), detection.get("dec"), "diaSource.")
    return sky_position(ra, dec, "diaObject.")


def _image(packet: Fields, name: str) -> bytes | None:
    """Return the image alone: its uncertainty and its PSF are three quarters of the bytes."""
    data = binary(packet.get(name))
    return data and primary_hdu(data)


def _light_curve(packet: Fields, detection: Fields, curve: LightCurveBuilder, *, with_history: bool) -> LightCurve:
    if detection.get("band") not in FILTERS:
        raise Unconvertible(f"diaSource.band is {detection.get('band')!r}, not one of {', '.join(FILTERS)}")
    _add(curve, [detection], ALERT_PHOTOMETRY)
    if with_history:
        _add(curve, records(packet, "prvDiaSources"), ALERT_PHOTOMETRY)
        _add(curve, records(packet, "prvDiaForcedSources"), FORCED_PHOTOMETRY)
    return curve.build()


def _add(curve: LightCurveBuilder, rows: Iterable[Fields], origin: str | None) -> None:
    """Add the points of ``rows``. Histories are long: what is tested often is tested without a call."""
    for row in rows:
        band, withdrawn = FILTERS.get(row.get("band")), row.get("timeWithdrawnMjdTai")
        if band is None:
            curve.leave_out("band")
        elif withdrawn is not None and not isnan(withdrawn):
            curve.leave_out("withdrawn")
        elif row.get("psfFlux_flag"):
            curve.leave_out("psfFlux_flag")
        else:
            flux, fluxerr = row.get("psfFlux"), row.get("psfFluxErr")
            curve.add(
                (
                    _mjd(row),
                    band,
                    NAN if flux is None else flux / NJY_PER_UJY,
                    NAN if fluxerr is None else fluxerr / NJY_PER_UJY,
                    *point_position(row),
                    origin,
                    None,
                )
            )


def _mjd(row: Fields) -> float:
    tai = row.get("midpointMjdTai")
    return NAN if tai is None else tai - TAI_MINUS_UTC_S / 86400
