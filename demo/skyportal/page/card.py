"""An object on the first page."""

from demo.skyportal.page import annotations, curve, light_curve, marks, parts
from demo.skyportal.page.annotations import Fact
from demo.skyportal.page.frame import plural
from demo.skyportal.page.markup import Html, element
from demo.skyportal.page.subject import Subject
from demo.skyportal.state import State

FACTS = 6
"""Annotations that are shown at once."""
LONGEST = 60


def card(state: State, one: Subject) -> Html:
    """Return what a reader wants to know of an object at a glance."""
    shown = curve.fitting(one.points)
    return element(
        "article",
        element(
            "header",
            element("h2", element("a", one.obj.id, href=parts.address(one.obj.id))),
            element(
                "div",
                parts.position(one),
                element("span", _when(one), class_="when", title="UTC, of the newest candidate"),
            ),
        ),
        parts.filters(state, one),
        element("div", parts.cutouts(one), parts.classes(one.classifications), class_="beside"),
        light_curve.drawn(shown, light_curve.SMALL),
        marks.legend(shown),
        _facts(annotations.facts(one.annotations)),
        class_="card",
    )


def table(facts: list[Fact], longest: int) -> Html:
    """Return names and values side by side; texts beyond ``longest`` are cut, and whole under the pointer."""
    return element("dl", *(_row(fact, longest) for fact in facts), class_="facts")


def _row(fact: Fact, longest: int) -> Html:
    text = fact.short if len(fact.short) <= longest else fact.short[:longest] + "…"
    term = element("dt", fact.name, title=f"origin {fact.origin}")
    return element("div", term, element("dd", text, title=fact.full if text != fact.full else None))


def _facts(facts: list[Fact]) -> Html:
    if not facts:
        return element("p", "no annotations", class_="none")
    first, rest = facts[:FACTS], facts[FACTS:]
    more = (
        [element("details", element("summary", plural(len(rest), "more annotation value")), table(rest, LONGEST))]
        if rest
        else []
    )
    return element("div", table(first, LONGEST), *more)


def _when(one: Subject) -> Html:
    time = parts.time(one.candidates[0].passed_at) if one.candidates else ""
    return element("span", time, class_="when", title="UTC, of the newest candidate")
