"""Which rows a user may see and change, as SkyPortal's access rules were observed."""

from collections.abc import Collection
from typing import Any

from demo.skyportal.directory import Directory, Filter, Group, Stream, Taxonomy, User
from demo.skyportal.envelope import Refusal


def own_group(directory: Directory, user: User) -> Group:
    """Return the user's single-user group, which every point of photometry gets."""
    return next(group for group in directory.groups.values() if group.single_user_group and user.id in group.users)


def groups(directory: Directory, user: User) -> list[Group]:
    """Return the groups the user is a member of, in SkyPortal's order."""
    member = [group for group in directory.groups.values() if user.id in group.users]
    return sorted(member, key=lambda group: group.name.lower())


def streams(directory: Directory, user: User) -> list[Stream]:
    """Return the streams the user holds, or could join on his own."""
    return [
        stream
        for stream in directory.streams.values()
        if user.is_admin or stream.auto_join or stream.id in user.streams
    ]


def filters(directory: Directory, user: User) -> dict[int, Filter]:
    """Return the active filters of the user's groups on streams that the user holds."""
    held = {stream.id for stream in streams(directory, user)}
    return {
        row.id: row
        for row in directory.filters.values()
        if row.id not in directory.inactive
        and row.group_id in directory.groups
        and (user.is_admin or user.id in directory.groups[row.group_id].users)
        and row.stream_id in held
    }


def taxonomies(directory: Directory, user: User) -> list[Taxonomy]:
    """Return the taxonomies of the user's groups."""
    member = {group.id for group in groups(directory, user)}
    return [row for row in directory.taxonomies.values() if user.is_admin or member & set(row.group_ids)]


def shares_group(directory: Directory, user: User, group_ids: Collection[int]) -> bool:
    """Return whether the user is a member of one of the groups; an administrator needs not be."""
    return user.is_admin or any(
        user.id in directory.groups[number].users for number in group_ids if number in directory.groups
    )


def leads_group(directory: Directory, user: User, group_ids: Collection[int]) -> bool:
    """Return whether the user is an admin of one of the groups."""
    return user.is_admin or any(
        directory.groups[number].users.get(user.id, False) for number in group_ids if number in directory.groups
    )


def known_groups(directory: Directory, given: Any) -> set[int]:
    """Return the groups of those ids, the user's or not; refuse all if one of them does not exist."""
    wanted = set(given) if isinstance(given, list) else {given}
    if not wanted <= directory.groups.keys():
        raise Refusal(400, f"Cannot find one or more groups with IDs: {given}.")
    return wanted
