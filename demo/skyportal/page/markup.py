"""HTML and SVG built from elements, so that no text of a client's becomes markup."""

from collections.abc import Iterable
from html import escape

EMPTY = frozenset({"img", "link", "meta", "wbr"})
"""Elements that have no end tag."""


class Html(str):
    """Markup. Any other text is escaped as it comes into an element."""

    __slots__ = ()


def element(name: str, /, *content: object, **attributes: object) -> Html:
    """Return an element.

    In names of attributes ``_`` stands for ``-``, and one at the end is dropped. An attribute that is None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{together(content)}</{name}>")


def together(parts: Iterable[object], between: str = "") -> Html:
    """Return parts as one, escaping what is not markup."""
    return Html(escape(between).join(part if isinstance(part, Html) else escape(str(part)) for part in parts))
