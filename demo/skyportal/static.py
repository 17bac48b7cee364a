"""Pictures as nginx serves them: from the disk, to everybody, neither limited nor in the journal."""

import re

from aiohttp import web

from demo.skyportal.state import State

BY_ID = re.compile(r"/thumbnail/(\d+)\.png")
FOLDER = "/static/thumbnails/"
"""As SkyPortal's ``public_url`` names them; ``BY_ID`` is the stand-in's own, since the real one keeps only the last."""


def serves(path: str) -> bool:
    """Return whether a path is one of a picture."""
    return path.startswith(FOLDER) or BY_ID.fullmatch(path) is not None


def answer(state: State, path: str) -> web.Response:
    """Answer the picture, or 404."""
    if found := BY_ID.fullmatch(path):
        row = state.thumbnails.get(int(found.group(1)))
        data = None if row is None else row.data
    else:
        data = state.files.get(path)
    if data is None:
        return web.Response(status=404, text="no such picture")
    return web.Response(body=data, headers={"Content-Type": "image/png"})
