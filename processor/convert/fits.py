"""The image of a FITS file: its primary HDU, without the extensions."""

import re
from functools import lru_cache

BLOCK = 2880
CARD = 80
BITS_PER_BYTE = 8
FIRST_CARDS = 5
"""What the size of an image of two axes stands in; what has more is no image of an alert."""

_INTEGER = re.compile(rb"= +(-?\d+) *(?:/|$)")
_END = b"END".ljust(CARD)


class NotFits(Exception):
    """The bytes are no FITS file, or not all of one."""


def primary_hdu(data: bytes) -> bytes:
    """Return the first header and its data, which is a FITS file again; bytes that are no FITS as they came."""
    try:
        return data[: _end(data)]
    except NotFits:
        return data


def _end(data: bytes) -> int:
    """Return where the primary HDU ends, its padding included."""
    if not data.startswith(b"SIMPLE  ="):
        raise NotFits
    size = _data_size(data[: FIRST_CARDS * CARD])
    header = _padded(_end_card(data) + CARD)
    if size < 0 or header + size > len(data):
        raise NotFits
    return header + _padded(size)


@lru_cache(maxsize=128)
def _data_size(cards: bytes) -> int:
    """Return the size of the image in bytes. The standard fixes the order: SIMPLE, BITPIX, NAXIS, NAXIS1, ..."""
    bits, axes = _value(cards, 1, b"BITPIX"), _value(cards, 2, b"NAXIS")
    size = abs(bits) // BITS_PER_BYTE if axes else 0
    for axis in range(1, axes + 1):
        size *= _value(cards, 2 + axis, b"NAXIS%d" % axis)
    return size


def _value(data: bytes, card: int, keyword: bytes) -> int:
    text = data[card * CARD : (card + 1) * CARD]
    match = _INTEGER.match(text, 8)
    if text[:8].rstrip() != keyword or match is None:
        raise NotFits
    return int(match[1])


def _end_card(data: bytes) -> int:
    start = data.find(_END)
    while start % CARD:
        if start < 0:
            raise NotFits
        start = data.find(_END, start + 1)
    return start


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
