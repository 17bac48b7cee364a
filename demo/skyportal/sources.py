"""``/api/sources``: an object, and which groups saved it."""

from collections.abc import Mapping, Sequence
from typing import Any

from demo.skyportal import objects, permissions
from demo.skyportal.call import Call
from demo.skyportal.directory import now
from demo.skyportal.envelope import Refusal
from demo.skyportal.state import Obj


async def post(call: Call) -> object:
    """Save an object to groups, to all of the user's if none is named; create the object where it is new."""
    body = call.json()
    try:
        return await _post(call, body)
    except Refusal as refusal:
        raise Refusal(400, f"Failed to post source: {refusal}") from refusal


async def _post(call: Call, body: Mapping[str, Any]) -> object:
    if "id" not in body:
        raise Refusal(400, "'id'")
    obj_id = str(body["id"])
    known = call.state.objects.get(obj_id)
    await call.pace.takes(32 if known else 41)
    if any(sign.isspace() for sign in obj_id):
        raise Refusal(400, "No spaces allowed in source ID")
    position = {name: body[name] for name in ("ra", "dec") if body.get(name) is not None}
    fields = {name: value for name, value in body.items() if name not in {"id", "ra", "dec", "group_ids"}}
    if known is None and len(position) < 2:  # noqa: PLR2004 - ra and dec
        raise Refusal(400, "RA/Declination must not be null for a new Obj")
    if unknown := {name: ["Unknown field."] for name in fields if name not in objects.FIELDS}:
        raise Refusal(400, f"Invalid/missing parameters: {unknown}")
    objects.check_position(position)
    group_ids = _groups(call, body.get("group_ids"))
    if known is None:
        ra, dec = position["ra"], position["dec"]
        call.state.objects[obj_id] = Obj(id=obj_id, ra=ra, dec=dec, fields=fields, pixel_of=(ra, dec), created_at=now())
    call.state.sources.setdefault(obj_id, set()).update(group_ids)
    return {"id": obj_id, "saved_to_groups": group_ids}


def _groups(call: Call, wanted: Sequence[int] | None) -> list[int]:
    member = {group.id for group in permissions.groups(call.directory, call.user)}
    for number in wanted or ():
        if number not in member:
            raise Refusal(400, f"Cannot find group_id {number}. Please remove and try again.")
    return sorted(wanted or member)


async def get(call: Call) -> object:
    """Show the object; candidates suffice."""
    await call.pace.takes(16)
    obj = call.state.objects.get(call.arguments[0])
    if obj is None:
        raise Refusal(404, "Source not found")
    shown = {
        **objects.show(obj),
        "followup_requests": [],
        "galaxies": None,
        "duplicates": [],
        "assignments": [],
        "classifications": [],
        "ebv": None,
        "tags": [],
        "groups": [
            {"id": number, "name": call.directory.groups[number].name, "active": True}
            for number in sorted(call.state.sources.get(obj.id, ()))
            if number in call.directory.groups
        ],
    }
    if call.flag("includeThumbnails"):
        shown["thumbnails"] = []
    return shown


async def head(call: Call) -> object:
    """Answer whether a group saved the object: a candidate alone is no source, unlike for GET."""
    await call.pace.takes(10)
    if not call.state.sources.get(call.arguments[0]):
        raise Refusal(404, "")
    return {}
