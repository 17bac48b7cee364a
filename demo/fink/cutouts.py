"""Cutouts around a detection: science, template and difference, with the source in their middle.

Star profiles are Moffat's, which need no exponential: the pixels come out the same on every machine.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from demo.fink import fits
from demo.fink.chance import Dice, Image

ZTF_SIZE = 63
LSST_SIZE = 30
_PSF_SIZE = 41
_FAINTEST_PEAK = 12.0
"""Standard deviations; more than a faint detection has, so that somebody who looks sees it."""
_LSST_PIXEL_DEG = 0.2 / 3600


@dataclass(frozen=True, kw_only=True)
class Stamps:
    """The three images of a detection, before they are written. The difference is science - template."""

    science: Image
    template: Image
    difference: Image
    noise: float
    """Standard deviation of a pixel of the difference."""


def stamps(dice: Dice, size: int, *, of: object, snr: float, sky: float, noise: float, host: float) -> Stamps:
    """Return the images of the detection named ``of``.

    ``snr`` is the detection's signal to noise, signed as the difference flux; ``host`` how far the host's light rises
    above the sky, in standard deviations. New dice of the same seed give the same template, as an object's detections
    share one.
    """
    middle = (size - 1) / 2
    stars = sum(_profile(size, x, y, 1.4) * (brightness * noise) for x, y, brightness in _neighbours(dice, size))
    galaxy = _profile(size, middle + 0.8, middle - 0.6, size / 12) * (host * noise)
    template = sky + stars + galaxy + dice.noise(size, noise / 3, "template")
    # A source's light is spread over some twelve pixels: its peak stands out by about a third of its signal to noise.
    peak = math.copysign(min(max(abs(snr) / 3, _FAINTEST_PEAK), 120.0), snr)
    difference = _profile(size, middle, middle, 1.6) * (peak * noise) + dice.noise(size, noise, f"difference/{of}")
    return Stamps(science=template + difference, template=template, difference=difference, noise=noise)


def ztf_stamp(image: Image) -> bytes:
    """Return the image as ZTF writes it: gzip of a minimal FITS file.

    ZTF's ``SIMPLE`` card is not in FITS's fixed format: astropy opens such a file with ``ignore_missing_simple=True``.
    """
    written = fits.hdu(image.astype(np.float32), [("BUNIT", "DN")])
    return fits.gzipped(b"SIMPLE  =  T".ljust(80) + written[80:])


def lsst_stamp(image: Image, *, noise: float, ra: float, dec: float, rotation: float) -> bytes:
    """Return the image as Rubin writes it: FITS with the image, its variance and the point-spread function.

    ``rotation`` is ROTPA: turning the image counter-clockwise by it puts north up. ``ra`` and ``dec`` are the middle's.
    """
    size = len(image)
    cosine, sine = (
        _LSST_PIXEL_DEG * math.cos(math.radians(rotation)),
        _LSST_PIXEL_DEG * math.sin(math.radians(rotation)),
    )
    cards: list[fits.Card] = [
        ("EXTEND", True),
        ("CUTMINX", 1843),
        ("CUTMINY", 1302),
        ("ROTPA", rotation, "Pos angle in deg of focal plane +Y wrt North"),
        ("BUNIT", "nJy"),
        ("WCSAXES", 2, "Number of coordinate axes"),
        ("CRPIX1", (size + 1) / 2, "Pixel coordinate of reference point"),
        ("CRPIX2", (size + 1) / 2, "Pixel coordinate of reference point"),
        ("PC1_1", -cosine, "Coordinate transformation matrix element"),
        ("PC1_2", sine, "Coordinate transformation matrix element"),
        ("PC2_1", sine, "Coordinate transformation matrix element"),
        ("PC2_2", cosine, "Coordinate transformation matrix element"),
        ("CDELT1", 1.0, "Coordinate increment at reference point"),
        ("CDELT2", 1.0, "Coordinate increment at reference point"),
        ("CRVAL1", ra, "Coordinate value at reference point"),
        ("CRVAL2", dec, "Coordinate value at reference point"),
        ("LATPOLE", 90.0, "[deg] Native latitude of celestial pole"),
        ("MJDREF", 0.0, "[d] MJD of fiducial time"),
    ]
    variance = np.full((size, size), noise * noise, dtype=np.float32)
    return (
        fits.hdu(image.astype(np.float32), cards)
        + fits.hdu(variance, [("UTYPE", "VarianceUncertainty")], extension="UNCERT")
        + _psf_extension()
    )


@functools.cache
def _psf_extension() -> bytes:
    middle = (_PSF_SIZE - 1) / 2
    psf = _profile(_PSF_SIZE, middle, middle, 1.6)
    return fits.hdu(psf / math.fsum(psf.flat), extension="PSFIMAGE")


@functools.lru_cache(maxsize=64)
def _profile(size: int, x: float, y: float, width: float) -> Image:
    along = np.arange(size, dtype=np.float64)
    across = (along[None, :] - x) * (along[None, :] - x) + (along[:, None] - y) * (along[:, None] - y)
    falls = 1.0 + across / (width * width)
    image: Image = 1.0 / (falls * falls * falls)
    return image


def _neighbours(dice: Dice, size: int) -> list[tuple[float, float, float]]:
    """Return x, y and brightness of a few stars, away from the middle."""
    edge = size / 5
    sides = ((0.0, edge), (size - edge, float(size)))
    return [
        (dice.uniform(*dice.pick(sides)), dice.uniform(*dice.pick(sides)), dice.uniform(5, 40))
        for _ in range(dice.whole(1, 3))
    ]
