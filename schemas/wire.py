"""The two large parts of a record, light curve and annotations, into the bytes that Avro's specification gives them.

Any Avro library writes the same bytes, after trying for each value which branch of a union it is. We know: this takes
a fifth of the time, and these parts are most of what is written.
"""

from collections.abc import Callable, Mapping, Sequence
from struct import Struct, pack
from typing import TypeVar

from schemas.record import AnnotationValue, LightCurve

T = TypeVar("T")

LAST_BYTE = 0x7F
"""Largest byte that no other follows."""

_SMALL = tuple(bytes((value << 1,)) for value in range(LAST_BYTE + 1 >> 1))
"""Numbers that take one byte."""

_NULL, _VALUE = b"\x00", b"\x02"
"""Index of each branch in a union of null and something, as Avro writes a long."""

_BOOLEANS = {False: b"\x02\x00", True: b"\x02\x01"}
_LONG, _DOUBLE, _STRING = b"\x04", b"\x06", b"\x08"
"""The same of an annotation's value: null, boolean, long, double, string."""

MOST_PATHS = 10_000
"""Annotations have some hundred paths; no more than these are remembered as bytes."""

_SOME_DOUBLE = Struct("<cd").pack
_BYTES_OF_DOUBLE = 8
FEW = 16
"""Points that are written faster one by one."""


def long(value: int) -> bytes:
    """Return an integer as Avro writes a long: seven bits a byte, the lowest first, the sign lowest of all."""
    if 0 <= value < len(_SMALL):
        return _SMALL[value]
    value, found = value << 1 if value >= 0 else ~(value << 1), bytearray()
    while value > LAST_BYTE:
        found.append(value & LAST_BYTE | LAST_BYTE + 1)
        value >>= 7
    found.append(value)
    return bytes(found)


def string(value: str) -> bytes:
    """Return a text as Avro writes it."""
    data = value.encode()
    return long(len(data)) + data


def light_curve(curve: LightCurve) -> bytes:
    """Return ``curve`` as Avro writes a record of arrays."""
    return b"".join(
        (
            _array(curve.mjd, _doubles),
            _array(curve.filter, _strings),
            _array(curve.flux, _nullable_doubles),
            _array(curve.fluxerr, _doubles),
            _array(curve.ra, _nullable_doubles),
            _array(curve.dec, _nullable_doubles),
            _array(curve.origin, _nullable_strings),
            _array(curve.program_id, _nullable_ints),
        )
    )


def _array(column: Sequence[T], items: Callable[[Sequence[T]], bytes]) -> bytes:
    """Return one block, with its number of items before it, and the end of the array."""
    return long(len(column)) + items(column) + _NULL if column else _NULL


def _doubles(column: Sequence[float]) -> bytes:
    return pack(f"<{len(column)}d", *column)


def _nullable_doubles(column: Sequence[float | None]) -> bytes:
    if len(column) < FEW or None in column:
        return b"".join([_NULL if value is None else _SOME_DOUBLE(_VALUE, value) for value in column])
    data = _doubles([value for value in column if value is not None])
    found = bytearray(_VALUE * (len(column) * (1 + _BYTES_OF_DOUBLE)))
    for byte in range(_BYTES_OF_DOUBLE):
        found[1 + byte :: 1 + _BYTES_OF_DOUBLE] = data[byte::_BYTES_OF_DOUBLE]
    return bytes(found)


def _strings(column: Sequence[str]) -> bytes:
    written = {value: string(value) for value in set(column)}
    return b"".join([written[value] for value in column])


def _nullable_strings(column: Sequence[str | None]) -> bytes:
    written = {value: _NULL if value is None else _VALUE + string(value) for value in set(column)}
    return b"".join([written[value] for value in column])


def _nullable_ints(column: Sequence[int | None]) -> bytes:
    written = {value: _NULL if value is None else _VALUE + long(value) for value in set(column)}
    return b"".join([written[value] for value in column])


_paths: dict[str, bytes] = {}


def annotations(values: Mapping[str, AnnotationValue]) -> bytes:
    """Return ``values`` as Avro writes a map. OverflowError for an integer of more than 64 bits."""
    if not values:
        return _NULL
    if len(_paths) > MOST_PATHS:
        _paths.clear()
    found = [long(len(values))]
    write, written_before = found.append, _paths.get
    for path, value in values.items():
        write(written_before(path) or _remembered(path))
        if isinstance(value, float):  # first: most values are
            write(_SOME_DOUBLE(_DOUBLE, value))
        elif value is None:
            write(_NULL)
        elif isinstance(value, str):
            write(_STRING + string(value))
        elif isinstance(value, bool):
            write(_BOOLEANS[value])
        else:
            write(_LONG + _long_of_64_bits(value))
    write(_NULL)
    return b"".join(found)


def _remembered(path: str) -> bytes:
    written = _paths[path] = string(path)
    return written


def _long_of_64_bits(value: int) -> bytes:
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{value} is no 64-bit integer")
    return long(value)
