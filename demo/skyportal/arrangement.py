"""Changing and showing the set-up while the server runs, as an administrator would."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from demo.skyportal import permissions
from demo.skyportal.directory import BOT_ACLS, Directory, Filter, Group, Stream, Taxonomy
from demo.skyportal.state import State

Named = TypeVar("Named", Group, Stream, Filter, Taxonomy)


def arrange(state: State, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Add, then remove, then switch; return the set-up as it is then.

    ``groups`` and ``streams`` are lists of names, ``filters`` of ``[name, group, stream]``, ``taxonomies``
    of ``[name, version, [class, ...]]``, ``brokers`` of ``[name, class, whether it is active]``, ``tokens`` of objects
    with a ``name`` and perhaps ``token``, ``acls``, ``groups``, ``streams``. What is removed or switched is named by
    its id or its name, a token by itself.
    """
    directory = state.directory
    steps: dict[str, Callable[[Any], object]] = {
        "groups": lambda name: directory.add_group(name, admins=(directory.bot.id,)),
        "streams": lambda name: directory.bot.streams.add(directory.add_stream(name).id),
        "filters": lambda names: directory.add_named_filter(*names),
        "taxonomies": lambda wish: directory.add_taxonomy(*wish),
        "brokers": lambda wish: directory.add_broker(wish[0], wish[1], active=wish[2]),
        "tokens": lambda wish: _add_token(directory, wish),
        "remove_filters": lambda wanted: directory.filters.pop(find(directory.filters, wanted).id),
        "remove_groups": lambda wanted: _remove_group(state, find(directory.groups, wanted).id),
        "remove_streams": lambda wanted: _remove_stream(directory, find(directory.streams, wanted).id),
        "remove_taxonomies": lambda wanted: _remove_taxonomy(state, find(directory.taxonomies, wanted).id),
        "remove_tokens": directory.tokens.pop,
        "deactivate_filters": lambda wanted: directory.inactive.add(find(directory.filters, wanted).id),
        "activate_filters": lambda wanted: directory.inactive.discard(find(directory.filters, wanted).id),
    }
    if unknown := wishes.keys() - steps:
        raise ValueError(f"no set-up {', '.join(sorted(unknown))}: there is {', '.join(steps)}")
    for name, step in steps.items():
        for wish in wishes.get(name, ()):
            step(wish)
    return shown(directory)


def find(table: Mapping[int, Named], wanted: int | str) -> Named:
    """Return the row of that id or, the first, of that name."""
    for row in table.values():
        if wanted in {row.id, row.name}:
            return row
    raise ValueError(f"nothing of id or name {wanted!r} to change; there is {[row.name for row in table.values()]}")


def shown(directory: Directory) -> dict[str, Any]:
    """Return groups, streams, filters, instruments, taxonomies and users, tokens included."""
    return {
        "groups": [
            {
                "id": row.id,
                "name": row.name,
                "single_user_group": row.single_user_group,
                "users": sorted(row.users),
                "streams": sorted(row.streams),
            }
            for row in directory.groups.values()
        ],
        "streams": [{"id": row.id, "name": row.name} for row in directory.streams.values()],
        "filters": [
            {
                "id": row.id,
                "name": row.name,
                "group_id": row.group_id,
                "stream_id": row.stream_id,
                "active": row.id not in directory.inactive,
            }
            for row in directory.filters.values()
        ],
        "instruments": [
            {"id": row.id, "name": row.name, "filters": list(row.filters)} for row in directory.instruments.values()
        ],
        "taxonomies": [
            {
                "id": row.id,
                "name": row.name,
                "version": row.version,
                "hierarchy": row.hierarchy,
                "group_ids": list(row.group_ids),
            }
            for row in directory.taxonomies.values()
        ],
        "users": [
            {
                "id": user.id,
                "username": user.username,
                "token": user.token,
                "acls": sorted(user.acls),
                "group": permissions.own_group(directory, user).id,
            }
            for user in directory.users.values()
        ],
    }


def _add_token(directory: Directory, wish: Mapping[str, Any]) -> None:
    user = directory.add_user(wish["name"], _texts(wish.get("acls", BOT_ACLS)), token=wish.get("token", ""))
    for group in wish.get("groups", ()):
        find(directory.groups, group).users[user.id] = False
    for stream in wish.get("streams", ()):
        user.streams.add(find(directory.streams, stream).id)


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]


def _remove_group(state: State, number: int) -> None:
    del state.directory.groups[number]
    shared = (state.points, state.annotations, state.point_annotations, state.classifications)
    for row in (row for table in shared for row in table.values()):
        row.groups.discard(number)


def _remove_taxonomy(state: State, number: int) -> None:
    del state.directory.taxonomies[number]
    for row in [row for row in state.classifications.values() if row.taxonomy_id == number]:
        del state.classifications[row.id]


def _remove_stream(directory: Directory, number: int) -> None:
    del directory.streams[number]
    for held in [user.streams for user in directory.users.values()]:
        held.discard(number)
    for group in directory.groups.values():
        group.streams.discard(number)
