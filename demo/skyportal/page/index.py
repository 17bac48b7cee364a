"""The first page: what is in it, how requests fared, and the newest objects."""

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from demo.skyportal.journal import Journal
from demo.skyportal.page.card import card
from demo.skyportal.page.faults import in_force
from demo.skyportal.page.frame import document, plural
from demo.skyportal.page.markup import Html, element
from demo.skyportal.page.subject import newest, subject
from demo.skyportal.state import State

if TYPE_CHECKING:
    from demo.skyportal.app import SkyPortal

PER_PAGE = 24
REFRESH_S = 5


def index(skyportal: "SkyPortal", query: Mapping[str, str]) -> bytes:
    """Return the page that ``?page=`` asks for, counted from 1, or the nearest; ``?still=1`` does not load again."""
    state = skyportal.state
    pages = max(1, -(-len(state.objects) // PER_PAGE))
    asked = re.match(r"[0-9]{1,9}", query.get("page", ""))
    page = min(max(1, int(asked[0])), pages) if asked else 1
    still = "still" in query
    shown = [card(state, subject(state, obj)) for obj in newest(state, first=(page - 1) * PER_PAGE, count=PER_PAGE)]
    return document(
        f"{plural(len(state.objects), 'object')} · stand-in SkyPortal",
        _counts(state),
        _requests(skyportal.journal),
        in_force(skyportal.faults.faults, time.monotonic()),
        _bar(len(state.objects), page, pages, still=still),
        element("div", *shown, class_="cards") if shown else _empty(state),
        *([_bar(len(state.objects), page, pages, still=still)] if pages > 1 else []),
        refresh_s=None if still else REFRESH_S,
    )


def _counts(state: State) -> Html:
    counts = {
        "objects": len(state.objects),
        "candidates": len(state.candidates),
        "points": len(state.points),
        "annotations": len(state.annotations),
        "classes": len(state.classifications),
        "thumbnails": len(state.thumbnails),
    }
    tiles = [element("li", element("b", f"{count:,}"), f" {name}") for name, count in counts.items()]
    return element("ul", *tiles, class_="counts")


def _requests(journal: Journal) -> Html:
    statuses = [
        element("li", f"{_status(status)} ", element("b", f"{count:,}"), class_=f"chip {_mood(status)}")
        for status, count in sorted(journal.by_status.items())
    ]
    total = plural(journal.by_status.total(), "request")
    return element("div", element("span", f"{total} answered"), element("ul", *statuses, class_="chips"), class_="line")


def _status(status: int) -> str:
    return str(status) if status else "cut off"


def _mood(status: int) -> str:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's success
        return "good"
    return "wait" if status == 429 else "bad"  # noqa: PLR2004 - HTTP's Too Many Requests


def _bar(objects: int, page: int, pages: int, *, still: bool) -> Html:
    suffix = "&still=1" if still else ""
    first = (page - 1) * PER_PAGE
    shown = f"objects {first + 1:,} to {min(first + PER_PAGE, objects):,} of {objects:,}" if objects else "no objects"
    steps = []
    if page > 1:
        steps.append(element("a", "← newer", href=f"/?page={page - 1}{suffix}"))
    if pages > 1:
        steps.append(element("span", f"page {page:,} of {pages:,}"))
    if page < pages:
        steps.append(element("a", "older →", href=f"/?page={page + 1}{suffix}"))
    if still:
        loads = element("a", "stands still; load again every 5 s", href=f"/?page={page}")
    else:
        loads = element("a", f"loads again every {REFRESH_S} s; let it stand still", href=f"/?page={page}&still=1")
    return element(
        "nav", element("span", f"Newest candidates first, {shown}"), element("span", *steps, class_="steps"), loads
    )


def _empty(state: State) -> Html:
    filters = [element("li", row.name, class_="chip") for row in state.directory.filters.values()]
    known = (
        [element("p", "Filters that a candidate can pass:"), element("ul", *filters, class_="chips")] if filters else []
    )
    return element(
        "section",
        element("h2", "Nothing has been accepted yet"),
        element(
            "p",
            "An object appears here as soon as somebody posts a candidate to ",
            element("code", "/api/candidates"),
            ".",
        ),
        *known,
        class_="empty",
    )
