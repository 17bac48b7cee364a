"""Cutouts as the surveys write them, of any image."""

import gzip
import math
from io import BytesIO
from typing import Any

from astropy.io import fits


def written(image: Any, header: Any = None) -> bytes:
    """Return an image as FITS."""
    file = BytesIO()
    fits.PrimaryHDU(image, header).writeto(file)
    return file.getvalue()


def ztf(image: Any) -> bytes:
    """Return an image as ZTF writes it: 32-bit, packed, with a first card that is not as FITS wants it."""
    return gzip.compress(b"SIMPLE  =  T".ljust(80) + written(image.astype(">f4"))[80:])


def lsst(image: Any, header: Any = None) -> bytes:
    """Return an image as the processor passes on Rubin's: the image HDU alone."""
    return written(image, header)


def rotated(rotation: float) -> Any:
    """Return Rubin's header of a 30x30 image whose middle is at (10, 0) degrees, of a camera turned by ``rotation``."""
    pixel_deg = 0.2 / 3600
    cosine, sine = (pixel_deg * part(math.radians(rotation % 360)) for part in (math.cos, math.sin))
    header = fits.Header()
    header["ROTPA"] = (rotation, "Pos angle in deg of focal plane +Y wrt North")
    header.update(CRPIX1=15.5, CRPIX2=15.5, CRVAL1=10.0, CRVAL2=0.0, CDELT1=1.0, CDELT2=1.0)
    header.update(PC1_1=-cosine, PC1_2=sine, PC2_1=sine, PC2_2=cosine)
    return header
