"""The image in a cutout's bytes: FITS, which may be packed with gzip.

Of FITS this reads what the surveys write, the image of the primary HDU. It reads no more bytes than an image of the
largest size has, whatever a header or a gzip stream announces.
"""

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float64]

LARGEST_SIDE = 1000
"""Pixels. The surveys' cutouts have 63 and 30; Rubin's may grow with what they show."""

_BLOCK = 2880
_CARD = 80
_LONGEST_HEADER = 20 * _BLOCK
_MOST_BYTES = _LONGEST_HEADER + 8 * LARGEST_SIDE**2
_GZIP = b"\x1f\x8b"
_IMAGE_AXES = 2

_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
"""Of BITPIX, as numpy writes them."""

_NUMBER = re.compile(r"= *([+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?) *(?:/|$)", re.ASCII)

Header = Mapping[str, float]


class Unrenderable(Exception):
    """No picture can be made of the cutout, today or tomorrow. The sentence says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FitsImage:
    """An image as its file has it."""

    pixels: Pixels
    """NaN where there is none. The file's first row is row 0."""
    rotation: float
    """ROTPA, degrees; 0 where the header has none."""


def read(cutout: bytes) -> FitsImage:
    """Return the image of a cutout. Raises `Unrenderable`."""
    data = _unpacked(cutout)
    header, start = _header(data)
    width, height = _size(header)
    kind = _TYPES.get(_integer(header, "BITPIX"))
    if kind is None:
        raise Unrenderable("the cutout's BITPIX is none of FITS")
    size = np.dtype(kind).itemsize * width * height
    if len(data) < start + size:
        raise Unrenderable(f"the cutout is cut off: {len(data)} bytes, its image needs {start + size}")
    stored = np.frombuffer(data, dtype=kind, count=width * height, offset=start).reshape(height, width)
    rotation = header.get("ROTPA", 0.0)
    return FitsImage(pixels=_physical(stored, header), rotation=rotation if math.isfinite(rotation) else 0.0)


def _unpacked(cutout: bytes) -> bytes:
    if not cutout.startswith(_GZIP):
        return cutout
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(cutout, _MOST_BYTES)
    except zlib.error as error:
        raise Unrenderable("the cutout's gzip is damaged") from error


def _header(data: bytes) -> tuple[Header, int]:
    """Return the numbers in the header, and where the data begins. Of a keyword that is there twice, the first."""
    # ZTF's first card is not as FITS wants it, `SIMPLE  =  T`: its keyword has to do.
    if not data.startswith(b"SIMPLE"):
        raise Unrenderable("the cutout is not FITS")
    numbers: dict[str, float] = {}
    for at in range(0, min(len(data), _LONGEST_HEADER), _CARD):
        card = data[at : at + _CARD].decode("latin-1")
        keyword = card[:8].rstrip()
        if keyword == "END":
            return numbers, -(-(at + _CARD) // _BLOCK) * _BLOCK
        if match := _NUMBER.match(card, 8):
            numbers.setdefault(keyword, float(match[1].upper().replace("D", "E")))
    raise Unrenderable("the cutout's FITS header has no end")


def _size(header: Header) -> tuple[int, int]:
    axes = _integer(header, "NAXIS")
    if axes != _IMAGE_AXES:
        raise Unrenderable(f"the cutout's primary HDU is no image: its NAXIS is {axes}, not {_IMAGE_AXES}")
    width, height = _integer(header, "NAXIS1"), _integer(header, "NAXIS2")
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise Unrenderable(f"the cutout has {width} x {height} pixels, not 1 to {LARGEST_SIDE} on each side")
    return width, height


def _integer(header: Header, keyword: str) -> int:
    value = header.get(keyword, math.nan)
    if not value.is_integer():
        raise Unrenderable(f"the cutout's FITS header has no {keyword}")
    return int(value)


def _physical(stored: npt.NDArray[np.generic], header: Header) -> Pixels:
    with np.errstate(all="ignore"):
        pixels = stored.astype(np.float64)
        if stored.dtype.kind != "f" and "BLANK" in header:
            pixels[pixels == header["BLANK"]] = np.nan
        scale, zero = header.get("BSCALE", 1.0), header.get("BZERO", 0.0)
        return pixels if (scale, zero) == (1.0, 0.0) else pixels * scale + zero
