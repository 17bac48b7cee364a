"""Cutouts as pictures: stretched so that faint and bright are seen, with a scale and a compass."""

import math
from typing import Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import AsinhNorm
from matplotlib.patheffects import withStroke

from processor.plot.fits_image import Cutout, NotAnImage, Pixels, read
from processor.plot.style import FAINT, INK
from schemas.record import Survey

Place = tuple[float, float]
"""Share of the axes' width and height, from the lower left."""

ARCSEC_PER_PIXEL: dict[Survey, float] = {"ZTF": 1.01, "LSST": 0.2}
_BAR_ARCSEC: dict[Survey, int] = {"ZTF": 10, "LSST": 1}
_FIRST_ROW: dict[Survey, Literal["upper", "lower"]] = {"ZTF": "upper", "LSST": "lower"}
"""ZTF's rows begin in the north and its columns in the east; Rubin's rows begin at the bottom, as FITS has it."""

_MAD_TO_SIGMA = 1.4826
_NO_PIXEL = "#b9cbe6"
_OVERLAY = "#ffd54a"


def paint(axes: Axes, data: bytes | None, title: str, survey: Survey) -> None:
    """Draw a cutout, or say why there is none."""
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_box_aspect(1)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
    try:
        if data is None:
            raise NotAnImage("the alert has none")
        cutout = read(data)
    except NotAnImage as error:
        axes.text(0.5, 0.5, str(error), transform=axes.transAxes, ha="center", va="center", color=INK, fontsize=10)
        return
    background = float(np.nanmedian(cutout.pixels))
    pixels = np.ma.masked_invalid(cutout.pixels) - background
    axes.imshow(
        pixels,
        cmap=colormaps["gray"].with_extremes(bad=_NO_PIXEL),
        norm=stretch(cutout.pixels - background),
        origin=_FIRST_ROW[survey],
        interpolation="nearest",
    )
    _draw_scale(axes, cutout, survey)
    _draw_compass(axes, cutout)


def stretch(pixels: Pixels) -> AsinhNorm:
    """Return the greys of an image without its background: linear in its noise, logarithmic above; NaN plays no part.

    Both ends follow the image: a source that has faded is as black as one that has brightened is white.
    """
    values = pixels[np.isfinite(pixels)]
    noise = _MAD_TO_SIGMA * float(np.median(np.abs(values))) or 1.0
    low, high = (float(end) for end in np.percentile(values, (0.1, 99.9)))
    return AsinhNorm(linear_width=2 * noise, vmin=min(low, -3 * noise), vmax=max(high, 6 * noise))


def _draw_scale(axes: Axes, cutout: Cutout, survey: Survey) -> None:
    length = _BAR_ARCSEC[survey] / ARCSEC_PER_PIXEL[survey] / max(cutout.pixels.shape)
    _line(axes, (0.05, 0.06), (0.05 + length, 0.06), width=2.2)
    _letters(axes, (0.05 + length / 2, 0.11), f"{_BAR_ARCSEC[survey]}″")


def _draw_compass(axes: Axes, cutout: Cutout) -> None:
    middle = (0.85, 0.85)
    for name, angle in (("N", 90 - cutout.rotation), ("E", 180 - cutout.rotation)):
        across, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        _line(axes, middle, (middle[0] + 0.075 * across, middle[1] + 0.075 * up), width=1.6)
        _letters(axes, (middle[0] + 0.115 * across, middle[1] + 0.115 * up), name)


def _line(axes: Axes, start: Place, end: Place, *, width: float) -> None:
    outline = [withStroke(linewidth=width + 2, foreground=INK)]
    across, up = zip(start, end, strict=True)
    axes.plot(across, up, transform=axes.transAxes, color=_OVERLAY, linewidth=width, path_effects=outline)


def _letters(axes: Axes, place: Place, words: str) -> None:
    outline = [withStroke(linewidth=2, foreground=INK)]
    axes.text(
        *place,
        words,
        transform=axes.transAxes,
        color=_OVERLAY,
        fontsize=9,
        horizontalalignment="center",
        verticalalignment="center",
        path_effects=outline,
    )
