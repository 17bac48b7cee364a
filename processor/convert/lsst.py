"""An LSST packet into a record. Its absent structs are full of nulls, its absent ids are 0."""

import math

from processor.convert.conversion import Conversion, Source, Unconvertible
from processor.convert.designation import unpacked
from processor.convert.fields import (
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
from processor.convert.light_curve import LightCurveBuilder
from schemas.record import ALERT_PHOTOMETRY, FORCED_PHOTOMETRY, LightCurve, SkyPortalAlert

TAI_MINUS_UTC_S = 37
"""Rubin stamps its exposures in TAI, SkyPortal takes UTC. 37 s since 2017."""

NJY_PER_UJY = 1000
BANDS = ("u", "g", "r", "i", "z", "y")


def convert(packet: Fields, source: Source) -> Conversion:
    """Turn one LSST packet, as Fink distributes it, into SkyPortal's terms. Raises `Unconvertible`."""
    detection = struct(packet, "diaSource")
    is_solar_system = bool(struct(packet, "pred").get("is_sso"))
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
        cutout_science=_image(packet, "cutoutScience"),
        cutout_template=_image(packet, "cutoutTemplate"),
        cutout_difference=_image(packet, "cutoutDifference"),
        fink_broker_version=text(packet.get("fink_broker_version")),
        fink_science_version=text(packet.get("fink_science_version")),
        schema_version=text(packet.get("lsst_schema_version")),
    )
    return Conversion(record=record, left_out=curve.left_out)


def _object_id(packet: Fields, detection: Fields) -> str:
    found = struct(packet, "diaObject").get("diaObjectId") or detection.get("diaObjectId")
    return str(identifier(found, "diaObjectId"))


def _solar_system_id(packet: Fields) -> str:
    orbit, moving = struct(packet, "mpc_orbits"), struct(packet, "ssSource")
    names = (
        orbit.get("designation"),
        orbit.get("unpacked_primary_provisional_designation"),
        moving.get("designation"),
    )
    for name in filter(None, map(text, names)):
        return f"sso_{object_id(unpacked(name))}"
    raise Unconvertible("pred.is_sso is true, but neither mpc_orbits nor ssSource has a designation")


def _position(dia_object: Fields, detection: Fields) -> tuple[float, float]:
    """Return the object's mean position where there is one, else the detection's."""
    if math.isnan(number(dia_object.get("ra"))) or math.isnan(number(dia_object.get("dec"))):
        return sky_position(detection, "diaSource")
    return sky_position(dia_object, "diaObject")


def _image(packet: Fields, name: str) -> bytes | None:
    """Return the image alone: its uncertainty and its PSF are three quarters of the bytes."""
    data = binary(packet.get(name))
    return data and primary_hdu(data)


def _light_curve(packet: Fields, detection: Fields, curve: LightCurveBuilder, *, with_history: bool) -> LightCurve:
    if detection.get("band") not in BANDS:
        raise Unconvertible(f"diaSource.band is {detection.get('band')!r}, not one of {', '.join(BANDS)}")
    _add(curve, detection, ALERT_PHOTOMETRY)
    if with_history:
        for row in records(packet, "prvDiaSources"):
            _add(curve, row, ALERT_PHOTOMETRY)
        for row in records(packet, "prvDiaForcedSources"):
            _add(curve, row, FORCED_PHOTOMETRY)
    return curve.build()


def _add(curve: LightCurveBuilder, row: Fields, origin: str | None) -> None:
    if row.get("band") not in BANDS:
        curve.leave_out("band")
    elif not math.isnan(number(row.get("timeWithdrawnMjdTai"))):
        curve.leave_out("withdrawn")
    elif row.get("psfFlux_flag"):
        curve.leave_out("psfFlux_flag")
    else:
        curve.add(
            mjd=_mjd(row),
            band=f"lsst{row['band']}",
            flux=number(row.get("psfFlux")) / NJY_PER_UJY,
            fluxerr=number(row.get("psfFluxErr")) / NJY_PER_UJY,
            position=point_position(row),
            origin=origin,
            program_id=None,
        )


def _mjd(row: Fields) -> float:
    return number(row.get("midpointMjdTai")) - TAI_MINUS_UTC_S / 86400
