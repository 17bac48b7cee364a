"""A light curve on axes: detections, forced photometry and upper limits by band, the alert's detection ringed."""

from collections import defaultdict
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from processor.plot.curve import Curve, Kind, Point
from processor.plot.extent import Extent
from processor.plot.style import FAINT, INK, marker, of_band

MARKER_POINTS = 6.0
CROWDED = 60
"""Points of a panel from which on they are drawn thin, and the smaller the more they are."""

MINUTES_PER_DAY = 1440
_IN_FRONT = {Kind.ASIDE: 5, Kind.LIMIT: 2, Kind.FORCED: 3, Kind.DETECTION: 4}
_WHOLE, _TOO_LONG = 1e3, 1e9
_WITH_ERRORS = {Kind.DETECTION, Kind.FORCED}


def paint(axes: Axes, curve: Curve, extent: Extent) -> None:
    """Draw what of the curve lies in ``extent``, and say how many points are above or below it."""
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    first, last = extent.mjd
    points = [point for point in curve.points if first <= point.mjd <= last]
    size = min(1.0, max(0.5, (CROWDED / max(len(points), 1)) ** 0.25))
    groups: dict[tuple[str, Kind], list[Point]] = defaultdict(list)
    for point in points:
        groups[point.band, point.kind].append(point)
    for (band, kind), group in sorted(groups.items()):
        _paint_group(axes, band, kind, group, size)
    _ring(axes, [point for point in points if point.is_trigger])
    axes.set_xlim(extent.mjd)
    axes.set_ylim(extent.flux)
    _say_what_is_beyond(axes, points, extent)


def _paint_group(axes: Axes, band: str, kind: Kind, group: Sequence[Point], size: float) -> None:
    style = of_band(band)
    axes.errorbar(
        [point.mjd for point in group],
        [point.flux for point in group],
        yerr=[point.fluxerr for point in group] if kind in _WITH_ERRORS else None,
        label=f"{band} {kind.name}",
        linestyle="none",
        marker=marker(kind, style),
        markersize=MARKER_POINTS * size,
        color=INK if kind is Kind.ASIDE else style.colour,
        markerfacecolor=style.colour if kind is Kind.DETECTION else "none",
        markeredgewidth=1.2 * size,
        elinewidth=size**2,
        alpha=0.6 if size < 1 or kind is Kind.LIMIT else 0.95,
        zorder=_IN_FRONT[kind],
    )


def _ring(axes: Axes, points: Sequence[Point]) -> None:
    axes.plot(
        [point.mjd for point in points],
        [point.flux for point in points],
        label="the alert's detection",
        linestyle="none",
        marker="o",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor=INK,
        markeredgewidth=1.5,
        zorder=6,
    )


def _say_what_is_beyond(axes: Axes, points: Sequence[Point], extent: Extent) -> None:
    low, high = extent.flux
    above = [point.flux for point in points if point.flux > high]
    below = [point.flux for point in points if point.flux < low]
    if above:
        _note(axes, 0.985, "top", f"▲ {len(above)} above, up to {_rounded(max(above))} µJy")
    if below:
        _note(axes, 0.015, "bottom", f"▼ {len(below)} below, down to {_rounded(min(below))} µJy")


def _rounded(flux: float) -> str:
    words = f"{flux:,.0f}" if _WHOLE <= abs(flux) < _TOO_LONG else f"{flux:.4g}"
    return words.replace("-", "−")


def _note(axes: Axes, height: float, anchor: str, words: str) -> None:
    axes.text(
        0.99,
        height,
        words,
        transform=axes.transAxes,
        horizontalalignment="right",
        verticalalignment=anchor,
        fontsize=9,
        color=INK,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
    )


def caption(axes: Axes, curve: Curve, title: str) -> None:
    """Write what the axes show, and for a curve without points why there is nothing."""
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.set_title(curve.counts, loc="right", fontsize=10, color=INK)
    if curve.points:
        axes.set_xlabel("MJD (UTC)")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
        axes.xaxis.set_major_formatter(ScalarFormatter(useOffset=False))
        axes.text(1, -0.125, curve.remark, transform=axes.transAxes, horizontalalignment="right", fontsize=9, color=INK)
    else:
        axes.text(
            0.5, 0.5, curve.remark, transform=axes.transAxes, horizontalalignment="center", fontsize=12, color=INK
        )


def count_minutes(axes: Axes) -> None:
    """Mark the time axis of a night in minutes."""
    first, last = axes.get_xlim()
    zero = round((first + last) / 2, 2)
    shown = [(edge - zero) * MINUTES_PER_DAY for edge in (first, last)]
    ticks = [tick for tick in MaxNLocator(nbins=8).tick_values(*shown) if shown[0] <= tick <= shown[1]]
    labels = [f"{tick:g}".replace("-", "−") for tick in ticks]
    axes.set_xticks([zero + tick / MINUTES_PER_DAY for tick in ticks], labels=labels)
    axes.set_xlabel(f"minutes from MJD {zero:.2f}")
