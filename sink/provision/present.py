"""What SkyPortal has of what the routes need, and what it lets the bot see of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.taxonomy import classes
from sink.provision.asking import Asking, NotProvisioned

FilterKey = tuple[str, int, int]
"""Name, group and stream."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A group that the bot is a member of."""

    id: int
    streams: frozenset[int]
    is_led: bool
    """Whether the bot is one of its admins."""
    admins: tuple[str, ...]
    filters: Mapping[FilterKey, int]
    """Those too that SkyPortal does not list for the bot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A stream that the bot sees."""

    id: int
    is_held: bool
    """False if the bot sees it only because everybody may join it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instrument:
    """An instrument."""

    id: int
    bands: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTaxonomy:
    """A taxonomy of one of the bot's groups."""

    id: int
    name: str
    version: str
    classes: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """SkyPortal as the bot saw it."""

    user_id: int
    user_name: str
    groups: Mapping[str, Group]
    """Those of the wanted ones that the bot is in."""
    other_groups: Mapping[str, int]
    """Those of the wanted ones that the bot is not in."""
    streams: Mapping[str, Stream]
    other_streams: Mapping[str, int]
    """Streams of groups, which the bot does not hold."""
    instruments: Mapping[str, Instrument]
    filters: Mapping[FilterKey, int]
    """Of filters with one name, the oldest: the one that the sink uses."""
    taxonomies: Sequence[ShownTaxonomy]


def observe(asking: Asking, wanted: Collection[str]) -> Present:
    """Look everything up; ``wanted`` are names of groups. Raises `NotProvisioned`."""
    try:
        return _observed(asking, wanted)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotProvisioned(
            f"SkyPortal answers in an unknown form ({type(error).__name__}: {error}): is SKYPORTAL_URL a SkyPortal?"
        ) from error


def listed_filters(asking: Asking) -> Mapping[FilterKey, int]:
    """Return the filters that the bot sees, the oldest of each name. Raises `NotProvisioned`."""
    return _oldest(asking.get("/api/filters"))


def _observed(asking: Asking, wanted: Collection[str]) -> Present:
    filters = listed_filters(asking)
    shown = asking.get("/api/groups")
    mine, every = shown["user_groups"], shown["all_groups"]
    own = next((group for group in mine if group["single_user_group"]), None)
    if own is None:
        raise ValueError("the bot has no group of its own")
    (me,) = asking.get(f"/api/groups/{own['id']}")["users"]  # the API does not tell more directly who we are
    groups = {
        group["name"]: _group(asking.get(f"/api/groups/{group['id']}"), me["id"])
        for group in mine
        if group["name"] in wanted
    }
    # SkyPortal lets only those into a group who hold all of its streams.
    held = {number for group in groups.values() for number in group.streams}
    streams = {
        row["name"]: Stream(id=row["id"], is_held=row["id"] in held or not row["auto_join"])
        for row in asking.get("/api/streams")
    }
    return Present(
        user_id=me["id"],
        user_name=me["username"],
        groups=groups,
        other_groups={row["name"]: row["id"] for row in every if row["name"] in wanted and row["name"] not in groups},
        streams=streams,
        other_streams={
            row["name"]: row["id"] for group in every for row in group.get("streams", ()) if row["name"] not in streams
        },
        instruments={
            row["name"]: Instrument(id=row["id"], bands=frozenset(row["filters"] or ()))
            for row in asking.get("/api/instrument")
        },
        filters=filters,
        taxonomies=[
            ShownTaxonomy(id=row["id"], name=row["name"], version=row["version"], classes=classes(row["hierarchy"]))
            for row in asking.get("/api/taxonomy")
        ],
    )


def _group(shown: Mapping[str, Any], user_id: int) -> Group:
    return Group(
        id=shown["id"],
        streams=frozenset(row["id"] for row in shown["streams"]),
        is_led=any(user["id"] == user_id and user["admin"] for user in shown["users"]),
        admins=tuple(user["username"] for user in shown["users"] if user["admin"]),
        filters=_oldest(shown["filters"]),
    )


def _oldest(shown: Sequence[Mapping[str, Any]]) -> Mapping[FilterKey, int]:
    rows = sorted(shown, key=lambda row: -int(row["id"]))
    return {(row["name"], row["group_id"], row["stream_id"]): row["id"] for row in rows}
