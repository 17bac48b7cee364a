"""The marks of a light curve as SVG, and the legend that says what they are."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from demo.skyportal.page import bands
from demo.skyportal.page.axis import Axis
from demo.skyportal.page.curve import DETECTED_NSIGMA, LIMIT_NSIGMA, Curve, Kind, Mark, Space
from demo.skyportal.page.markup import Html, element


@dataclass(frozen=True, kw_only=True)
class _Look:
    """How a mark is drawn: its class in the style, and its path."""

    kind: Kind
    forced: bool
    name: str
    path: Callable[[str, float, float, float], str]


LOOKS = (
    _Look(kind=Kind.LIMIT, forced=False, name="limit", path=lambda _, x, y, radius: bands.falling(x, y, radius)),
    _Look(kind=Kind.LIMIT, forced=True, name="faint", path=lambda _, x, y, radius: bands.open_falling(x, y, radius)),
    _Look(kind=Kind.MEASURED, forced=True, name="open", path=bands.symbol),
    _Look(kind=Kind.MEASURED, forced=False, name="filled", path=bands.symbol),
    _Look(kind=Kind.NEGATIVE, forced=True, name="cross", path=lambda _, x, y, radius: bands.cross(x, y, radius)),
    _Look(kind=Kind.NEGATIVE, forced=False, name="cross", path=lambda _, x, y, radius: bands.cross(x, y, radius)),
)
"""In the order in which they are drawn: what was detected is above what was not."""

WORDS = {
    (Kind.MEASURED, False): "detection",
    (Kind.MEASURED, True): "forced photometry",
    (Kind.LIMIT, False): f"{LIMIT_NSIGMA}σ upper limit",
    (Kind.LIMIT, True): f"forced, below {DETECTED_NSIGMA}σ: its {LIMIT_NSIGMA}σ limit",
    (Kind.NEGATIVE, False): "negative flux, which has no magnitude",
    (Kind.NEGATIVE, True): "forced, negative flux, which has no magnitude",
}


def drawn_marks(marks: Sequence[Mark], x: Axis, y: Axis, *, radius: float, tips: bool) -> Iterator[Html]:
    """Yield paths: one for all marks that look the same, or one for each mark with what it says when pointed at."""
    for look in LOOKS:
        of_band: dict[str, list[Mark]] = defaultdict(list)
        for mark in marks:
            if mark.kind is look.kind and mark.forced is look.forced:
                of_band[mark.point.filter].append(mark)
        for band, alike in of_band.items():
            if bars := "".join(_bar(mark, x, y) for mark in alike if mark.error):
                yield element("path", d=bars, class_=f"bar band-{bands.letter(band)}")
        for band, alike in of_band.items():
            style = f"{look.name} band-{bands.letter(band)}"
            places = [(mark, x.place(mark.point.mjd), _height(mark, y)) for mark in alike]
            paths = [look.path(band, right, down, radius) for _, right, down in places]
            if tips:
                yield from (
                    element("path", element("title", mark), d=path, class_=style)
                    for mark, path in zip(alike, paths, strict=True)
                )
            else:
                yield element("path", d="".join(paths), class_=style)


def legend(curve: Curve) -> Html:
    """Return what the marks mean, as far as they occur, with how many there are of each."""
    in_bands = Counter(mark.point.filter for mark in curve.marks)
    kinds = Counter((mark.kind, mark.forced) for mark in curve.marks)
    measured = {mark.point.filter: False for mark in curve.marks if mark.kind is Kind.MEASURED}
    looks = {mark.point.filter: mark.forced for mark in curve.marks} | measured
    items = [
        _entry(Kind.MEASURED if band in measured else Kind.LIMIT, band, band, number, forced=looks[band])
        for band, number in sorted(in_bands.items(), key=_by_colour)
    ]
    plain = set(kinds) == {(Kind.MEASURED, False)}
    words = {(look.kind, look.forced): look for look in reversed(LOOKS)}
    items += [
        _entry(kind, "", _word(kind, curve.space, forced=forced), kinds[kind, forced], forced=forced)
        for kind, forced in words
        if kinds[kind, forced] and not plain
    ]
    if curve.strange:
        items.append(element("li", f"not drawn, absurd values: {curve.strange}", class_="warning"))
    return element("ul", *items, class_="legend")


def _word(kind: Kind, space: Space, *, forced: bool) -> str:
    if space is Space.FLUX and kind is Kind.MEASURED and not forced:
        return "detection, of either sign"
    return WORDS[kind, forced]


def _entry(kind: Kind, band: str, word: str, number: int, *, forced: bool = False) -> Html:
    look = next(one for one in LOOKS if one.kind is kind and one.forced is forced)
    high = 3.5 if kind is Kind.LIMIT and not forced else 7
    style = f"{look.name} band-{bands.letter(band) if band else 'any'}"
    picture = element(
        "svg", element("path", d=look.path(band, 7, high, 3.4), class_=style), viewBox="0 0 14 14", aria_hidden="true"
    )
    return element("li", picture, element("span", word), element("b", number))


def _by_colour(item: tuple[str, int]) -> tuple[int, str]:
    return bands.LETTERS.find(bands.letter(item[0])) % (len(bands.LETTERS) + 1), item[0]


def _height(mark: Mark, y: Axis) -> float:
    return max(y.start, y.end) - 6 if mark.kind is Kind.NEGATIVE else y.place(mark.value)


def _bar(mark: Mark, x: Axis, y: Axis) -> str:
    top, bottom = sorted((y.place(mark.value - mark.error), y.place(mark.value + mark.error)))
    return f"M{x.place(mark.point.mjd):.1f} {top:.1f}V{bottom:.1f}"
