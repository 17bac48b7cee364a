"""``/api/instrument``: the cameras, and the bands that their photometry may name."""

from demo.skyportal import serialize
from demo.skyportal.call import Call
from demo.skyportal.envelope import Refusal


async def get_all(call: Call) -> object:
    """List all instruments, or those of one name."""
    await call.pace.takes(15)
    name = call.query.get("name")
    return [serialize.instrument(row) for row in call.directory.instruments.values() if name in {None, row.name}]


async def get_one(call: Call) -> object:
    """Show one instrument."""
    await call.pace.takes(15)
    row = call.directory.instruments.get(int(call.arguments[0]))
    if row is None:
        raise Refusal(400, f"No instrument with ID: {call.arguments[0]}")
    return serialize.instrument(row)
