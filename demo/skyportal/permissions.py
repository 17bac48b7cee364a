"""Which rows of the set-up a user may see, as SkyPortal's access rules were observed."""

from demo.skyportal.directory import Directory, Filter, Group, Stream, Taxonomy, User


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
