"""``/api/candidates``: an object passed filters. Creates the object where it is new."""

from dataclasses import replace

from demo.skyportal import annotations, objects, passed_at, permissions, thumbnails
from demo.skyportal.call import Call
from demo.skyportal.directory import now
from demo.skyportal.envelope import Refusal
from demo.skyportal.state import Obj
from demo.skyportal.tracebacks import DatabaseError

BIGINT_END = 2**63
NOT_COLUMNS = {"id", "ra", "dec", "filter_ids", "passing_alert_id", "passed_at"}


async def post(call: Call) -> object:
    """Save one candidate per distinct filter that the user may use; the others are dropped without a word."""
    body = call.json()
    if body.get("id") is None:
        raise Refusal(400, "Missing required parameter: `id`.")
    obj_id = str(body["id"])
    known = call.state.objects.get(obj_id)
    await call.pace.takes(27 if known else 33)
    if known is None:
        for name, label in (("ra", "RA"), ("dec", "Dec")):
            if body.get(name) is None:
                raise Refusal(400, f"{label} must not be null for a new Obj")
    if body.get("passed_at") is None:
        raise Refusal(400, "Missing required parameter: `passed_at`.")
    time = passed_at.parse(body["passed_at"])
    if "filter_ids" not in body:
        raise Refusal(400, "Missing required filter_ids parameter.")
    extra = {name: value for name, value in body.items() if name not in NOT_COLUMNS}
    position = {name: body[name] for name in ("ra", "dec") if body.get(name) is not None}
    if known is None:
        unknown = {name: ["Unknown field."] for name in extra if name not in objects.FIELDS}
        if unknown:
            raise Refusal(400, f"Invalid/missing parameters: {unknown}")
    objects.check_position(position)
    filter_ids = _usable_filters(call, body["filter_ids"])
    alert_id = _alert_id(body.get("passing_alert_id"))
    _save_object(call, obj_id, position, extra)
    ids = [call.state.save_candidate(obj_id, filter_id, time, alert_id) for filter_id in filter_ids]
    return {"ids": ids}


async def head(call: Call) -> object:
    """Answer whether the object is a candidate of a filter that the user may see."""
    await call.pace.takes(10)
    visible = permissions.filters(call.directory, call.user)
    if not any(row.filter_id in visible for row in call.state.candidates_of(call.arguments[0])):
        raise Refusal(404, "")
    return {}


async def get(call: Call) -> object:
    """Show the object, candidate or not, and on request what it passed."""
    await call.pace.takes(15)
    obj = call.state.objects.get(call.arguments[0])
    if obj is None:
        raise Refusal(400, "Invalid ID")
    shown = {
        **objects.show(obj),
        "annotations": annotations.of_object(call, obj.id),
        "thumbnails": thumbnails.newest(call, obj.id),
        "photstats": [],
        "is_source": 0,
        "last_detected_at": None,
    }
    if call.flag("includeAlerts"):
        visible = permissions.filters(call.directory, call.user)
        rows = [row for row in call.state.candidates_of(obj.id) if row.filter_id in visible]
        rows.sort(key=lambda row: row.passed_at, reverse=True)
        shown["filter_ids"] = [row.filter_id for row in rows]
        shown["passing_alerts"] = [
            {"filter_id": row.filter_id, "passing_alert_id": row.passing_alert_id, "passed_at": row.passed_at}
            for row in rows
        ]
    return shown


async def delete(call: Call) -> object:
    """Forget the object's candidates of one filter."""
    await call.pace.takes(30)
    obj_id, filter_id = call.arguments
    call.state.delete_candidates(obj_id, int(filter_id))
    return {}


def _usable_filters(call: Call, filter_ids: object) -> list[int]:
    if not isinstance(filter_ids, list):
        raise Refusal(
            500, f"IN expression list, SELECT construct, or bound parameter object expected, got {filter_ids!r}."
        )
    if any(isinstance(number, str) for number in filter_ids):
        error = DatabaseError(
            name="errors.UndefinedFunction",
            text=(
                "operator does not exist: integer = character varying\n"
                "LINE 11: WHERE filters.id IN ($3::VARCHAR)\n                          ^\n"
                "HINT:  No operator matches the given name and argument types. "
                "You might need to add explicit type casts."
            ),
            code="f405",
            statement="SELECT filters.name, ... FROM filters ... WHERE filters.id IN (%(id_2_1)s::VARCHAR)",
        )
        raise Refusal(500, str(error))
    visible = permissions.filters(call.directory, call.user)
    usable = sorted(number for number in set(filter_ids) if number in visible)
    if not usable:
        raise Refusal(400, "At least one valid filter ID must be provided.")
    return usable


def _alert_id(value: object) -> int | None:
    if value is None:
        return None
    try:
        number = int(str(value))
    except ValueError as error:
        text = f"invalid input syntax for type bigint: \"{value}\"\nCONTEXT:  unnamed portal parameter $4 = '...'"
        raise Refusal(500, str(_insert_failed("errors.InvalidTextRepresentation", text))) from error
    if not -BIGINT_END <= number < BIGINT_END:
        raise Refusal(500, str(_insert_failed("errors.NumericValueOutOfRange", "bigint out of range")))
    return number


def _insert_failed(name: str, text: str) -> DatabaseError:
    return DatabaseError(
        name=name,
        text=text,
        code="9h9h",
        statement="INSERT INTO candidates (obj_id, filter_id, passed_at, passing_alert_id, ...) VALUES (...)",
    )


def _save_object(call: Call, obj_id: str, position: dict[str, object], extra: dict[str, object]) -> None:
    known = call.state.objects.get(obj_id)
    pixel_of = (position["ra"], position["dec"]) if len(position) == 2 else None  # noqa: PLR2004 - ra and dec
    history = objects.redshift_history(known, extra.get("redshift"), call.user)
    fields = {**(known.fields if known else extra), "redshift_history": history}
    if known is not None:
        call.state.objects[obj_id] = replace(known, fields=fields, pixel_of=pixel_of or known.pixel_of)
        return
    ra, dec = position["ra"], position["dec"]
    call.state.objects[obj_id] = Obj(id=obj_id, ra=ra, dec=dec, fields=fields, pixel_of=(ra, dec), created_at=now())
