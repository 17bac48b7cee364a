"""SkyPortal's ids of what routes name, and who we are to it."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.taxonomy import classes
from sink.routing.routes import Part, Route

Get = Callable[[str], Any]
"""GET a path; returns the envelope's ``data``."""


class Unroutable(Exception):
    """A name of a route is unknown to SkyPortal; the text says which, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taxonomy:
    """A taxonomy and the classes that SkyPortal takes for it."""

    id: int
    name: str
    classes: frozenset[str]


NO_TAXONOMY = Taxonomy(id=0, name="", classes=frozenset())
"""Of a route that classifies nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A route by SkyPortal's ids."""

    filter_id: int
    group_id: int
    stream_id: int
    instrument_id: int
    parts: tuple[Part, ...]
    save: bool
    taxonomy: Taxonomy
    author_id: int
    """The user that SkyPortal keeps as the author of what we write."""


class Directory:
    """Names to ids, as SkyPortal had them when they were last read. Thread-safe."""

    def __init__(self, *, stale_after_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Look a name that is missing up again at most every ``stale_after_s`` seconds."""
        self._clock = clock
        self._stale_after = stale_after_s
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._groups: Mapping[str, int] = {}
        self._streams: Mapping[str, int] = {}
        self._instruments: Mapping[str, int] = {}
        self._filters: Mapping[tuple[str, int, int], int] = {}
        self._taxonomies: Mapping[str, Taxonomy] = {}
        self._author_id = 0

    def read(self, get: Get) -> None:
        """Read all names anew. Raises `Unroutable` if SkyPortal lists them in a form that nobody knows."""
        try:
            self._read(get)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unroutable(
                "SkyPortal lists its groups, streams, instruments or filters in an unknown form "
                f"({type(error).__name__}: {error}): is SKYPORTAL_URL a SkyPortal?"
            ) from error

    def _read(self, get: Get) -> None:
        # Filters come twice each, and their names are not unique: the oldest of a name, group and stream is ours.
        filters = sorted(get("/api/filters"), key=lambda item: -int(item["id"]))
        groups = get("/api/groups")["user_groups"]
        streams = get("/api/streams")
        instruments = get("/api/instrument")
        taxonomies = [_taxonomy(item) for item in sorted(get("/api/taxonomy"), key=_age)]
        author_id = _author_id(get, groups)
        with self._lock:
            self._groups = {item["name"]: item["id"] for item in groups}
            self._streams = {item["name"]: item["id"] for item in streams}
            self._instruments = {item["name"]: item["id"] for item in instruments}
            self._filters = {(item["name"], item["group_id"], item["stream_id"]): item["id"] for item in filters}
            self._taxonomies = {item.name: item for item in taxonomies}
            self._author_id = author_id
            self._read_at = self._clock()

    def expire(self) -> None:
        """Let everything be read anew before it is used again: we may be somebody else to SkyPortal now."""
        self._read_at = float("-inf")

    def read_if_expired(self, get: Get) -> None:
        """Read all names anew if they have expired."""
        if self._read_at == float("-inf"):
            self.read(get)

    def read_if_stale(self, get: Get) -> None:
        """Read all names anew, unless that was done a moment ago."""
        self.read_if_older_than(self._clock() - self._stale_after, get)

    def read_if_older_than(self, moment: float, get: Get) -> None:
        """Read all names anew, unless that was done after ``moment``, a time of the clock."""
        if self._read_at <= moment:
            self.read(get)

    def check(self, route: Route) -> None:
        """Look up what ``route`` names whatever the topic and the survey. Raises `Unroutable`."""
        with self._lock:
            self._named(self._groups, "group", route.group)
            if "classification" in route.parts:
                self._taxonomy(route.taxonomy)

    def resolve(self, route: Route) -> Destination:
        """Return the ids of ``route``. Raises `Unroutable`, naming the first name that SkyPortal does not know."""
        with self._lock:
            group_id = self._named(self._groups, "group", route.group)
            stream_id = self._named(self._streams, "stream", route.stream)
            instrument_id = self._named(self._instruments, "instrument", route.instrument)
            filter_id = self._filters.get((route.filter, group_id, stream_id))
            classifies = "classification" in route.parts
            taxonomy = self._taxonomy(route.taxonomy) if classifies else NO_TAXONOMY
            author_id = self._author_id
        if filter_id is None:
            raise Unroutable(
                f"SkyPortal has no filter {route.filter!r} of group {route.group!r} on stream {route.stream!r} "
                "that the bot can see: `python -m sink provision` creates it (--topic names a topic that routes.toml "
                "does not); or name another one in routes.toml"
            )
        return Destination(
            filter_id=filter_id,
            group_id=group_id,
            stream_id=stream_id,
            instrument_id=instrument_id,
            parts=route.parts,
            save=route.save,
            taxonomy=taxonomy,
            author_id=author_id,
        )

    def _taxonomy(self, name: str) -> Taxonomy:
        try:
            return self._taxonomies[name]
        except KeyError:
            raise Unroutable(
                f"SkyPortal has no taxonomy {name!r} that the bot can see: `python -m sink provision` creates Fink's; "
                "or name another one, or parts without classification, in routes.toml"
            ) from None

    @staticmethod
    def _named(ids: Mapping[str, int], kind: str, name: str) -> int:
        try:
            return ids[name]
        except KeyError:
            known = ", ".join(sorted(ids)) or "none"
            raise Unroutable(
                f"SkyPortal has no {kind} {name!r} that the bot can see (there are: {known}): "
                "`python -m sink provision` creates it or says who can; or name another one in routes.toml"
            ) from None


def _age(shown: Mapping[str, Any]) -> tuple[bool, int]:
    """Sort the taxonomies of one name so that the one to use comes last."""
    return bool(shown["isLatest"]), int(shown["id"])


def _taxonomy(shown: Mapping[str, Any]) -> Taxonomy:
    return Taxonomy(id=int(shown["id"]), name=str(shown["name"]), classes=classes(shown["hierarchy"]))


def _author_id(get: Get, groups: Iterable[Mapping[str, Any]]) -> int:
    """Return who we are: the only member of our own group. SkyPortal's API does not tell it more directly."""
    own = [int(group["id"]) for group in groups if group["single_user_group"]]
    members = [int(user["id"]) for number in own for user in get(f"/api/groups/{number}")["users"]]
    if not members:
        raise ValueError("the bot has no group of its own")
    return members[0]
