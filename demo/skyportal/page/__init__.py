"""``GET /`` and ``GET /source/<id>``: what the stand-in holds, for people. No token, no limit, not in the journal."""

from typing import TYPE_CHECKING

from aiohttp import web

from demo.skyportal.page.frame import HEADERS
from demo.skyportal.page.index import index
from demo.skyportal.page.source import source

if TYPE_CHECKING:
    from demo.skyportal.app import SkyPortal

SOURCE = "/source/"


def serves(method: str, path: str) -> bool:
    """Whether the request is for a page."""
    return method == "GET" and (path == "/" or path.startswith(SOURCE))


def answer(skyportal: "SkyPortal", request: web.Request, path: str) -> web.Response:
    """Return the page at an unquoted path."""
    if path.startswith(SOURCE):
        status, body = source(skyportal.state, path.removeprefix(SOURCE))
    else:
        status, body = 200, index(skyportal, request.rel_url.query)
    return web.Response(status=status, body=body, headers=HEADERS)
