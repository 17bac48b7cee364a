"""Cutouts in the plot of an alert: which way is up, how long is the scale, what is no image."""

import gzip
import math
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest
from astropy.wcs import WCS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from processor.plot.cutouts import paint, stretch
from processor.plot.fits_image import NotAnImage, read
from schemas.record import Survey
from support.cutouts import lsst, rotated, ztf


def drawn(cutout: bytes, survey: Survey) -> Axes:
    """Return the axes of a cutout, as they are when they have been drawn."""
    figure = Figure()
    axes = figure.add_subplot()
    paint(axes, cutout, "Science", survey)
    figure.draw_without_rendering()
    return axes


def pixels_of(axes: Axes) -> Any:
    (image,) = axes.images
    return np.asarray(image.get_array())


def brightest(image: Any) -> tuple[int, int]:
    row, column = np.unravel_index(image.argmax(), image.shape)
    return int(row), int(column)


def with_star(row: int, column: int, size: int) -> Any:
    image = np.random.default_rng(5).normal(100, 1, (size, size))
    image[row, column] += 5000
    return image


def towards(axes: Axes, row: float, column: float) -> Any:
    """Return the direction in which a pixel is drawn, from the middle of the axes: to the right and up, of length 1."""
    place = axes.transAxes.inverted().transform(axes.transData.transform((column, row))) - 0.5
    return place / np.hypot(*place)


def compass(axes: Axes, letter: str) -> Any:
    """Return the direction of the compass's arm that ends at the letter, of length 1."""
    (text,) = [text for text in axes.texts if text.get_text() == letter]
    arms = [np.asarray(line.get_xydata()) for line in axes.lines]
    start, end = min(arms, key=lambda arm: float(np.hypot(*(arm[1] - text.get_position()))))
    return (end - start) / np.hypot(*(end - start))


@pytest.mark.parametrize(
    ("row", "column", "right", "up"), [(6, 31, 0, 1), (56, 31, 0, -1), (31, 6, -1, 0), (31, 56, 1, 0)]
)
def test_of_a_ztf_cutout_the_first_row_is_at_the_top_and_the_first_column_left(
    row: int, column: int, right: int, up: int
) -> None:
    axes = drawn(ztf(with_star(row, column, 63)), "ZTF")

    assert towards(axes, *brightest(pixels_of(axes))) == pytest.approx((right, up))
    assert compass(axes, "N") == pytest.approx((0, 1))
    assert compass(axes, "E") == pytest.approx((-1, 0))


@pytest.mark.parametrize("rotation", [0.0, 41.5831, 90.0, 155.8509, -30.0])
def test_of_an_lsst_cutout_the_compass_shows_where_the_files_coordinates_have_north_and_east(rotation: float) -> None:
    header = rotated(rotation)
    step = 12 * 0.2 / 3600
    for letter, east, north in (("N", 0.0, step), ("E", step, 0.0)):
        column, row = (float(part) for part in WCS(header).wcs_world2pix(10 + east, north, 0))
        axes = drawn(lsst(with_star(round(row), round(column), 30), header), "LSST")

        assert brightest(pixels_of(axes)) == (round(row), round(column))
        assert towards(axes, row, column) == pytest.approx(compass(axes, letter), abs=1e-3)


def test_the_light_beside_a_real_ztf_detection_is_drawn_where_the_compass_has_it(samples: Path) -> None:
    (file,) = samples.glob("fink_ztf_*alerts.avro")
    with file.open("rb") as opened:
        packets: list[Any] = list(fastavro.reader(opened))
    found = 0
    for packet in packets:
        here = packet["candidate"]
        if here["distnr"] < 3 or here["magnr"] > 20:
            continue
        # The nearest source in the reference image, which the packet has the place of.
        north = here["decnr"] - here["dec"]
        east = (here["ranr"] - here["ra"]) * math.cos(math.radians(here["dec"]))
        axes = drawn(packet["cutoutTemplate"]["stampData"], "ZTF")
        row, column = brightest(pixels_of(axes)[24:39, 24:39])

        expected = north * compass(axes, "N") + east * compass(axes, "E")

        assert towards(axes, row + 24, column + 24) @ expected > 0.9 * np.hypot(*expected), packet["objectId"]
        found += 1
    assert found >= 4


@pytest.mark.parametrize("shape", [(63, 63), (58, 63), (63, 40)])
def test_the_scale_is_as_long_as_it_says_at_the_edge_of_the_detector_too(shape: tuple[int, int]) -> None:
    axes = drawn(ztf(np.random.default_rng(5).normal(100, 1, shape)), "ZTF")

    bar = next(line for line in axes.lines if np.ptp(np.asarray(line.get_ydata())) == 0)
    ends = axes.transData.inverted().transform(axes.transAxes.transform(bar.get_xydata()))

    assert np.ptp(ends[:, 0]) * 1.01 == pytest.approx(10)
    assert "10″" in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize(
    "data", [b"", b"\x1f\x8bscience", b"no FITS", gzip.compress(b"SIMPLE", mtime=0), b"SIMPLE  =" * 900]
)
def test_bytes_that_are_no_image_are_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        read(data)


def test_an_image_with_holes_or_without_contrast_is_stretched() -> None:
    pixels = np.random.default_rng(3).normal(0, 4, (63, 63))
    pixels[30:33, 30:33] = 4000
    whole = stretch(pixels)
    pixels[:20] = np.nan
    pixels[40, 40] = np.inf

    holes, flat = stretch(pixels), stretch(np.zeros((30, 30)))

    for norm in (whole, holes, flat):
        assert norm.vmin is not None
        assert norm.vmax is not None
        assert norm.vmin < 0 < norm.vmax
        assert norm.linear_width > 0
    assert holes.linear_width == pytest.approx(whole.linear_width, rel=0.1)
    assert whole(4.0) - whole(0.0) > 0.03  # the noise is seen beside a star a thousand times as bright
    assert holes.vmax == pytest.approx(4000)
