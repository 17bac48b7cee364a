import gzip
import math
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from fink_messages import ordinary

from demo.fink import Survey, night

SURVEYS: tuple[Survey, ...] = ("ztf", "lsst")


@pytest.fixture(scope="module")
def ztf() -> list[dict[str, Any]]:
    return [alert.packet for alert in ordinary(night(seed=7, alerts=60, surveys=("ztf",)))]


@pytest.fixture(scope="module")
def lsst() -> list[dict[str, Any]]:
    return [alert.packet for alert in night(seed=7, alerts=60, surveys=("lsst",))]


def brightest(image: Any) -> tuple[float, float]:
    """How far the extreme pixel is from the middle, and how many standard deviations of the edge it stands out."""
    edge = np.concatenate([image[:3].ravel(), image[-3:].ravel()])
    strength = np.abs(image - np.median(edge))
    row, column = np.unravel_index(np.argmax(strength), image.shape)
    middle = (len(image) - 1) / 2
    return math.hypot(row - middle, column - middle), strength.max() / edge.std()


def opened(stamp: bytes) -> Any:
    """Return the image of a cutout of ZTF's."""
    with fits.open(BytesIO(gzip.decompress(stamp)), ignore_missing_simple=True) as hdus:
        return hdus[0].data.astype(float)


def test_ztf_cutouts_open_and_show_the_source_in_the_middle(ztf: list[dict[str, Any]]) -> None:
    for packet in ztf:
        names = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
        images = {name: opened(packet[name]["stampData"]) for name in names}
        assert {image.shape for image in images.values()} == {(63, 63)}
        off, strength = brightest(images["cutoutDifference"])
        assert off < 2
        assert strength > 4


def test_a_negative_ztf_detections_difference_is_template_less_science(ztf: list[dict[str, Any]]) -> None:
    found = {"t": 0, "f": 0}
    for packet in ztf:
        science, template, difference = (
            opened(packet[name]["stampData"]) for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference")
        )
        isdiffpos = packet["candidate"]["isdiffpos"]
        expected = science - template if isdiffpos == "t" else template - science
        assert np.allclose(difference, expected, atol=1e-3)
        assert difference[31, 31] > 0
        found[isdiffpos] += 1
    assert min(found.values()) > 3


def test_lsst_cutouts_open_and_show_the_source_in_the_middle(lsst: list[dict[str, Any]]) -> None:
    for packet in lsst:
        for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
            with fits.open(BytesIO(packet[name])) as hdus:
                hdus.verify("exception")
                assert [hdu.name for hdu in hdus] == ["PRIMARY", "UNCERT", "PSFIMAGE"]
                assert [hdu.data.shape for hdu in hdus] == [(30, 30), (30, 30), (41, 41)]
                assert [hdu.data.dtype.str for hdu in hdus] == [">f4", ">f4", ">f8"]
                assert 0.999 < hdus["PSFIMAGE"].data.sum() < 1.001
                if name == "cutoutDifference":
                    off, strength = brightest(hdus[0].data.astype(float))
                    assert off < 2
                    assert strength > 4
                    assert (hdus[0].data[14:16, 14:16].sum() > 0) == (packet["diaSource"]["psfFlux"] > 0)


def test_the_middle_of_an_lsst_cutout_is_the_detections_place(lsst: list[dict[str, Any]]) -> None:
    source = lsst[0]["diaSource"]
    with fits.open(BytesIO(lsst[0]["cutoutScience"])) as hdus:
        header = hdus[0].header

    assert WCS(header).wcs_pix2world(14.5, 14.5, 0) == pytest.approx([source["ra"], source["dec"]], abs=1e-6)
    # Turned counter-clockwise by ROTPA, up on the sky is up in the image: north's pixel direction is (sin, cos).
    north = np.linalg.solve(WCS(header).wcs.pc, [0, 1])
    assert math.degrees(math.atan2(north[0], north[1])) % 360 == pytest.approx(header["ROTPA"] % 360, abs=1e-6)
