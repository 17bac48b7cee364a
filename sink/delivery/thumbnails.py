"""Cutouts to the PNGs that SkyPortal takes. Pure: the same bytes give the same bytes, on any thread."""

from io import BytesIO
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.record import Survey
from sink.delivery.thumbnails_fits import Pixels, Unrenderable, read

__all__ = ["ThumbnailType", "Unrenderable", "png"]

ThumbnailType = Literal["new", "ref", "sub"]
"""SkyPortal's names of the science image, its template and their difference."""

SMALLEST_SIDE, LARGEST_SIDE = 16, 500
"""Pixels of a thumbnail that SkyPortal takes."""

ENLARGED_SIDE = 256
"""Small images are enlarged as far as they fit in here, by a whole number: each pixel stays a square."""

LARGEST_VALUE = 1e30
"""What is beyond was never measured: some programs write such numbers where they have no pixel."""

_MAD_TO_SIGMA = 1.4826
_LINEAR_SIGMAS = 3.0
"""Around the background greys are linear, beyond they are logarithmic."""

_DARKEST_SIGMAS = 3.0
"""Below the background, where a science image or a template is black."""

_LEAST_RANGE: dict[ThumbnailType, float] = {"new": 10.0, "ref": 10.0, "sub": 8.0}
"""Sigmas above the background that are white at the earliest: pure noise has to look like noise."""

Greys = npt.NDArray[np.uint8]


def png(cutout: bytes, *, survey: Survey, kind: ThumbnailType, negated: bool = False) -> bytes:
    """Return a picture of a cutout: square, grey, north up and east left, `SMALLEST_SIDE` to `LARGEST_SIDE` pixels.

    ``negated`` turns the sign of the pixels first: ZTF's difference is template less science where the detection is
    negative. In a difference, what brightened is white then and what faded is black. Missing pixels have the grey of
    the background. An LSST header without ROTPA is taken to have north up. Raises `Unrenderable`.
    """
    image = read(cutout)
    greys, background = _greys(_above_background(-image.pixels if negated else image.pixels), kind)
    picture = _fitted(Image.fromarray(_squared(greys, background)))
    # ZTF's rows begin in the north and its columns in the east, which is how a PNG's do. Rubin's rows begin at the
    # bottom of a picture that is turned. It is enlarged before it is turned, or pixels would be lost.
    if survey == "LSST":
        upright = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        picture = upright.rotate(image.rotation, Image.Resampling.BILINEAR, fillcolor=background)
    file = BytesIO()
    picture.save(file, format="PNG", compress_level=4)  # half the time of the default, a twentieth more bytes
    return file.getvalue()


def _above_background(pixels: Pixels) -> Pixels:
    """Return the pixels less their median, with NaN for those that are none."""
    measured = np.where(np.abs(pixels) <= LARGEST_VALUE, pixels, np.nan)
    if np.isnan(measured).all():
        raise Unrenderable("the cutout has no pixel with a value")
    return measured - float(np.nanmedian(measured))


def _greys(above: Pixels, kind: ThumbnailType) -> tuple[Greys, int]:
    """Return each pixel's grey, and the background's.

    In a difference the background is in the middle, and two pixels of opposite values are as far from it in grey.
    """
    values = above[np.isfinite(above)]
    noise = max(_MAD_TO_SIGMA * float(np.median(np.abs(values))), 1 / LARGEST_VALUE)
    lowest, highest = (float(end) / noise for end in np.percentile(values, (0.3, 99.7)))
    white = max(highest, _LEAST_RANGE[kind])
    black = -_DARKEST_SIGMAS
    if kind == "sub":
        white = max(white, -lowest)
        black = -white
    first, last = (float(np.arcsinh(end / _LINEAR_SIGMAS)) for end in (black, white))
    shares = (np.arcsinh(np.nan_to_num(above) / (noise * _LINEAR_SIGMAS)) - first) / (last - first)
    return np.rint(255 * shares.clip(0, 1)).astype(np.uint8), round(255 * -first / (last - first))


def _squared(greys: Greys, background: int) -> Greys:
    """Return the image with background around it as far as it is not square, as at the edge of a detector.

    The bytes do not say which side was cut off: what is in the middle stays there.
    """
    side = max(greys.shape)
    padding = [((side - length) // 2, (side - length + 1) // 2) for length in greys.shape]
    return np.pad(greys, padding, constant_values=background)


def _fitted(picture: Image.Image) -> Image.Image:
    """Return a square picture, enlarged or reduced by a whole number."""
    side = picture.width
    if side > LARGEST_SIDE:
        return picture.reduce(-(-side // LARGEST_SIDE))
    times = max(1, ENLARGED_SIDE // side)
    return picture.resize((side * times, side * times), Image.Resampling.NEAREST)
