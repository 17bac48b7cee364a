"""``/api/streams``: classes of data access, created by the administrator only."""

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.envelope import Refusal
from demo.skyportal.tracebacks import DatabaseError

FIELDS = {"name", "altdata", "auto_join"}


async def get_all(call: Call) -> object:
    """List the streams that the user holds."""
    await call.pace.takes(15)
    return [serialize.stream(row) for row in permissions.streams(call.directory, call.user)]


async def post(call: Call) -> object:
    """Create a stream; a name that exists is an error of the database, a permanent 500."""
    body = call.json()
    wrong = [] if "name" in body else ["name: Field required"]
    wrong += [f"{field}: Extra inputs are not permitted" for field in body if field not in FIELDS]
    if wrong:
        raise Refusal(400, "Invalid/missing parameters: " + "; ".join(wrong))
    name = str(body["name"])
    if any(row.name == name for row in call.directory.streams.values()):
        call.directory.next_id("streams")
        error = DatabaseError(
            name="errors.UniqueViolation",
            text=(
                'duplicate key value violates unique constraint "streams_name_key"\n'
                f"DETAIL:  Key (name)=({name}) already exists."
            ),
            code="gkpj",
            statement="INSERT INTO streams (name, altdata, auto_join, ...) VALUES (...) RETURNING streams.id",
        )
        raise Refusal(500, str(error))
    row = call.directory.add_stream(name, altdata=body.get("altdata"), auto_join=bool(body.get("auto_join")))
    return {"id": row.id}


async def post_user(call: Call) -> object:
    """Let a user hold a stream: the administrator anybody, others themselves where the stream lets them."""
    number, user_id = int(call.arguments[0]), int(call.json()["user_id"])
    stream, user = call.directory.streams.get(number), call.directory.users.get(user_id)
    if stream is None:
        raise Refusal(400, f"Could not retrieve stream with ID {number}.")
    if user is None or not (call.user.is_admin or (stream.auto_join and user_id == call.user.id)):
        raise Refusal(
            400,
            "Insufficient permissions: only system admins can grant stream access to other users or to non-auto-join "
            "streams.",
        )
    if stream.id in user.streams:
        raise Refusal(400, "Specified user already has access to this stream.")
    user.streams.add(stream.id)
    return {"stream_id": stream.id, "user_id": user_id}
