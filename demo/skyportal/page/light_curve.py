"""A light curve as SVG: brighter is up, time goes right, colour and shape are the band."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from demo.skyportal.page.axis import Axis, around
from demo.skyportal.page.curve import Curve, Kind, Space
from demo.skyportal.page.marks import drawn_marks
from demo.skyportal.page.markup import Html, element

LONGEST_BAR = 0.5
"""Magnitudes of an error bar that make the axis longer; the rest of a longer one is cut off."""
LEAST_DAYS = 0.04
LEAST_MAGNITUDES = 0.6
EPOCH, MJD_OF_EPOCH = datetime(1970, 1, 1, tzinfo=UTC), 40_587


@dataclass(frozen=True, kw_only=True)
class Size:
    """Of a picture, in its own pixels. With ``tips`` each point says what it is under the pointer."""

    width: float
    height: float
    radius: float
    tips: bool
    ticks: tuple[int, int]
    """At most, to the right and up."""
    left: float = 46
    right: float = 10
    top: float = 20
    bottom: float = 34


SMALL = Size(width=460, height=210, radius=2.7, tips=False, ticks=(7, 6))
LARGE = Size(width=1120, height=430, radius=4, tips=True, ticks=(12, 9), left=58)
WIDE = Size(width=1120, height=250, radius=3.2, tips=True, ticks=(12, 6), left=58)


def drawn(curve: Curve, size: Size) -> Html:
    """Return the picture, or a sentence if there is nothing to draw."""
    if not curve.marks:
        return element("p", "No photometry yet." if not curve.strange else "No point that can be drawn.", class_="none")
    x, y = _axes(curve, size)
    return element(
        "svg",
        element("rect", x=size.left, y=size.top, width=x.end - x.start, height=abs(y.start - y.end), class_="frame"),
        *_grid(x, y, size, curve.space),
        *drawn_marks(curve.marks, x, y, radius=size.radius, tips=size.tips),
        class_="curve",
        viewBox=f"0 0 {size.width:g} {size.height:g}",
        role="img",
        aria_label=f"Light curve, {curve.space.value} over MJD, of {len(curve.marks)} points",
    )


def _axes(curve: Curve, size: Size) -> tuple[Axis, Axis]:
    left, right, top, bottom = size.left, size.width - size.right, size.top, size.height - size.bottom
    first, last = around([mark.point.mjd for mark in curve.marks], at_least=LEAST_DAYS, margin=0.03)
    x = Axis(low=first, high=last, start=left, end=right)
    placed = [mark for mark in curve.marks if mark.kind is not Kind.NEGATIVE]
    if curve.space is Space.MAGNITUDE:
        ends = [mark.value + sign * min(mark.error, LONGEST_BAR) for mark in placed for sign in (-1, 1)] or [20.0]
        bright, faint = around(ends, at_least=LEAST_MAGNITUDES)
        return x, Axis(low=bright, high=faint, start=top, end=bottom)
    values = [mark.value for mark in placed]
    spread = max(map(abs, values), default=0.0)
    ends = [mark.value + sign * min(mark.error, spread) for mark in placed for sign in (-1, 1)]
    low, high = around([0.0, *ends], at_least=1e-6)
    return x, Axis(low=low, high=high, start=bottom, end=top)


def _grid(x: Axis, y: Axis, size: Size, space: Space) -> Iterable[Html]:
    bottom = size.height - size.bottom
    for value, written in y.ticks(size.ticks[1]):
        height = f"{y.place(value):.1f}"
        line = "zero" if space is Space.FLUX and value == 0 else "grid"
        yield element("line", x1=size.left, x2=size.width - size.right, y1=height, y2=height, class_=line)
        yield element("text", written, x=size.left - 5, y=height, dy="0.35em", text_anchor="end")
    for value, written in x.ticks(size.ticks[0]):
        place = x.place(value)
        yield element("line", x1=f"{place:.1f}", x2=f"{place:.1f}", y1=bottom, y2=bottom + 4, class_="tick")
        room = 3.5 * len(written) - size.right  # a label as wide as this on either side would be cut off
        yield element("text", written, x=f"{min(place, x.end - room):.1f}", y=bottom + 15, text_anchor="middle")
    yield element("text", space.value, x=size.left, y=size.top - 7, class_="label", text_anchor="start")
    ends = f"MJD (UTC), {_day(x.low)} to {_day(x.high)}"
    yield element("text", ends, x=size.width - size.right, y=bottom + 29, class_="label", text_anchor="end")


def _day(mjd: float) -> str:
    try:
        return f"{EPOCH + timedelta(days=mjd - MJD_OF_EPOCH):%Y-%m-%d}"
    except OverflowError:
        return "?"
