"""Fields of a packet, read tolerantly: Fink's come, go and turn null without notice."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from processor.convert.conversion import Unconvertible
from schemas.record import instant

NAN = math.nan

Fields = Mapping[str, Any]
Position = tuple[float, float] | tuple[None, None]

EARLIEST_MJD, LATEST_MJD = 40_587, 88_069
"""1970-01-01 and 2100-01-01: what is dated before or after was dated by mistake."""

FULL_CIRCLE, POLE = 360, 90
NO_POSITION: Position = (None, None)
_NOT_IN_OBJECT_ID = re.compile(r"[^A-Za-z0-9_\-;:+.]")
_LARGEST_INT = 2**31


def struct(packet: Fields, name: str) -> Fields:
    """Return a nested record; an absent one is empty, as Fink's absent ones are full of nulls."""
    value = packet.get(name)
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unconvertible(f"{name} is a {type(value).__name__}, not a record")
    return value


def records(packet: Fields, name: str) -> Iterator[Fields]:
    """Yield the records of an array that may be null and may hold nulls."""
    return (record for record in packet.get(name) or () if record is not None)


def number(value: Any) -> float:
    """Return a number; NaN where the packet has null."""
    return NAN if value is None else float(value)


def finite(value: Any) -> float | None:
    """Return a number, or None where the packet has null, NaN, infinity or something else."""
    return float(value) if isinstance(value, float | int) and math.isfinite(value) else None


def integer(value: Any) -> int | None:
    """Return a 32-bit integer, or None where the packet has anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_LARGEST_INT <= value < _LARGEST_INT else None


def text(value: Any) -> str | None:
    """Return a text without NUL, or None where the packet has null or nothing but blanks."""
    found = "" if value is None else str(value).replace("\0", "").strip()
    return found or None


def binary(value: Any) -> bytes | None:
    """Return bytes, or None where the packet has null or none."""
    return value if isinstance(value, bytes) and value else None


def identifier(value: Any, name: str) -> int:
    """Return an id, exactly. Surveys write 0 for none."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise Unconvertible(f"{name} is {value!r}, not a positive integer")
    return value


def named(packet: Fields, field: str) -> str:
    """Return the text of a field without which an alert cannot be told from others."""
    found = text(packet.get(field))
    if found is None:
        raise Unconvertible(f"{field} is {packet.get(field)!r}, not a name")
    return found


def object_id(name: str) -> str:
    """Return ``name`` with everything that SkyPortal does not take in an object's id replaced."""
    return _NOT_IN_OBJECT_ID.sub("_", name)


def is_time(mjd_utc: float) -> bool:
    """Say whether a survey can have taken an image at that time; no for NaN."""
    return EARLIEST_MJD <= mjd_utc < LATEST_MJD


def moment(value: Any, name: str, mjd_utc: float) -> datetime:
    """Return the time of the detection; ``value`` is what the packet's field ``name`` says of it."""
    if not is_time(mjd_utc):
        raise Unconvertible(f"{name} is {value!r}, not a time between 1970 and 2100")
    return instant(mjd_utc)


def sky_position(ra: Any, dec: Any, name: str) -> tuple[float, float]:
    """Return right ascension and declination, in degrees, of fields that ``name`` stands before."""
    right_ascension, declination = number(ra), number(dec)
    if not 0 <= right_ascension < FULL_CIRCLE:
        raise Unconvertible(f"{name}ra is {ra!r}, not in [0, 360)")
    if not -POLE <= declination <= POLE:
        raise Unconvertible(f"{name}dec is {dec!r}, not in [-90, 90]")
    return right_ascension, declination


def point_position(record: Fields) -> Position:
    """Return the position of one point of a light curve; none where it was not measured."""
    ra, dec = record.get("ra"), record.get("dec")
    if ra is None or dec is None or not (0 <= ra < FULL_CIRCLE and -POLE <= dec <= POLE):
        return NO_POSITION
    return ra, dec
