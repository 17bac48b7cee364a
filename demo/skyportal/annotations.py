"""``/api/sources/{id}/annotations``: facts about an object, one row per origin. Only the author changes a row."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from demo.skyportal import jsonb, permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.directory import now
from demo.skyportal.envelope import Refusal
from demo.skyportal.photometry_reading import Visible
from demo.skyportal.state import Annotation, PointAnnotation
from demo.skyportal.tracebacks import DatabaseError

INSERT = (
    "INSERT INTO {table} (modified, created_at, data, origin, author_id, {key}) VALUES (...) "
    "RETURNING {table}.id, {table}.modified, {table}.created_at"
)
UPDATE = "UPDATE annotations SET modified=..., {column}=... WHERE annotations.id = %(annotations_id)s::INTEGER"
ORIGIN = re.compile(r"\w+")
COLUMNS = {"id", "data", "origin", "obj_id", "author_id"}


async def get_all(call: Call) -> object:
    """List the object's annotations that the user's groups see; none for an object that does not exist."""
    await call.pace.takes(18)
    return [show(call, row) for row in call.state.annotations.of(call.arguments[0]) if sees(call, row)]


async def get_one(call: Call) -> object:
    """Show one annotation."""
    await call.pace.takes(17)
    return show(call, _find(call, lambda row: sees(call, row)))


async def post(call: Call) -> object:
    """Insert an annotation; without groups it belongs to all of the user's."""
    await call.pace.takes(19)
    body = call.json()
    _check(body)
    groups = _groups(call, body.get("group_ids"))
    obj_id = call.arguments[0]
    data = _stored(body["data"], INSERT.format(table="annotations", key="obj_id"))
    (number,) = call.state.annotations.draw()
    if obj_id not in call.state.objects:
        raise Refusal(404, f"Obj {obj_id} not found")
    if any(row.origin == body["origin"] for row in call.state.annotations.of(obj_id)):
        statement = INSERT.format(table="annotations", key="obj_id")
        raise Refusal(400, f"Annotation already exists: {_not_unique(obj_id, body['origin'], statement)}")
    row = Annotation(id=number, obj_id=obj_id, origin=body["origin"], data=data, author_id=call.user.id, groups=groups)
    return {"annotation_id": call.state.annotations.add(row)}


async def post_of_point(call: Call) -> object:
    """Insert an annotation of a point of photometry."""
    await call.pace.takes(55)
    body = call.json()
    _check(body)
    groups = _groups(call, body.get("group_ids"))
    point = call.state.points.get(int(call.arguments[0]))
    if point is None or not Visible(call).includes(point):
        raise Refusal(403, f"Could not access photometry {call.arguments[0]}.")
    statement = INSERT.format(table="annotations_on_photometry", key="obj_id, photometry_id")
    data = _stored(body["data"], statement)
    (number,) = call.state.point_annotations.draw()
    known = call.state.point_annotations.of(point.obj_id)
    if any((row.photometry_id, row.origin) == (point.id, body["origin"]) for row in known):
        error = DatabaseError(
            name="errors.UniqueViolation",
            text=(
                "duplicate key value violates unique constraint "
                '"annotations_on_photometry_photometry_id_origin_key"\n'
                f"DETAIL:  Key (photometry_id, origin)=({point.id}, {body['origin']}) already exists."
            ),
            code="gkpj",
            statement=statement,
        )
        raise Refusal(400, f"Annotation already exists: {error}")
    row = PointAnnotation(
        id=number,
        obj_id=point.obj_id,
        photometry_id=point.id,
        origin=body["origin"],
        data=data,
        author_id=call.user.id,
        groups=groups,
    )
    return {"annotation_id": call.state.point_annotations.add(row)}


