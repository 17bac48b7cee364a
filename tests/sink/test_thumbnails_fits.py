"""The images that are found in cutouts, compared with what astropy finds."""

import gzip
import tracemalloc
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sink.delivery.thumbnails_fits import LARGEST_SIDE, Unrenderable, read
from support.cutouts import lsst, rotated, written, ztf

IMAGE = np.arange(12.0).reshape(3, 4)
BLOCK = 2880


def card(keyword: str, value: object) -> bytes:
    return f"{keyword:<8}= {value:>20}".ljust(80).encode()


def announcing(**cards: object) -> bytes:
    """Return a header alone, of an image of 3 rows and 4 columns unless ``cards`` say something else."""
    ordinary = {"SIMPLE": "T", "BITPIX": -64, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": 3}
    said = [card(keyword, value) for keyword, value in {**ordinary, **cards}.items() if value is not None]
    header = b"".join(said) + b"END"
    return header.ljust(-(-len(header) // BLOCK) * BLOCK)


@given(
    arrays.arrays(
        dtype=st.sampled_from(["u1", "i2", "i4", "i8", "f4", "f8", "u2", "u4", "i1"]),
        shape=arrays.array_shapes(min_dims=2, max_dims=2, max_side=12),
    )
)
def test_of_every_kind_of_image_the_pixels_are_those_that_astropy_finds(image: Any) -> None:
    cutout = written(image)

    with fits.open(BytesIO(cutout)) as hdus:
        np.testing.assert_array_equal(read(cutout).pixels, hdus[0].data.astype(float))


def test_scale_zero_and_blank_are_followed() -> None:
    cutout = announcing(BITPIX=16, BSCALE="2.5E-1", BZERO="-3.0D0", BLANK=-7)
    cutout += np.array([0, 4, 8, -7] * 3, dtype=">i2").tobytes()

    np.testing.assert_array_equal(read(cutout).pixels, [[-3.0, -2.0, -1.0, np.nan]] * 3)


@pytest.mark.parametrize(
    ("kind", "pattern", "cards"),
    [
        (">f8", np.float64(1e300).view(np.uint64), {"BSCALE": "1E300"}),
        (">f8", np.float64(1e300).view(np.uint64), {"BZERO": "1E999"}),
        (">f4", np.uint32(0x7FA00000), {"BITPIX": -32}),
    ],
    ids=["scaled beyond floats", "moved beyond floats", "signalling NaN"],
)
def test_numbers_that_are_none_are_read_without_a_warning(kind: str, pattern: Any, cards: dict[str, object]) -> None:
    stored = np.full((3, 4), pattern).astype(f">{pattern.dtype.str[1:]}")
    assert stored.itemsize == np.dtype(kind).itemsize

    assert not np.isfinite(read(announcing(**cards) + stored.tobytes()).pixels).any()


def test_blank_means_nothing_among_floats() -> None:
    cutout = announcing(BLANK=5) + IMAGE.astype(">f8").tobytes()

    np.testing.assert_array_equal(read(cutout).pixels, IMAGE)


def test_ztfs_first_card_and_gzip_are_no_hindrance() -> None:
    np.testing.assert_array_equal(read(ztf(IMAGE)).pixels, IMAGE)
    np.testing.assert_array_equal(read(gzip.compress(lsst(IMAGE))).pixels, IMAGE)


def test_the_image_need_not_be_padded_to_a_block() -> None:
    cutout = lsst(IMAGE)[: BLOCK + IMAGE.nbytes]

    np.testing.assert_array_equal(read(cutout).pixels, IMAGE)


@pytest.mark.parametrize("rotation", [0.0, 41.5831256817286, -155.85, 1e-5])
def test_rotpa_is_the_rotation(rotation: float) -> None:
    assert read(lsst(IMAGE, rotated(rotation))).rotation == rotation


@pytest.mark.parametrize("rotpa", [None, "'north'", "1E999", ""])
def test_an_image_without_a_usable_rotpa_is_not_turned(rotpa: str | None) -> None:
    assert read(announcing(ROTPA=rotpa) + IMAGE.astype(">f8").tobytes()).rotation == 0


@pytest.mark.parametrize(
    ("cutout", "sentence"),
    [
        pytest.param(b"", "not FITS", id="nothing"),
        pytest.param(b"\x89PNG\r\n", "not FITS", id="a PNG"),
        pytest.param(b"\x1f\x8b", "not FITS", id="the beginning of gzip"),
        pytest.param(gzip.compress(b"text"), "not FITS", id="a packed text"),
        pytest.param(gzip.compress(lsst(IMAGE))[:10] + b"\xff" * 99, "gzip is damaged", id="broken gzip"),
        pytest.param(announcing()[:400], "has no end", id="half a header"),
        pytest.param(announcing(**{f"K{n}": n for n in range(720)}), "has no end", id="a header too long"),
        pytest.param(announcing(BITPIX=None), "has no BITPIX", id="no BITPIX"),
        pytest.param(announcing(BITPIX=12), "BITPIX is none of FITS", id="another BITPIX"),
        pytest.param(announcing(NAXIS1=None), "has no NAXIS1", id="no NAXIS1"),
        pytest.param(announcing(NAXIS1=2.5), "has no NAXIS1", id="half a pixel"),
        pytest.param(announcing(NAXIS2="1E999"), "has no NAXIS2", id="infinite"),
        pytest.param(announcing(NAXIS=0), "its NAXIS is 0, not 2", id="the image in an extension"),
        pytest.param(announcing(NAXIS=3, NAXIS3=2), "its NAXIS is 3, not 2", id="a cube"),
        pytest.param(announcing(NAXIS1=0), "0 x 3 pixels", id="empty"),
        pytest.param(announcing(NAXIS1=-4), "-4 x 3 pixels", id="negative"),
        pytest.param(announcing(NAXIS1=20_000, NAXIS2=20_000), "20000 x 20000 pixels", id="huge"),
        pytest.param(announcing(NAXIS1=LARGEST_SIDE + 1), "1001 x 3 pixels", id="a little too wide"),
        pytest.param(announcing(NAXIS2=LARGEST_SIDE + 1), "4 x 1001 pixels", id="a little too high"),
        pytest.param(lsst(IMAGE)[:BLOCK], "cut off: 2880 bytes, its image needs 2976", id="no pixels"),
        pytest.param(lsst(IMAGE)[: BLOCK + 95], "cut off: 2975 bytes", id="all but one byte"),
        pytest.param(gzip.compress(lsst(IMAGE))[:40], "cut off|no end|not FITS", id="packed and cut off"),
    ],
)
def test_what_is_no_image_is_refused_with_a_sentence(cutout: bytes, sentence: str) -> None:
    with pytest.raises(Unrenderable, match=sentence):
        read(cutout)


def test_the_largest_image_is_read() -> None:
    image = np.zeros((LARGEST_SIDE, LARGEST_SIDE))

    assert read(gzip.compress(lsst(image), 1)).pixels.shape == image.shape


@pytest.mark.parametrize("beginning", [b"", announcing(NAXIS1=20_000, NAXIS2=20_000)])
def test_a_small_file_that_unpacks_to_a_huge_one_is_not_unpacked(beginning: bytes) -> None:
    bomb = gzip.compress(beginning + bytes(2**26))

    tracemalloc.start()
    try:
        with pytest.raises(Unrenderable):
            read(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2**25
