"""What part of time and flux two panels show, both the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from processor.plot.curve import Kind, Point

Span = tuple[float, float]

MANY = 30
"""Points from which on the few that lie far off do not set the scale."""

CROWDED_NIGHT = 24
"""Points of one night that a zoom takes apart."""

_GAP_BETWEEN_NIGHTS_DAYS = 0.3
_MARGIN = 0.07
_SHORTEST_DAYS, _SMALLEST_UJY = 0.02, 0.2
_SHARE_OF_LIMITS = 90
_OUTLYING = 2.0
"""Distance from the middle, in widths of the nine tenths in it, from which on a flux does not set the scale."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """Limits of axes: MJD in UTC, µJy."""

    mjd: Span
    flux: Span


NOTHING = Extent(mjd=(0, 1), flux=(0, 1))


def extent(points: Sequence[Point]) -> Extent:
    """Return what shows all times, the alert's detection, and of the fluxes all but outliers."""
    if not points:
        return NOTHING
    times = [point.mjd for point in points]
    return Extent(mjd=_padded(min(times), max(times), _SHORTEST_DAYS), flux=_fluxes(points))


def crowded_night(points: Sequence[Point]) -> Extent | None:
    """Return the night to look at more closely, the alert's own before the fullest; None where none is crowded."""
    nights = _nights(points)
    crowded = [night for night in nights if len(night) >= CROWDED_NIGHT]
    if not crowded or len(nights) == 1:
        return None
    return extent(max(crowded, key=lambda night: (any(point.is_trigger for point in night), len(night))))


def _nights(points: Sequence[Point]) -> list[list[Point]]:
    in_order = sorted(points, key=lambda point: point.mjd)
    nights = [in_order[:1]]
    for before, point in pairwise(in_order):
        if point.mjd - before.mjd > _GAP_BETWEEN_NIGHTS_DAYS:
            nights.append([])
        nights[-1].append(point)
    return nights


def _fluxes(points: Sequence[Point]) -> Span:
    """Return the fluxes to show: zero, the alert's detection, the measurements but for outliers, most limits."""
    measured = np.array([point.flux for point in points if point.kind in {Kind.DETECTION, Kind.FORCED}])
    others = [point.flux for point in points if point.kind not in {Kind.DETECTION, Kind.FORCED}]
    ends = [0.0]
    if measured.size >= MANY:
        low, high = np.percentile(measured, (5, 95))
        near = np.abs(measured - (low + high) / 2) <= _OUTLYING * (high - low)
        ends += [float(measured[near].min()), float(measured[near].max())]
    elif measured.size:
        ends += [float(measured.min()), float(measured.max())]
    if others:
        ends.append(float(np.percentile(others, _SHARE_OF_LIMITS)))
    for point in points:
        if point.is_trigger:
            ends += [point.flux - point.fluxerr, point.flux + point.fluxerr]
    return _padded(min(ends), max(ends), _SMALLEST_UJY)


def _padded(low: float, high: float, smallest: float) -> Span:
    around = max((high - low) * _MARGIN, smallest)
    return low - around, high + around
