"""``/api/brokers``: SkyPortal's own connections to alert brokers. Only an administrator makes them."""

from demo.skyportal import serialize
from demo.skyportal.call import Call


async def get_all(call: Call) -> object:
    """List all of them, to anybody; how they are configured only the administrator is told."""
    await call.pace.takes(15)
    return [serialize.broker(row) for row in call.directory.brokers.values()]
