"""What the markers mean, in markers large enough to tell apart."""

from collections.abc import Sequence

from matplotlib.lines import Line2D

from processor.plot.curve import Kind, Point
from processor.plot.style import ASIDE_MARKER, BANDS, INK, LIMIT_MARKER, of_band


def handles(points: Sequence[Point]) -> list[Line2D]:
    """Return an entry for each band and each kind that is among the points, and one for the alert's detection."""
    bands = {point.band for point in points if point.kind is not Kind.ASIDE}
    kinds = {point.kind for point in points}
    of_bands = [*(band for band in BANDS if band in bands), *sorted(bands - BANDS.keys())]
    of_kinds = {
        Kind.DETECTION: _handle(Kind.DETECTION, "o"),
        Kind.FORCED: _handle(Kind.FORCED, "o", face="none"),
        Kind.LIMIT: _handle(Kind.LIMIT, LIMIT_MARKER, face="none"),
        Kind.ASIDE: _handle(Kind.ASIDE, ASIDE_MARKER),
    }
    ring = _handle("the alert's detection", "o", face="none", size=14)
    return [
        *(_handle(band, of_band(band).marker, edge=of_band(band).colour) for band in of_bands),
        *(handle for kind, handle in of_kinds.items() if kind in kinds),
        *([ring] if any(point.is_trigger for point in points) else []),
    ]


def _handle(label: str, marker: str, *, edge: str = INK, face: str = "", size: float = 8) -> Line2D:
    return Line2D(
        [],
        [],
        label=label,
        linestyle="none",
        marker=marker,
        markersize=size,
        markeredgecolor=edge,
        markerfacecolor=face or edge,
    )
