"""The image of a FITS file: its primary HDU, without the extensions."""

from collections.abc import Iterator

BLOCK = 2880
CARD = 80
BITS_PER_BYTE = 8


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
    cards: dict[bytes, bytes] = {}
    for start, keyword, value in _cards(data):
        cards[keyword] = value
        if keyword == b"END":
            header = _padded(start + CARD)
            size = _data_size(cards)
            if header + size > len(data):
                raise NotFits
            return header + _padded(size)
    raise NotFits


def _cards(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    if not data.startswith(b"SIMPLE  ="):
        raise NotFits
    for start in range(0, len(data) - CARD + 1, CARD):
        card = data[start : start + CARD]
        yield start, card[:8].rstrip(), card[10:].partition(b"/")[0].strip()


def _data_size(cards: dict[bytes, bytes]) -> int:
    try:
        axes = int(cards[b"NAXIS"])
        size = abs(int(cards[b"BITPIX"])) // BITS_PER_BYTE if axes else 0
        for axis in range(1, axes + 1):
            size *= int(cards[b"NAXIS%d" % axis])
    except (KeyError, ValueError) as error:
        raise NotFits from error
    if size < 0:
        raise NotFits
    return size


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
