"""Pieces of an object that both pages show: position, filters, cutouts, classes."""

from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

from demo.skyportal.page.markup import Html, element, together
from demo.skyportal.page.subject import CUTOUTS, Subject, filter_name
from demo.skyportal.state import Classification, State, Thumbnail


def address(obj_id: str) -> str:
    """Return the address of the object's own page."""
    return "/source/" + quote(obj_id, safe="", errors="replace")


def position(one: Subject) -> Html:
    """Return right ascension and declination in degrees."""
    return element("span", f"RA {_degrees(one.obj.ra)}  Dec {_degrees(one.obj.dec, sign='+')}", class_="position")


def time(text: str) -> str:
    """Return a time of SkyPortal's with a blank, to the second."""
    return text[:19].replace("T", " ")


def filters(state: State, one: Subject) -> Html:
    """Return the filters that the object passed, and how often if more than once."""
    passed = Counter(filter_name(state, row.filter_id) for row in one.candidates)
    chips = [
        element("li", name, *([element("b", f" ×{count}")] if count > 1 else []), class_="chip")
        for name, count in passed.items()
    ]
    return element("ul", *chips, class_="chips") if chips else element("p", "no candidate", class_="none")


def cutouts(one: Subject) -> Html:
    """Return the three pictures of the newest alert that brought any, side by side."""
    of_type = {row.type: row for row in one.thumbnails}
    return element("div", *(picture(of_type.get(kind), word) for kind, word in CUTOUTS), class_="cutouts")


def picture(row: Thumbnail | None, word: str) -> Html:
    """Return a picture with its title, and a box where there is none."""
    if row is None:
        image = element("span", "none", class_="nothing", title=f"{word}: no thumbnail")
    else:
        image = element("img", src=f"/thumbnail/{row.id}.png", alt=word, title=word)
    return element("figure", image, element("figcaption", word))


def classes(rows: Iterable[Classification]) -> Html:
    """Return classes with their probability, as a bar too, and who says so."""
    items = [
        element(
            "li",
            element("span", breakable(row.classification), class_="class"),
            probability(row.probability),
            element("small", breakable(row.origin or "no origin")),
        )
        for row in rows
    ]
    return element("ul", *items, class_="classes") if items else element("p", "not classified", class_="none")


def breakable(text: str) -> Html:
    """Return a name that a line may break behind an underscore."""
    first, *rest = str(text).split("_")
    return together([first, *(piece for part in rest for piece in ("_", element("wbr"), part))])


def probability(value: object) -> Html:
    """Return a probability as a bar and a number, whatever a client has made of it."""
    if value is None:
        return element("span", "no score", class_="none")
    if not isinstance(value, int | float):
        return element("b", value)
    share = min(max(value, 0.0), 1.0) if value == value else 0.0  # noqa: PLR0124 - NaN is what differs from itself
    return together((element("meter", value=f"{share:.3f}", aria_hidden="true"), " ", element("b", f"{value:.3g}")))


def _degrees(value: object, sign: str = "") -> str:
    if isinstance(value, int | float):
        return f"{value:{sign}.5f}".replace("-", "−")
    return "?" if value is None else str(value)
