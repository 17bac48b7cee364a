"""The page of one object: everything that is known of it."""

from collections.abc import Iterable, Sequence

from demo.skyportal.page import annotations, card, curve, light_curve, marks, parts
from demo.skyportal.page.curve import LIMIT_NSIGMA, Kind, Space, magnitude
from demo.skyportal.page.frame import document, plural
from demo.skyportal.page.markup import Html, element
from demo.skyportal.page.sexagesimal import sexagesimal
from demo.skyportal.page.subject import CUTOUTS, Subject, filter_name, group_name, subject
from demo.skyportal.photometry_rows import POGSON
from demo.skyportal.state import Annotation, Point, State

LONGEST = 2_000
OURS = frozenset(kind for kind, _ in CUTOUTS)


def source(state: State, obj_id: str) -> tuple[int, bytes]:
    """Return status and page of an object; of one that is not there, 404 and a sentence."""
    obj = state.objects.get(obj_id)
    if obj is None:
        return 404, document(
            "No such object",
            element("h1", "No such object"),
            element("p", "Nothing of the name ", element("code", obj_id), " has been accepted, or it was deleted."),
            element("p", element("a", "All objects", href="/")),
        )
    one = subject(state, obj)
    return 200, document(
        f"{obj_id} · stand-in SkyPortal",
        element("h1", obj_id),
        _place(one),
        _pictures(one),
        *_curves(one.points),
        _section("Classes", len(one.classifications), _classes(state, one)),
        _section("Annotations", len(one.annotations), *(_annotation(state, row) for row in one.annotations)),
        _section("Candidates", len(one.candidates), _candidates(state, one)),
        _section("Points", len(one.points), element("details", element("summary", "all of them"), _points(one.points))),
    )


def _place(one: Subject) -> Html:
    saved = f"saved by {', '.join(one.saved_by)}" if one.saved_by else "not saved as a source"
    fields = [f"{name} {value}" for name, value in one.obj.fields.items() if value is not None]
    words = [sexagesimal(one.obj.ra, one.obj.dec), f"known since {parts.time(one.obj.created_at)}", saved, *fields]
    return element("p", parts.position(one), *(element("span", word) for word in words if word), class_="place")


def _pictures(one: Subject) -> Html:
    others = [parts.picture(row, row.type) for row in one.thumbnails if row.type not in OURS]
    if not one.thumbnails:
        return element("p", "no thumbnails", class_="none")
    return element("div", parts.cutouts(one), *others, class_="pictures")


def _curves(points: Sequence[Point]) -> Iterable[Html]:
    magnitudes = curve.curve(points, Space.MAGNITUDE)
    yield element(
        "section",
        element("h2", "Light curve"),
        light_curve.drawn(magnitudes, light_curve.LARGE),
        marks.legend(magnitudes),
    )
    if any(mark.kind is Kind.NEGATIVE or mark.forced for mark in magnitudes.marks):
        fluxes = curve.curve(points, Space.FLUX)
        yield element(
            "section",
            element("h2", "The same in flux"),
            light_curve.drawn(fluxes, light_curve.WIDE),
            marks.legend(fluxes),
        )


def _section(title: str, count: int, *content: object) -> Html:
    return element(
        "section",
        element("h2", title, element("small", f" {count:,}")),
        *(content if count else [element("p", "none", class_="none")]),
    )


def _classes(state: State, one: Subject) -> Html:
    taxonomies = state.directory.taxonomies
    rows = [
        (
            row.classification,
            parts.probability(row.probability),
            row.origin or "",
            "yes" if row.ml else "no",
            taxonomies[row.taxonomy_id].name
            if row.taxonomy_id in taxonomies
            else f"taxonomy {row.taxonomy_id}, which is gone",
            row.author_name,
            _groups(state, row.groups),
            parts.time(row.modified),
        )
        for row in one.classifications
    ]
    return table(
        ("class", "probability", "origin", "by machine", "taxonomy", "author", "groups", "changed (UTC)"), rows
    )


def _annotation(state: State, row: Annotation) -> Html:
    author = state.directory.users.get(row.author_id)
    facts = annotations.facts([row])
    by = author.username if author else f"user {row.author_id}"
    groups, changed = _groups(state, row.groups), parts.time(row.modified)
    words = f"{plural(len(facts), 'value')}, by {by}, for {groups}, changed {changed}"
    return element(
        "div",
        element("h3", row.origin, element("small", f" {words}")),
        card.table(facts, LONGEST),
        class_="annotation",
    )


def _candidates(state: State, one: Subject) -> Html:
    rows = [
        (
            filter_name(state, row.filter_id),
            parts.time(row.passed_at) + row.passed_at[19:],
            "" if row.passing_alert_id is None else row.passing_alert_id,
        )
        for row in one.candidates
    ]
    return table(("filter", "passed at (UTC)", "alert"), rows)


def _points(points: Sequence[Point]) -> Html:
    rows = [
        (
            f"{point.mjd:.7f}",
            point.filter,
            f"{magnitude(point.flux):.3f} ± {POGSON * point.fluxerr / point.flux:.3f}"
            if point.flux and point.flux > 0
            else "",
            f"{magnitude(LIMIT_NSIGMA * point.fluxerr):.3f}" if point.fluxerr > 0 else "",
            "" if point.flux is None else f"{point.flux:.9g}",
            f"{point.fluxerr:.9g}",
            point.origin,
        )
        for point in points
    ]
    return table(("MJD (UTC)", "band", "AB mag", f"{LIMIT_NSIGMA}σ limit", "flux / µJy", "error / µJy", "origin"), rows)


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table that can be scrolled sideways."""
    head = element("tr", *(element("th", name) for name in names))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return element("div", element("table", element("thead", head), element("tbody", *body)), class_="scroll")


def _groups(state: State, numbers: Iterable[int]) -> str:
    return ", ".join(group_name(state, number) for number in sorted(numbers)) or "nobody"
