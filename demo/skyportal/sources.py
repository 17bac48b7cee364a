"""``/api/sources``: an object, and which groups saved it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from demo.skyportal import annotations, classifications, objects, permissions, photometry_reading, thumbnails
from demo.skyportal.call import Call
from demo.skyportal.directory import now
from demo.skyportal.envelope import Refusal
from demo.skyportal.service_times import source_read
from demo.skyportal.state import Obj
from demo.skyportal.tracebacks import DatabaseError

RACE_S = 0.01
"""Between SkyPortal's look whether an object exists and its insertion; in that time another request can insert it."""

ID = re.compile(r"[a-zA-Z0-9_\-;:+.]+")
COLUMNS = ("id", "ra", "dec")


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
    if not ID.fullmatch(obj_id):
        raise Refusal(
            400,
            "Only letters, numbers, underscores, semicolons, colons, +, -, and periods are allowed in source ID",
        )
    position = {name: body[name] for name in ("ra", "dec") if body.get(name) is not None}
    fields = {name: value for name, value in body.items() if name not in {"id", "ra", "dec", "group_ids"}}
    if known is None and len(position) < 2:  # noqa: PLR2004 - ra and dec
        raise Refusal(400, "RA/Declination must not be null for a new Obj")
    if unknown := {name: ["Unknown field."] for name in fields if name not in objects.FIELDS}:
        raise Refusal(400, f"Invalid/missing parameters: {unknown}")
    objects.check_position(position)
    group_ids = _groups(call, body.get("group_ids"))
    if known is None:
        await asyncio.sleep(RACE_S)
        if obj_id in call.state.objects:
            raise Refusal(400, str(_created_meanwhile(obj_id)))
        ra, dec = position["ra"], position["dec"]
        fields["redshift_history"] = objects.redshift_history(None, fields.get("redshift"), call.user)
        call.state.objects[obj_id] = Obj(id=obj_id, ra=ra, dec=dec, fields=fields, pixel_of=(ra, dec), created_at=now())
    call.state.sources.setdefault(obj_id, set()).update(group_ids)
    return {"id": obj_id, "saved_to_groups": group_ids}


def _created_meanwhile(obj_id: str) -> DatabaseError:
    return DatabaseError(
        name="errors.UniqueViolation",
        text=(
            f'duplicate key value violates unique constraint "objs_pkey"\nDETAIL:  Key (id)=({obj_id}) already exists.'
        ),
        code="gkpj",
        statement="INSERT INTO objs (id, ra_dis, dec_dis, ...) VALUES (...) RETURNING objs.created_at",
    )


def _groups(call: Call, wanted: Sequence[int] | None) -> list[int]:
    member = {group.id for group in permissions.groups(call.directory, call.user)}
    for number in wanted or ():
        if number not in member:
            raise Refusal(400, f"Cannot find group_id {number}. Please remove and try again.")
    return sorted(wanted or member)


async def get(call: Call) -> object:
    """Show the object; candidates suffice."""
    obj = call.state.objects.get(call.arguments[0])
    points = tuple(call.state.points_of(call.arguments[0])) if call.flag("includePhotometry") else ()
    await call.pace.takes(source_read(len(points)))
    if obj is None:
        raise Refusal(404, "Source not found")
    shown = {
        **objects.show(obj),
        "annotations": annotations.of_object(call, obj.id),
        "followup_requests": [],
        "galaxies": None,
        "duplicates": [],
        "assignments": [],
        "classifications": [
            classifications.show_with_groups(call, row)
            for row in call.state.classifications_of(obj.id)
            if classifications.sees(call, row)
        ],
        "ebv": None,
        "tags": [],
        "groups": [
            {"id": number, "name": call.directory.groups[number].name, "active": True}
            for number in sorted(call.state.sources.get(obj.id, ()))
            if number in call.directory.groups
        ],
    }
    if call.flag("includeThumbnails"):
        shown["thumbnails"] = thumbnails.newest(call, obj.id)
    if call.flag("includePhotometry"):
        shown["photometry"] = photometry_reading.list_of(call, points, "both")
    return shown


async def patch(call: Call) -> object:
    """Change columns of the object."""
    await call.pace.takes(30)
    obj = call.state.objects.get(call.arguments[0])
    if obj is None:
        raise Refusal(404, "Source not found")
    body = call.json()
    if unknown := {name: ["Unknown field."] for name in body if name not in {*objects.FIELDS, *COLUMNS}}:
        raise Refusal(400, f"Invalid/missing parameters: {unknown}")
    position = {name: body[name] for name in ("ra", "dec") if body.get(name) is not None}
    objects.check_position(position)
    fields = {name: value for name, value in body.items() if name not in COLUMNS}
    fields["redshift_history"] = objects.redshift_history(obj, body.get("redshift"), call.user)
    ra, dec = position.get("ra", obj.ra), position.get("dec", obj.dec)
    call.state.objects[obj.id] = replace(obj, ra=ra, dec=dec, fields={**obj.fields, **fields}, pixel_of=(ra, dec))
    return {}


async def head(call: Call) -> object:
    """Answer whether a group saved the object: a candidate alone is no source, unlike for GET."""
    await call.pace.takes(10)
    if not call.state.sources.get(call.arguments[0]):
        raise Refusal(404, "")
    return {}
