"""``/api/groups``: groups, their members and their streams."""

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.directory import Group
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
    if not str(name or "").strip():
        raise Refusal(400, "Missing required parameter: `name`")
    if any(group.name == name for group in call.directory.groups.values()):
        raise Refusal(400, f"Group with name {name} already exists. Please select a new one.")
    admins = [int(number) for number in body.get("group_admins", [])]
    known = [number for number in admins if number in call.directory.users]
    return {"id": call.directory.add_group(str(name), admins=known).id}


async def post_user(call: Call) -> object:
    """Make a user a member of a group whose streams he holds."""
    await call.pace.takes(20)
    group = _led(call)
    body = call.json()
    if "userID" not in body:
        raise Refusal(400, "userID parameter must be specified")
    number, admin = int(body["userID"]), bool(body.get("admin", False))
    user = call.directory.users.get(number)
    if user is None:
        raise Refusal(400, f"User with ID {number} not accessible")
    if lacking := sorted(group.streams - user.streams):
        raise Refusal(
            403,
            f"User with ID {number} ({user.username}) does not have stream access with ID {lacking[0]}. "
            "Please contact a super-admin to grant access.",
        )
    if number in group.users:
        raise Refusal(400, f"User {number} is already a member of group {group.id}.")
    group.users[number] = admin
    return {"group_id": group.id, "user_id": number, "admin": admin}


async def post_stream(call: Call) -> object:
    """Give a group a stream that all its members hold; an unknown stream is held by nobody."""
    await call.pace.takes(20)
    directory = call.directory
    group = _led(call)
    stream_id = int(call.json()["stream_id"])
    # To be allowed to join it is not enough.
    if stream_id not in directory.streams or any(
        stream_id not in directory.users[member].streams for member in group.users
    ):
        raise Refusal(403, f"Not all users have stream access with ID {stream_id}")
    if stream_id in group.streams:
        raise Refusal(400, "Specified stream is already associated with this group.")
    group.streams.add(stream_id)
    return {"group_id": group.id, "stream_id": stream_id}


def _led(call: Call) -> Group:
    """Return the group that the path names, if the user may change it."""
    number = int(call.arguments[0])
    group = call.directory.groups.get(number)
    if group is None or not permissions.leads_group(call.directory, call.user, [number]):
        raise Refusal(400, f"Group with ID {number} not accessible")
    if group.single_user_group:
        raise Refusal(400, f"Cannot add users to group {number}. It is a single user group.")
    return group
