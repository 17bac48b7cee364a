"""How long SkyPortal takes, as measured on an idle server, where that is not one number."""

from collections.abc import Sequence
from itertools import pairwise

BASE_MS = 41.0
PER_OBJECT_MS = 0.9
NEW_ROWS = ((0, 0.0), (1, 13.0), (30, 29.0), (300, 169.0), (800, 899.0), (10_000, 5959.0))
KNOWN_ROWS = ((0, 0.0), (1, 1.0), (30, 3.0), (800, 109.0), (10_000, 1400.0))
"""Rows and the milliseconds that they add."""

CLASSIFICATION, CLASSIFICATION_IN_BULK, VOTE, LABEL = 29.0, 41.5, 39.0, 39.0
"""Milliseconds: alone, as one of many, and what a vote and a label add."""

SOURCE_READ, POINT_READ = 70.0, 0.16
"""Milliseconds: an object with everything but photometry, and what each point adds."""


def classification(*, votes: bool, labels: bool, bulk: bool) -> float:
    """Return milliseconds for one classification."""
    return (CLASSIFICATION_IN_BULK if bulk else CLASSIFICATION) + votes * VOTE + labels * LABEL


def source_read(points: int = 0) -> float:
    """Return milliseconds for a GET of an object with so many points."""
    return SOURCE_READ + POINT_READ * points


def photometry_write(*, new: int, known: int, objects: int) -> float:
    """Return milliseconds for a PUT or POST of so many rows of so many objects."""
    return BASE_MS + PER_OBJECT_MS * (objects - 1) + _interpolate(NEW_ROWS, new) + _interpolate(KNOWN_ROWS, known)


def _interpolate(points: Sequence[tuple[int, float]], rows: int) -> float:
    for (left, low), (right, high) in pairwise(points):
        if rows <= right:
            return low + (high - low) * (rows - left) / (right - left)
    return points[-1][1]
