"""``/api/groups``: groups, their members and their streams."""

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.envelope import Refusal


async def get_all(call: Call) -> object:
    """List the user's groups three times over, as SkyPortal does."""
    await call.pace.takes(15)
    directory = call.directory
    mine = permissions.groups(directory, call.user)
    shared = [group for group in directory.groups.values() if not group.single_user_group]
    shared.sort(key=lambda group: group.name.lower())
    accessible = shared if call.user.is_admin else [group for group in mine if not group.single_user_group]
    lists = {"user_groups": mine, "user_accessible_groups": accessible, "all_groups": shared}
    return {
        name: [serialize.group(group, directory, streams=True) for group in groups] for name, groups in lists.items()
    }


async def get_one(call: Call) -> object:
    """Show a group with its members."""
    await call.pace.takes(15)
    group = call.directory.groups.get(int(call.arguments[0]))
    if group is None:
        raise Refusal(400, f"Could not load group {call.arguments[0]}. Please check that the ID is valid.")
    return serialize.group_detail(group, call.directory)


async def post(call: Call) -> object:
    """Create a group. Whoever creates it with a token is no member of it."""
    await call.pace.takes(20)
    body = call.json()
    name = body.get("name")
    if not name:
        raise Refusal(400, "Missing required parameter: `name`")
    if any(group.name == name for group in call.directory.groups.values()):
        raise Refusal(400, f"Group with name {name} already exists. Please select a new one.")
    admins = [int(number) for number in body.get("group_admins", [])]
    return {"id": call.directory.add_group(str(name), admins=admins).id}


async def post_stream(call: Call) -> object:
    """Give a group a stream that all its members hold; an unknown stream is held by nobody."""
    await call.pace.takes(20)
    directory = call.directory
    number = int(call.arguments[0])
    group = directory.groups.get(number)
    if group is None or not (call.user.is_admin or group.users.get(call.user.id)):
        raise Refusal(400, f"Group with ID {number} not accessible")
    stream_id = int(call.json()["stream_id"])
    members = [directory.users[member] for member in group.users]
    held = all(stream_id in {row.id for row in permissions.streams(directory, member)} for member in members)
    if stream_id not in directory.streams or not held:
        raise Refusal(403, f"Not all users have stream access with ID {stream_id}")
    if stream_id in group.streams:
        raise Refusal(400, "Specified stream is already associated with this group.")
    group.streams.add(stream_id)
    return {"group_id": number, "stream_id": stream_id}