async def put(call: Call) -> object:
    """Replace what the body names: all of the data, the origin, all groups."""
    await call.pace.takes(25)
    row = _find(call, lambda row: _may_change(call, row))
    body = call.json()
    given = body.pop("group_ids", None)
    if unknown := {name: ["Unknown field."] for name in body if name not in COLUMNS}:
        raise Refusal(400, f"Invalid/missing parameters: {unknown}")
    groups = row.groups if given is None else permissions.known_groups(call.directory, given)
    data = _stored(body["data"], UPDATE.format(column="data")) if "data" in body else row.data
    origin = body.get("origin", row.origin)
    others = (other for other in call.state.annotations.of(row.obj_id) if other.id != row.id)
    if any(other.origin == origin for other in others):
        raise Refusal(500, str(_not_unique(row.obj_id, origin, UPDATE.format(column="origin"))))
    call.state.annotations.add(replace(row, data=data, origin=origin, groups=groups, modified=now()))
    return {}


async def put_without_id(_: Call) -> object:
    """Fail as SkyPortal does where the path names no annotation."""
    raise Refusal(500, "AnnotationHandler.put() missing 1 required positional argument: 'annotation_id'")


async def delete(call: Call) -> object:
    """Delete one annotation."""
    await call.pace.takes(25)
    del call.state.annotations[_find(call, lambda row: _may_change(call, row)).id]
    return {}


def of_object(call: Call, obj_id: str) -> list[dict[str, object]]:
    """Show the annotations that the user sees as the object does, in the order of their origins."""
    rows = sorted(call.state.annotations_of(obj_id), key=lambda row: row.origin)
    return [{**show(call, row), "type": "source"} for row in rows if sees(call, row)]


def sees(call: Call, row: Annotation) -> bool:
    """Return whether the user is in one of the annotation's groups."""
    return permissions.shares_group(call.directory, call.user, row.groups)


def show(call: Call, row: Annotation) -> dict[str, object]:
    """Show an annotation with its groups."""
    return {
        "id": row.id,
        "created_at": row.created_at,
        "author_id": row.author_id,
        "modified": row.modified,
        "data": row.data,
        "origin": row.origin,
        "obj_id": row.obj_id,
        "groups": serialize.groups(row.groups, call.directory),
    }


def _may_change(call: Call, row: Annotation) -> bool:
    return call.user.is_admin or row.author_id == call.user.id


def _find(call: Call, allows: Callable[[Annotation], bool]) -> Annotation:
    obj_id, number = call.arguments
    row = call.state.annotations.get(int(number))
    if row is None or not allows(row):
        raise Refusal(403, "Could not find any accessible annotations.")
    if row.obj_id != obj_id:
        raise Refusal(400, f"Annotation resource ID does not match resource ID given in path ({obj_id})")
    return row


def _check(body: Mapping[str, Any]) -> None:
    wrong = [f"{name}: Field required" for name in ("origin", "data") if name not in body]
    if "origin" in body and not isinstance(body["origin"], str):
        wrong.append("origin: Input should be a valid string")
    elif "origin" in body and not ORIGIN.match(body["origin"]):
        wrong.append(r"origin: String should match pattern '^\w+'")
    if "data" in body and not isinstance(body["data"], dict):
        wrong.append("data: Input should be a valid dictionary")
    if wrong:
        raise Refusal(400, "Invalid/missing parameters: " + "; ".join(wrong))


def _groups(call: Call, given: object) -> set[int]:
    if not given:
        return {group.id for group in permissions.groups(call.directory, call.user)}
    return permissions.known_groups(call.directory, given)


def _stored(data: object, statement: str) -> Any:
    try:
        return jsonb.stored(data, statement)
    except jsonb.Refused as refused:
        raise Refusal(500, str(refused)) from refused


def _not_unique(obj_id: str, origin: str, statement: str) -> DatabaseError:
    return DatabaseError(
        name="errors.UniqueViolation",
        text=(
            'duplicate key value violates unique constraint "annotations_obj_id_origin_key"\n'
            f"DETAIL:  Key (obj_id, origin)=({obj_id}, {origin}) already exists."
        ),
        code="gkpj",
        statement=statement,
    )
