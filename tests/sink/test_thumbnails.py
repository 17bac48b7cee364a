"""Cutouts as pictures: what is seen in them, and where."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from sink.delivery.thumbnails import ENLARGED_SIDE, LARGEST_SIDE, SMALLEST_SIDE, ThumbnailType, Unrenderable, png
from support.cutouts import lsst, rotated, ztf

KINDS: tuple[ThumbnailType, ...] = get_args(ThumbnailType)
CUTOUTS: dict[ThumbnailType, str] = {"new": "cutoutScience", "ref": "cutoutTemplate", "sub": "cutoutDifference"}
TIMES = ENLARGED_SIDE // 63


def noise(*shape: int) -> Any:
    """Return an image of nothing but noise, with a standard deviation of 1 around 100."""
    return np.random.default_rng(1).normal(loc=100, size=shape or (63, 63))


def with_star(row: int, column: int, *, peak: float, size: int = 63) -> Any:
    image = noise(size, size)
    image[row - 1 : row + 2, column - 1 : column + 2] += peak
    return image


def seen(picture: bytes) -> Any:
    """Return the greys of a PNG, from its upper left."""
    with Image.open(BytesIO(picture), formats=["PNG"]) as image:
        assert image.mode == "L"
        return np.asarray(image).astype(int)


def middle_of_white(greys: Any) -> tuple[float, float]:
    """Return how far right of the middle and above it the bright star is, in shares of half a side."""
    rows, columns = np.nonzero(greys > 230)
    half = (len(greys) - 1) / 2
    return (columns.mean() - half) / half, (half - rows.mean()) / half


def background_of(greys: Any) -> float:
    return float(np.median(greys))


# Where things are


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("row", "column", "right", "up"), [(5, 5, -1, 1), (5, 57, 1, 1), (57, 5, -1, -1), (57, 57, 1, -1)]
)
def test_ztfs_first_row_is_the_northern_one_and_its_first_column_the_eastern_one(
    kind: ThumbnailType, row: int, column: int, right: int, up: int
) -> None:
    found = middle_of_white(seen(png(ztf(with_star(row, column, peak=500.0)), survey="ZTF", kind=kind)))

    assert found == pytest.approx((0.84 * right, 0.84 * up), abs=0.03)


@pytest.mark.parametrize("rotation", [0.0, 41.5831, 90.0, 155.8509, 180.0, -30.0, 400.0])
@pytest.mark.parametrize(("east", "north", "right", "up"), [(0, 9, 0, 1), (9, 0, -1, 0), (-9, 0, 1, 0)])
def test_of_an_lsst_cutout_north_is_up_and_east_is_left_however_the_camera_was_turned(
    rotation: float, east: int, north: int, right: int, up: int
) -> None:
    header = rotated(rotation)
    step = 0.2 / 3600
    column, row = WCS(header).wcs_world2pix(10 + east * step, north * step, 0)
    image = with_star(round(float(row)), round(float(column)), peak=500.0, size=30)

    found = middle_of_white(seen(png(lsst(image, header), survey="LSST", kind="new")))

    assert found == pytest.approx((0.6 * right, 0.6 * up), abs=0.08)


def test_an_lsst_cutout_without_rotpa_has_its_first_row_at_the_bottom() -> None:
    greys = seen(png(lsst(with_star(3, 3, peak=500.0, size=30)), survey="LSST", kind="new"))

    assert middle_of_white(greys) == pytest.approx((-0.8, -0.8), abs=0.05)


def test_corners_that_a_turn_leaves_empty_look_like_background() -> None:
    image = with_star(15, 15, peak=500.0, size=30)

    for kind in KINDS:
        greys = seen(png(lsst(image, rotated(45.0)), survey="LSST", kind=kind))
        corners = greys[np.ix_([0, -1], [0, -1])]
        assert np.ptp(corners) == 0
        assert corners[0, 0] == pytest.approx(background_of(greys), abs=6)


def test_no_pixel_is_lost_when_a_cutout_is_turned() -> None:
    for row, column in [(10, 10), (15, 19), (21, 12)]:
        image = noise(30, 30)
        image[row, column] += 500
        greys = seen(png(lsst(image, rotated(33.0)), survey="LSST", kind="new"))
        assert 40 <= (greys > 230).sum() <= 70  # an enlarged pixel has 64


def test_an_enlarged_pixel_is_a_square_of_one_grey() -> None:
    greys = seen(png(ztf(noise()), survey="ZTF", kind="new"))

    assert greys.shape == (63 * TIMES, 63 * TIMES)
    assert (greys == np.kron(greys[::TIMES, ::TIMES], np.ones((TIMES, TIMES)))).all()


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 1), (2, 3), (16, 16), (20, 63), (63, 20), (30, 30), (58, 63), (257, 257), (500, 500), (501, 499), (1000, 3)],
)
@pytest.mark.parametrize("survey", ["ZTF", "LSST"])
def test_a_cutout_of_any_size_becomes_a_square_that_skyportal_takes(survey: Any, height: int, width: int) -> None:
    greys = seen(png(lsst(noise(height, width), rotated(20.0)), survey=survey, kind="sub"))

    assert greys.shape[0] == greys.shape[1]
    assert SMALLEST_SIDE <= len(greys) <= LARGEST_SIDE


def test_a_cutout_at_the_edge_of_the_detector_keeps_its_shape_and_its_middle() -> None:
    image = noise(20, 63)
    image[9:12, 30:33] += 500
    greys = seen(png(ztf(image), survey="ZTF", kind="new"))

    assert middle_of_white(greys) == pytest.approx((0, 0), abs=0.05)
    rows, columns = np.nonzero(greys > 230)
    assert np.ptp(rows) == np.ptp(columns)
    assert len(set(greys[: 20 * TIMES].flat)) == 1
    assert greys[0, 0] == pytest.approx(background_of(greys[22 * TIMES : 41 * TIMES]), abs=5)


# What is seen


@pytest.mark.parametrize("kind", ["new", "ref"])
def test_a_faint_source_is_seen_beside_a_bright_star(kind: ThumbnailType) -> None:
    image = with_star(50, 50, peak=50_000.0)
    image[31, 31] = 107  # seven sigma

    greys = seen(png(ztf(image), survey="ZTF", kind=kind))

    assert greys[31 * TIMES, 31 * TIMES] > background_of(greys) + 30
    assert greys[50 * TIMES, 50 * TIMES] >= 250


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_stars_the_fainter_one_is_greyer_though_both_stand_out(kind: ThumbnailType) -> None:
    image = noise()
    image[10:17, 10:17] += 50
    image[40:47, 40:47] += 5000

    greys = seen(png(ztf(image), survey="ZTF", kind=kind))

    assert background_of(greys) + 40 < greys[13 * TIMES, 13 * TIMES] < 210
    assert greys[43 * TIMES, 43 * TIMES] > 250


@pytest.mark.parametrize("kind", ["new", "ref"])
def test_the_sky_is_dark_and_its_noise_is_seen(kind: ThumbnailType) -> None:
    greys = seen(png(ztf(with_star(31, 31, peak=500.0)), survey="ZTF", kind=kind))

    assert 25 < background_of(greys) < 90
    assert 5 < greys[: 20 * TIMES].std() < 40


def test_a_difference_shows_what_brightened_in_white_and_what_faded_in_black() -> None:
    image = with_star(10, 10, peak=40.0)
    image[49:52, 49:52] -= 40
    greys = seen(png(ztf(image), survey="ZTF", kind="sub"))

    assert background_of(greys) == pytest.approx(128, abs=2)
    assert greys[10 * TIMES, 10 * TIMES] > 245
    assert greys[50 * TIMES, 50 * TIMES] < 10


def test_a_lone_fading_source_is_as_far_from_grey_as_a_brightening_one() -> None:
    image = with_star(50, 50, peak=20.0)
    image[28:35, 28:35] += 70
    brightened, faded = (seen(png(ztf(pixels), survey="ZTF", kind="sub")) for pixels in (image, 200 - image))

    assert np.abs(brightened + faded - 255).max() <= 1
    assert 190 < brightened[50 * TIMES, 50 * TIMES] < 230


def test_a_negated_difference_is_its_negative() -> None:
    cutout = ztf(with_star(31, 31, peak=20.0))

    greys, turned = (seen(png(cutout, survey="ZTF", kind="sub", negated=negated)) for negated in (False, True))

    assert np.abs(greys + turned - 255).max() <= 1
    assert turned[31 * TIMES, 31 * TIMES] < 20


def test_a_difference_of_noise_looks_like_noise() -> None:
    greys = seen(png(ztf(noise()), survey="ZTF", kind="sub"))

    assert 15 < greys.std() < 45
    assert ((greys == 0) | (greys == 255)).mean() < 0.01


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf, 1e35, -1e35])
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_without_a_value_have_the_grey_of_the_background(kind: ThumbnailType, nothing: float) -> None:
    image = with_star(40, 40, peak=50.0)
    image[:10] = nothing

    greys = seen(png(ztf(image), survey="ZTF", kind=kind))

    assert len(set(greys[: 10 * TIMES].flat)) == 1
    assert greys[0, 0] == pytest.approx(background_of(greys), abs=3)
    assert greys[40 * TIMES, 40 * TIMES] > 230


@pytest.mark.parametrize("value", [0.0, -7.25, 1e29, 5e-324])
def test_a_constant_image_is_one_grey(value: float) -> None:
    for kind in KINDS:
        assert len(set(seen(png(lsst(np.full((30, 30), value)), survey="LSST", kind=kind)).flat)) == 1


def test_an_image_of_few_values_shows_those_that_stand_out() -> None:
    counts = np.zeros((30, 30), dtype=np.int16)
    counts[10, 20] = 3

    greys = seen(png(lsst(counts), survey="LSST", kind="new"))

    assert middle_of_white(greys) == pytest.approx((0.38, -0.31), abs=0.05)


# The same bytes


def test_the_same_cutout_gives_the_same_bytes_on_any_thread() -> None:
    cutouts = [(ztf(noise()), "ZTF"), (lsst(noise(30, 30), rotated(41.6)), "LSST")] * 20

    def draw(item: tuple[bytes, Any]) -> bytes:
        return png(item[0], survey=item[1], kind="new")

    alone = [draw(item) for item in cutouts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(draw, cutouts))

    assert together == alone
    assert len(set(alone)) == 2


# Anything else is refused


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x1f\x8b", b"SIMPLE  =", b"SIMPLE  =                    T"]))
def test_any_bytes_are_a_picture_or_unrenderable(data: bytes, start: bytes) -> None:
    picture_or_unrenderable(start + data)


@given(st.data())
def test_a_damaged_cutout_is_a_picture_or_unrenderable(data: st.DataObject) -> None:
    cutout = bytearray(lsst(noise(30, 30), rotated(41.6)))
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, 2000))
        cutout[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    picture_or_unrenderable(bytes(cutout[: data.draw(st.integers(0, len(cutout)))]))


@given(
    arrays.arrays(
        dtype=st.sampled_from(["u1", "i2", "i4", "i8", "f4", "f8"]),
        shape=arrays.array_shapes(min_dims=2, max_dims=2, max_side=40),
    ),
    st.floats(),
)
def test_any_image_with_a_value_is_a_picture(image: Any, rotation: float) -> None:
    cutout = lsst(image, rotated(rotation) if np.isfinite(rotation) else None)
    if np.isfinite(image).any() and (np.abs(image[np.isfinite(image)].astype(float)) <= 1e30).any():
        for kind in KINDS:
            assert len(seen(png(cutout, survey="LSST", kind=kind))) >= SMALLEST_SIDE
    else:
        with pytest.raises(Unrenderable, match="no pixel with a value"):
            png(cutout, survey="LSST", kind="new")


def picture_or_unrenderable(cutout: bytes) -> None:
    try:
        found: bytes | str = png(cutout, survey="LSST", kind="sub")
    except Unrenderable as refusal:
        found = str(refusal)
    if isinstance(found, str):
        assert found.startswith("the cutout")
    else:
        assert SMALLEST_SIDE <= len(seen(found)) <= LARGEST_SIDE


# Real alerts


def alerts(samples: Path, name: str) -> Iterator[dict[str, Any]]:
    with next(samples.glob(name)).open("rb") as file:
        yield from fastavro.reader(file)


def ztf_picture(packet: dict[str, Any], kind: ThumbnailType) -> Any:
    negated = kind == "sub" and packet["candidate"]["isdiffpos"] in {"f", "0"}
    return seen(png(packet[CUTOUTS[kind]]["stampData"], survey="ZTF", kind=kind, negated=negated))


def test_ztfs_detectors_are_read_from_north_to_south_and_from_east_to_west(samples: Path) -> None:
    at = {packet["objectId"]: packet["candidate"] for packet in alerts(samples, "fink_ztf_*.avro")}
    one, other = at["ZTF26aamcamo"], at["ZTF26aamcamp"]  # of one exposure and one quadrant of the camera
    assert (one["pid"], one["rcid"]) == (other["pid"], other["rcid"])

    arcsec = 3600 * (other["dec"] - one["dec"]), 3600 * (other["ra"] - one["ra"]) * np.cos(np.radians(one["dec"]))

    assert arcsec[0] == pytest.approx(-1.01 * (other["ypos"] - one["ypos"]), rel=0.02)
    assert arcsec[1] == pytest.approx(-1.01 * (other["xpos"] - one["xpos"]), abs=4)


def test_the_first_row_of_a_ztf_cutout_is_the_detectors_lowest(samples: Path) -> None:
    (edge,) = (p for p in alerts(samples, "fink_ztf_*.avro") if p["objectId"] == "ZTF26aaoqcvo")
    assert edge["candidate"]["ypos"] < 31  # rows are missing before it, not after it

    greys = ztf_picture(edge, "sub")[2 * TIMES :: TIMES, ::TIMES]  # without the rows put around it

    source = int(edge["candidate"]["ypos"])
    assert greys[source - 1 : source + 1, 30:33].mean() < 60
    assert greys[30:33, 30:33].mean() > 110


def test_in_every_real_ztf_difference_the_source_has_its_own_sign(samples: Path) -> None:
    found = {True: 0, False: 0}
    for packet in alerts(samples, "fink_ztf_*.avro"):
        greys = ztf_picture(packet, "sub")
        middle = len(greys) // 2 + (-3 * TIMES if packet["objectId"] == "ZTF26aaoqcvo" else 0)
        source = greys[middle - 6 : middle + 6, len(greys) // 2 - 6 : len(greys) // 2 + 6].mean()
        brightened = packet["candidate"]["isdiffpos"] in {"t", "1"}
        assert source > 150 if brightened else source < 105, packet["objectId"]
        found[brightened] += 1
    assert min(found.values()) > 10


@pytest.mark.parametrize("index", range(7))
def test_a_real_lsst_header_puts_north_up_and_east_left(samples: Path, index: int) -> None:
    packet = list(alerts(samples, "fink_lsst_*.avro"))[index]
    for kind, name in CUTOUTS.items():
        with fits.open(BytesIO(packet[name])) as hdus:
            header, pixels = hdus[0].header, hdus[0].data.astype(float)
            north, east = (np.linalg.solve(WCS(header).wcs.pc, sky) for sky in ([0, 1], [1, 0]))
            for (across, along), expected in ((north, (0, 0.6)), (east, (-0.6, 0))):
                column, row = (round(14.5 + 9 * part / np.hypot(across, along)) for part in (across, along))
                hdus[0].data = np.full_like(pixels, np.median(pixels)).astype(">f4")
                hdus[0].data[row - 1 : row + 2, column - 1 : column + 2] += 1000
                changed = BytesIO()
                hdus.writeto(changed)
                found = middle_of_white(seen(png(changed.getvalue(), survey="LSST", kind=kind)))
                assert found == pytest.approx(expected, abs=0.09)


@pytest.mark.parametrize("kind", KINDS)
def test_extensions_after_the_image_change_nothing(samples: Path, kind: ThumbnailType) -> None:
    for packet in alerts(samples, "fink_lsst_*.avro"):
        cutout = packet[CUTOUTS[kind]]
        assert len(cutout) > 8640
        assert png(cutout, survey="LSST", kind=kind) == png(cutout[:8640], survey="LSST", kind=kind)


def test_every_real_cutout_is_a_picture_with_something_to_see(samples: Path) -> None:
    pictures: list[Any] = []
    for packet in alerts(samples, "fink_ztf_*.avro"):
        pictures += [ztf_picture(packet, kind) for kind in KINDS]
    for packet in alerts(samples, "fink_lsst_*.avro"):
        pictures += [seen(png(packet[name], survey="LSST", kind=kind)) for kind, name in CUTOUTS.items()]

    assert len(pictures) == 3 * 38
    assert {greys.shape for greys in pictures} == {(252, 252), (240, 240)}
    assert all(greys.std() > 8 for greys in pictures)
