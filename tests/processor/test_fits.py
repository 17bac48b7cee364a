"""The image of a FITS file, cut out of it."""

import pytest

from processor.convert import FinkSurvey, Source, convert
from processor.convert.fits import BLOCK, primary_hdu
from support.packets import lsst_packet


def header(*cards: str) -> bytes:
    return "".join(f"{card:<80}" for card in (*cards, "END")).ljust(BLOCK).encode()


def image(side: int = 30) -> bytes:
    cards = (
        "SIMPLE  =    T / FITS",
        "BITPIX  = -32 / float",
        "NAXIS   = 2",
        f"NAXIS1  = {side}",
        f"NAXIS2  = {side} / rows",
    )
    pixels = b"\x3f" * (4 * side * side)
    return header(*cards) + pixels.ljust(-(-len(pixels) // BLOCK) * BLOCK, b"\0")


EXTENSION = header("XTENSION= 'IMAGE   '", "BITPIX  = -64", "NAXIS   = 1", "NAXIS1  = 2") + b"\1" * BLOCK


def test_extensions_are_cut_off() -> None:
    assert primary_hdu(image() + EXTENSION + EXTENSION) == image()


def test_an_image_without_extensions_stays_whole() -> None:
    assert primary_hdu(image()) == image()


def test_a_primary_hdu_without_data_is_its_header() -> None:
    empty = header("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0")

    assert primary_hdu(empty + EXTENSION) == empty


def test_a_header_of_several_blocks_is_understood() -> None:
    comments = tuple(f"COMMENT {number}" for number in range(50))
    long = "".join(
        f"{card:<80}" for card in ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 3", *comments, "END")
    )
    first = long.ljust(2 * BLOCK).encode() + b"abc".ljust(BLOCK, b"\0")

    assert primary_hdu(first + EXTENSION) == first


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8bgzip",
        b"SIMPLE  = T",
        header("SIMPLE  = T", "BITPIX  = 8"),
        header("SIMPLE  = T", "BITPIX  = none", "NAXIS   = 0x"),
        header("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = -5"),
        image()[: BLOCK + 100],
        EXTENSION,
    ],
)
def test_what_is_no_whole_fits_file_stays_as_it_came(data: bytes) -> None:
    assert primary_hdu(data) == data


def test_rubins_cutouts_are_cut_down_to_the_image() -> None:
    packet = lsst_packet(cutoutScience=image() + EXTENSION, cutoutTemplate=b"no FITS", cutoutDifference=None)

    alert = convert(packet, FinkSurvey.LSST, Source(topic="t")).record

    assert alert.cutout_science == image()
    assert alert.cutout_template == b"no FITS"
    assert alert.cutout_difference is None
