"""``/api/thumbnail``: pictures of objects. Every POST adds a row, whatever is there already."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from demo.skyportal import pictures
from demo.skyportal.call import Call
from demo.skyportal.envelope import Refusal
from demo.skyportal.state import Thumbnail

PREFIX = "Thumbnail failed to post: "
REQUIRED = ("obj_id", "data", "ttype")
FIELDS = {*REQUIRED, "survey"}
TYPES = ("new", "ref", "sub", "sdss", "ls", "ps1", "new_gz", "ref_gz", "sub_gz")
INSERT = "INSERT INTO thumbnails (type, file_uri, public_url, ...) VALUES (...) RETURNING thumbnails.id"
FOLDER = "/skyportal/skyportal"


async def post(call: Call) -> object:
    """Insert a picture; its file takes the place of the last of its object and type."""
    body = call.json()
    wrong = [f"{name}: Field required" for name in REQUIRED if name not in body]
    wrong += [f"{name}: Extra inputs are not permitted" for name in body if name not in FIELDS]
    wrong += [f"{name}: Input should be a valid string" for name in REQUIRED if not isinstance(body.get(name, ""), str)]
    if wrong:
        raise Refusal(400, "Invalid/missing parameters: " + "; ".join(wrong))
    await call.pace.takes(21)
    try:
        return {"id": _post(call, body)}
    except Refusal as refusal:
        raise Refusal(400, f"{PREFIX}{refusal}") from refusal


def _post(call: Call, body: Mapping[str, Any]) -> int:
    obj_id, kind = body["obj_id"], body["ttype"]
    if obj_id not in call.state.objects:
        raise Refusal(400, f"Invalid obj_id: {obj_id}")
    try:
        data = base64.b64decode(body["data"])
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, str(error)) from error
    picture = pictures.read(data)
    # SkyPortal writes the file before it looks at the type.
    call.state.files[public_url(obj_id, kind)] = picture.data
    if kind not in TYPES:
        reason = (
            f"(builtins.LookupError) '{kind}' is not among the defined enum values. "
            "Enum name: thumbnail_types. Possible values: new, ref, sub, ..., sub_gz"
        )
        raise Refusal(400, f"Invalid ttype: {reason}\n[SQL: {INSERT}]")
    (number,) = call.state.thumbnails.draw()
    row = Thumbnail(id=number, obj_id=obj_id, type=kind, survey=body.get("survey"), data=picture.data)
    return call.state.thumbnails.add(row)


async def get(call: Call) -> object:
    """Show one picture's row."""
    await call.pace.takes(14)
    row = call.state.thumbnails.get(int(call.arguments[0]))
    if row is None:
        raise Refusal(400, f"Could not load thumbnail {call.arguments[0]}")
    return show(row)


async def put(call: Call) -> object:
    """Change a picture's survey, which needs a right that a bot for uploads has not."""
    await call.pace.takes(20)
    row = _find(call)
    call.state.thumbnails.add(replace(row, survey=call.json().get("survey", row.survey)))
    return {}


async def delete(call: Call) -> object:
    """Delete one picture, which needs the same right."""
    await call.pace.takes(20)
    del call.state.thumbnails[_find(call).id]
    return {}


def _find(call: Call) -> Thumbnail:
    row = call.state.thumbnails.get(int(call.arguments[0]))
    if row is None:
        raise Refusal(400, "Invalid thumbnail ID.")
    return row


def newest(call: Call, obj_id: str) -> list[dict[str, object]]:
    """Show the newest picture of each type."""
    rows = {row.type: row for row in call.state.thumbnails.of(obj_id)}
    return [show(row) for row in sorted(rows.values(), key=lambda row: row.id)]


def public_url(obj_id: str, kind: str) -> str:
    """Return where SkyPortal's nginx serves the file of an object's pictures of one type."""
    digest = hashlib.sha256(obj_id.encode()).hexdigest()
    return f"/static/thumbnails/{digest[:2]}/{digest[2:4]}/{obj_id}_{kind}.png"


def show(row: Thumbnail) -> dict[str, object]:
    """Show a picture's row."""
    url = public_url(row.obj_id, row.type)
    return {
        "file_uri": FOLDER + url,
        "type": row.type,
        "origin": None,
        "obj_id": row.obj_id,
        "id": row.id,
        "created_at": row.created_at,
        "public_url": url,
        "survey": row.survey,
        "is_grayscale": pictures.read(row.data).is_grayscale,
        "modified": row.created_at,
    }
