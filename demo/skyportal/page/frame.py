"""What all pages have: head, title, the sentence that says what this is."""

from demo.skyportal.page.markup import Html, element, together
from demo.skyportal.page.style import STYLE

WHAT = "A stand-in SkyPortal, version 1.4.0 as measured; what is shown here was accepted by it."

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}


def document(title: str, *content: object, refresh_s: int | None = None) -> bytes:
    """Return a whole page; with ``refresh_s`` the browser loads it again after that time."""
    again = () if refresh_s is None else (element("meta", http_equiv="refresh", content=refresh_s),)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("link", rel="icon", href="data:,"),  # else browsers ask for /favicon.ico, which meets faults
        *again,
        element("title", title),
        element("style", Html(STYLE)),
    )
    banner = element(
        "header",
        element("a", "Stand-in SkyPortal", href="/", class_="home"),
        element("p", WHAT),
        class_="banner",
    )
    body = element("body", banner, element("main", *content))
    page = together((Html("<!doctype html>\n"), element("html", head, body, lang="en")), "")
    return page.encode("utf-8", "replace")  # JSON may hold half of a surrogate pair


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
