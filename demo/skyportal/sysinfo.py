"""``/api/sysinfo``: answers everybody, without the database; no sign of readiness."""

from demo.skyportal.call import Call


async def get(_: Call) -> object:
    """Answer that the process runs."""
    return {"gitlog": []}
