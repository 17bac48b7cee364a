"""A light curve in magnitudes or in flux: which points have a place in it, and which do not."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from demo.skyportal.photometry_rows import POGSON, ZEROPOINT
from demo.skyportal.state import Point

DETECTED_NSIGMA = 3
"""Forced photometry below has no magnitude that means anything."""
LIMIT_NSIGMA = 5
"""Of the limits that are drawn, as SkyPortal draws them."""
SANE_MJD = 1e6
SANE_FLUX = 1e15


class Space(Enum):
    """What the vertical axis shows."""

    MAGNITUDE = "AB mag"
    FLUX = "flux / µJy"


class Kind(Enum):
    """What a point says."""

    MEASURED = "measured"
    LIMIT = "limit"
    NEGATIVE = "negative"
    """A flux below zero, which has no magnitude."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point as it is drawn. A negative one has no value in magnitudes, and is drawn on the edge."""

    point: Point
    kind: Kind
    value: float
    error: float

    @property
    def forced(self) -> bool:
        """Whether it was measured at a place that was given."""
        return is_forced(self.point.origin)

    def __str__(self) -> str:
        point = self.point
        size = f"limit {magnitude(LIMIT_NSIGMA * point.fluxerr):.2f} ({LIMIT_NSIGMA}σ)"
        if self.kind is Kind.MEASURED and point.flux is not None and point.flux > POGSON * point.fluxerr:
            size = f"{magnitude(point.flux):.2f} ± {POGSON * point.fluxerr / point.flux:.2f}"
        flux = "" if point.flux is None else f", {point.flux:.5g} ± {point.fluxerr:.3g} µJy"
        return f"{point.filter}, MJD {point.mjd:.5f}, {size}{flux}, origin {point.origin}"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """All marks of an object, and how many of its points are too strange to be drawn."""

    space: Space
    marks: Sequence[Mark]
    strange: int

    def of(self, kind: Kind) -> list[Mark]:
        """Return the marks of a kind."""
        return [mark for mark in self.marks if mark.kind is kind]


def is_forced(origin: str) -> bool:
    """Whether points of this origin are forced photometry: ``alert_fp``, as Kowalski and BOOM have it, and its like."""
    return "fp" in origin.lower().split("_") or "forced" in origin.lower()


def curve(points: Iterable[Point], space: Space) -> Curve:
    """Return the light curve of points in any order."""
    points = list(points)
    sane = [point for point in points if _is_sane(point)]
    mark = _in_magnitudes if space is Space.MAGNITUDE else _in_flux
    return Curve(space=space, marks=[mark(point) for point in sane], strange=len(points) - len(sane))


def fitting(points: Iterable[Point]) -> Curve:
    """Return the light curve in magnitudes, and in flux if at least half of what was measured is below zero."""
    points = list(points)
    magnitudes = curve(points, Space.MAGNITUDE)
    negative = len(magnitudes.of(Kind.NEGATIVE))
    if negative and negative >= len(magnitudes.of(Kind.MEASURED)):
        return curve(points, Space.FLUX)
    return magnitudes


def _is_sane(point: Point) -> bool:
    flux = 0.0 if point.flux is None else point.flux
    return abs(point.mjd) < SANE_MJD and abs(flux) < SANE_FLUX and 1 / SANE_FLUX < point.fluxerr < SANE_FLUX


def _in_magnitudes(point: Point) -> Mark:
    if point.flux is not None and abs(point.flux) > 1 / SANE_FLUX:
        significant = abs(point.flux) >= DETECTED_NSIGMA * point.fluxerr or not is_forced(point.origin)
        if significant and point.flux > 0:
            error = POGSON * point.fluxerr / point.flux
            return Mark(point=point, kind=Kind.MEASURED, value=magnitude(point.flux), error=error)
        if significant:
            return Mark(point=point, kind=Kind.NEGATIVE, value=0.0, error=0.0)
    return Mark(point=point, kind=Kind.LIMIT, value=magnitude(LIMIT_NSIGMA * point.fluxerr), error=0.0)


def _in_flux(point: Point) -> Mark:
    if point.flux is None:
        return Mark(point=point, kind=Kind.LIMIT, value=LIMIT_NSIGMA * point.fluxerr, error=0.0)
    return Mark(point=point, kind=Kind.MEASURED, value=point.flux, error=point.fluxerr)


def magnitude(flux: float) -> float:
    """Return the AB magnitude of a flux in microjansky, which must be above zero."""
    return ZEROPOINT - 2.5 * math.log10(flux)
