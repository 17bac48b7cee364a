"""The image of a cutout, out of FITS."""

import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from astropy.io import fits

Pixels = npt.NDArray[np.float64]

IMAGE_AXES = 2
_GZIP = b"\x1f\x8b"
_LARGEST_BYTES = 2**26


class NotAnImage(Exception):
    """The bytes are no FITS image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cutout:
    """An image as its file has it."""

    pixels: Pixels
    """NaN where there is none."""
    rotation: float
    """ROTPA, degrees; 0 where the header has none, as ZTF's. Turning Rubin's image, its first row at the bottom,
    counter-clockwise by that puts north up and east left."""


def read(data: bytes) -> Cutout:
    """Return the image of a FITS file, which may be packed with gzip. Raises `NotAnImage`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the first card of ZTF's files is not as FITS wants it
            with fits.open(BytesIO(_unpacked(data)), ignore_missing_simple=True) as file:
                pixels = np.array(file[0].data, dtype=np.float64)
                rotation = float(file[0].header.get("ROTPA", 0.0))
    except Exception as error:  # what a damaged file raises nobody can foresee
        raise NotAnImage("not a FITS image") from error
    if pixels.ndim != IMAGE_AXES or not np.isfinite(pixels).any():
        raise NotAnImage("a FITS file without a pixel")
    return Cutout(pixels=pixels, rotation=rotation if np.isfinite(rotation) else 0.0)


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data, _LARGEST_BYTES)
