"""``/api/filters``: selection programmes; their names are not unique and the list repeats its rows."""

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.directory import Filter
from demo.skyportal.envelope import Refusal
from demo.skyportal.tracebacks import DatabaseError

REQUIRED = ("name", "stream_id", "group_id")


async def get_all(call: Call) -> object:
    """List the user's filters, each of them twice: SkyPortal's query joins and does not make unique."""
    await call.pace.takes(15)
    rows = permissions.filters(call.directory, call.user).values()
    return [serialize.filter_(row) for row in rows for _ in range(2)]


async def get_one(call: Call) -> object:
    """Show one filter."""
    await call.pace.takes(15)
    row = permissions.filters(call.directory, call.user).get(int(call.arguments[0]))
    if row is None:
        raise Refusal(400, "Cannot find a filter with ID: " + call.arguments[0] + ".")
    return serialize.filter_(row)


async def post(call: Call) -> object:
    """Create a filter, whether or not one of that name exists or the group has the stream."""
    await call.pace.takes(20)
    directory = call.directory
    body = call.json()
    missing = [field for field in REQUIRED if field not in body]
    if missing:
        raise Refusal(400, "Invalid/missing parameters: " + "; ".join(f"{field}: Field required" for field in missing))
    stream_id, group_id = int(body["stream_id"]), int(body["group_id"])
    if stream_id not in directory.streams:
        raise Refusal(500, _foreign_key("stream", stream_id))
    if group_id not in directory.groups:
        raise Refusal(500, _foreign_key("group", group_id))
    readable = stream_id in {stream.id for stream in permissions.streams(directory, call.user)}
    if not (readable and permissions.shares_group(directory, call.user, [group_id])):
        operation = f"Token {call.user.token} create Filter {{{group_id}}}"
        raise Refusal(400, f'Insufficient permissions for operation "{operation}".')
    row = Filter(
        id=directory.next_id("filters"),
        name=str(body["name"]),
        stream_id=stream_id,
        group_id=group_id,
        altdata=body.get("altdata"),
        broker_id=body.get("broker_id"),
    )
    directory.filters[row.id] = row
    return {"id": row.id}


async def delete(call: Call) -> object:
    """Delete a filter that the user sees."""
    await call.pace.takes(20)
    number = int(call.arguments[0])
    if number not in permissions.filters(call.directory, call.user):
        raise Refusal(400, f"Cannot find a filter with ID: {number}.")
    del call.directory.filters[number]
    return {}


def _foreign_key(table: str, number: int) -> str:
    constraint = f"filters_{table}_id_fkey"
    error = DatabaseError(
        name="errors.ForeignKeyViolation",
        text=(
            f'insert or update on table "filters" violates foreign key constraint "{constraint}"\n'
            f'DETAIL:  Key ({table}_id)=({number}) is not present in table "{table}s".'
        ),
        code="gkpj",
        statement="INSERT INTO filters (name, stream_id, altdata, group_id, ...) VALUES (...) RETURNING filters.id",
    )
    return str(error)
