"""Images as FITS bytes, as the surveys' pipelines write them."""

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

BLOCK = 2880
_BITPIX = {"float32": -32, "float64": -64}

Value = bool | int | float | str
Card = tuple[str, Value] | tuple[str, Value, str]


def hdu(image: np.ndarray[Any, np.dtype[Any]], cards: Iterable[Card] = (), *, extension: str = "") -> bytes:
    """Return one header and its image, float32 or float64: the primary HDU, or an image extension of that name."""
    rows, columns = image.shape
    start: Card = ("XTENSION", "IMAGE") if extension else ("SIMPLE", True)
    shape: list[Card] = [
        start,
        ("BITPIX", _BITPIX[image.dtype.name]),
        ("NAXIS", 2),
        ("NAXIS1", columns),
        ("NAXIS2", rows),
    ]
    groups: list[Card] = [("PCOUNT", 0), ("GCOUNT", 1), ("EXTNAME", extension)] if extension else []
    header = b"".join(card(*parts) for parts in [*shape, *groups, *cards]) + b"END"
    return _padded(header, b" ") + _padded(image.astype(image.dtype.newbyteorder(">")).tobytes(), b"\0")


def card(keyword: str, value: Value, comment: str = "") -> bytes:
    """Return the 80 bytes of a header card in fixed format."""
    if isinstance(value, str):
        text = f"'{value:<8}'".ljust(20)
    elif isinstance(value, bool):
        text = ("T" if value else "F").rjust(20)
    else:
        # Thirteen digits, as cfitsio and astropy print, hide the last bits in which machines differ.
        text = (f"{value:.13G}" if isinstance(value, int) else f"{value:.13E}").rjust(20)
    return f"{keyword:<8}= {text}{f' / {comment}' if comment else ''}".ljust(80)[:80].encode("ascii")


def gzipped(data: bytes) -> bytes:
    """Return ``data``, up to 65,535 bytes, as a gzip file without a time.

    Stored, not deflated: zlib's and zlib-ng's compressed bytes differ, and different Pythons are linked with either.
    """
    length = len(data).to_bytes(2, "little")
    complement = (len(data) ^ 0xFFFF).to_bytes(2, "little")
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return header + b"\x01" + length + complement + data + trailer


def _padded(data: bytes, fill: bytes) -> bytes:
    return data + fill * (-len(data) % BLOCK)
