"""The picture of a course: three panels over one time, in seconds.

Alerts and requests are on a scale of square roots. While SkyPortal is starting, its nginx still refuses writers.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.outage.course import LINGER_S, Course

WIDTH_INCHES, HEIGHT_INCHES, DPI = 11.0, 8.0, 110
BIN_S = 5
"""Seconds over which moments are counted: a sink's candidates come round by round."""

_INK, _FAINT, _GRID = "#222222", "#8a8f98", "#e4e6ea"
_ACCEPTED, _RATE, _TAKEN, _REFUSED = "#2a9d4a", "#c61c00", "#0c71ff", "#e0a100"
_AWAY, _STARTING, _FREE = "#f6dcd8", "#fbf1ef", "#e6f3ea"
_TICKS = (0, 1, 2, 5, 10, 20, 40, 60, 80, 100, 150, 200)
_ROOM = 1.5
"""Above the highest value, for the legend."""


def draw(course: Course) -> Figure:
    """Return the picture of ``course``."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DPI, facecolor="white", layout="constrained")
    alerts, requests, refused = figure.subplots(3, 1, sharex=True, height_ratios=(1, 1.4, 0.8))
    figure.suptitle("A sink finds its rate: limit, outage, and no limit any more", x=0.01, ha="left", color=_INK)
    _steps(alerts, course.accepted, course, colour=_ACCEPTED, label="accepted alerts")
    alerts.set_ylabel("alerts / s")
    _steps(requests, course.taken, course, colour=_TAKEN, label="requests that SkyPortal accepted")
    moments, rate = zip(*course.rate, strict=True)
    requests.plot(moments, rate, color=_RATE, linewidth=1.6, label="rate that the sink allows itself")
    _draw_limit(requests, course)
    requests.set_ylabel("requests / s")
    _steps(refused, course.refused, course, colour=_REFUSED, label="requests refused as too many (429)")
    refused.set_ylabel("429s / s")
    refused.set_xlabel("time since the first accepted alert (s)")
    for axes in (alerts, requests, refused):
        _furnish(axes, course)
    for axes in (alerts, requests):
        axes.set_yscale("function", functions=(np.sqrt, np.square))  # five a second are to be seen beside fifty
        axes.set_yticks([tick for tick in _TICKS if tick <= axes.get_ylim()[1]])
    _name_phases(alerts, course)
    return figure


def _steps(axes: Axes, moments: Sequence[float], course: Course, *, colour: str, label: str) -> None:
    """Draw how many there were in a second, bin by bin."""
    counted = Counter(int(moment // BIN_S) for moment in moments if moment >= 0)
    bins = range(int(_end(course) // BIN_S))
    edges = [number * BIN_S for number in (*bins, len(bins))]
    axes.stairs([counted[number] / BIN_S for number in bins], edges, color=colour, fill=True, alpha=0.25)
    axes.stairs([counted[number] / BIN_S for number in bins], edges, color=colour, linewidth=1.4, label=label)


def _draw_limit(axes: Axes, course: Course) -> None:
    until = _free_from(course)
    axes.plot([0, until], [course.limit] * 2, color=_INK, linewidth=1, linestyle=":", label="SkyPortal's limit")


def _furnish(axes: Axes, course: Course) -> None:
    back = _back_at(course)
    axes.axvspan(course.phases.limited, back, color=_AWAY, zorder=0)
    axes.axvspan(back, min(back + LINGER_S, _free_from(course)), color=_STARTING, zorder=0)
    axes.axvspan(_free_from(course), _end(course), color=_FREE, zorder=0)
    axes.grid(visible=True, color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, _end(course))
    axes.set_ylim(0, max(1.0, axes.dataLim.y1) * _ROOM)
    axes.tick_params(labelsize=9, colors=_INK)
    axes.legend(loc="upper left", frameon=False, fontsize=9, ncols=3)


def _name_phases(axes: Axes, course: Course) -> None:
    begins = {
        f"limit of {course.limit:g} requests / s": 0.0,
        "SkyPortal is away": course.phases.limited,
        "starting": _back_at(course),
        "back": _back_at(course) + LINGER_S,
        "no limit": _free_from(course),
    }
    for name, begin in begins.items():
        axes.annotate(
            name, (begin, 1.02), xycoords=("data", "axes fraction"), fontsize=9, color=_FAINT, fontweight="bold"
        )


def _back_at(course: Course) -> float:
    return course.phases.limited + course.phases.outage


def _free_from(course: Course) -> float:
    return _back_at(course) + course.phases.recovery


def _end(course: Course) -> float:
    return _free_from(course) + course.phases.whitelisted
