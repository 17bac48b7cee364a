"""Points of photometry as posted, brought to microjansky."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.skyportal import photometry_fields
from demo.skyportal.directory import Directory
from demo.skyportal.envelope import Refusal
from demo.skyportal.state import PointKey
from demo.skyportal.tracebacks import invalid_photometry

ZEROPOINT = 23.9
"""Of AB magnitudes of fluxes in microjansky, in which SkyPortal stores them."""

POGSON = 2.5 / math.log(10)
"""Magnitudes per relative flux."""

DEFAULT_NSIGMA = 3.0
"""What ``limiting_mag`` means where a request does not say: ``misc.photometry_detection_threshold_nsigma``."""

MAG_SYSTEMS = "'jla1', 'ab_b12', 'vegahst', 'ab-b12', 'csp', 'bd17', 'ab', 'vega2', 'vega'"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One row of a request, valid but perhaps known."""

    key: PointKey
    filter: str
    ra: float | None
    dec: float | None
    ra_unc: float | None
    dec_unc: float | None
    altdata: object
    user_data: Mapping[str, object]


def measurements(body: dict[str, Any], directory: Directory, method: str) -> list[Measurement]:
    """Validate a request as SkyPortal does, in its order; the first thing wrong refuses all rows."""
    fields = photometry_fields.space(body)
    packets = photometry_fields.rows(body, fields)
    in_mag = fields == photometry_fields.MAG_FIELDS
    read = [_in_magnitudes(packet, method) if in_mag else _in_flux(packet, method) for packet in packets]
    for packet in packets:
        _check_names(packet, directory)
    return [
        Measurement(
            key=(
                str(packet["obj_id"]),
                int(packet["instrument_id"]),
                str(packet["origin"] or None),
                _number(packet, "mjd", method, required=True),
                fluxerr,
                flux,
            ),
            filter=packet["filter"],
            altdata=packet["altdata"],
            user_data={name: packet[name] for name in ("mag", "magerr", "limiting_mag") if name in packet},
            **{name: _optional(packet, name, method) for name in ("ra", "dec", "ra_unc", "dec_unc")},
        )
        for packet, (flux, fluxerr) in zip(packets, read, strict=True)
    ]


def _check_names(packet: dict[str, Any], directory: Directory) -> None:
    bands = [band for row in directory.instruments.values() for band in row.filters]
    if packet["filter"] not in bands:
        raise Refusal(
            400, f"Filter(s) {{np.str_('{packet['filter']}')}} is not allowed. Allowed filters are: {tuple(bands)}"
        )
    try:
        instrument_id = int(packet["instrument_id"])
    except ValueError as error:
        raise Refusal(500, str(error)) from error
    if instrument_id not in directory.instruments:
        raise Refusal(400, f"Invalid instrument ID: {packet['instrument_id']}")
    if packet["magsys"] == "vega":
        raise Refusal(400, "Error standardizing photometry data: <urlopen error [Errno 111] Connection refused>.")
    if packet["magsys"] != "ab":
        raise Refusal(
            400,
            f"Error standardizing photometry data: '{packet['magsys']}' not in registry. "
            f"Registered names: {MAG_SYSTEMS}.",
        )


def _in_magnitudes(packet: dict[str, Any], method: str) -> tuple[float | None, float]:
    mag, magerr, limit = (_optional(packet, name, method) for name in ("mag", "magerr", "limiting_mag"))
    nsigma = _optional(packet, "limiting_mag_nsigma", method)
    packet |= {"mag": mag, "magerr": magerr, "limiting_mag": limit}
    packet["limiting_mag_nsigma"] = nsigma = DEFAULT_NSIGMA if nsigma is None else nsigma
    if (mag is None) != (magerr is None):
        raise _refused(packet, "mag and magerr must both be null, or both be not null.")
    if mag is not None and magerr is not None:
        flux = _flux(mag)
        return flux, magerr / POGSON * flux
    if limit is None:
        raise Refusal(
            400, f"Non-detections (mag=null) require a limiting_mag. Affected row(s) at MJD: [{packet['mjd']}]."
        )
    return None, _flux(limit) / nsigma


def _in_flux(packet: dict[str, Any], method: str) -> tuple[float | None, float]:
    flux = _optional(packet, "flux", method)
    fluxerr, zp = (_number(packet, name, method, required=True) for name in ("fluxerr", "zp"))
    if fluxerr <= 0:
        raise _refused(packet, "fluxerr must be positive.")
    factor = 10 ** (0.4 * (ZEROPOINT - zp))
    return None if flux is None else flux * factor, fluxerr * factor


def _flux(mag: float) -> float:
    try:
        return float(10 ** (-0.4 * (mag - ZEROPOINT)))
    except OverflowError:
        return math.inf


def _optional(packet: dict[str, Any], name: str, method: str) -> float | None:
    if packet.get(name) is None:
        return None
    number = _number(packet, name, method)
    return None if math.isnan(number) else number


def _number(packet: dict[str, Any], name: str, method: str, *, required: bool = False) -> float:
    value = packet[name]
    if required and (value is None or value != value):  # noqa: PLR0124 - NaN is what differs from itself
        raise _refused(packet, f"missing required field {name}.")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise Refusal(400, invalid_photometry(f"ValueError: {error}", method)) from error
    if math.isinf(number):
        raise _refused(packet, f"field {name} must be finite.")
    return number


def _refused(packet: dict[str, Any], reason: str) -> Refusal:
    return Refusal(400, f'Error parsing packet "{packet}": {reason}')
