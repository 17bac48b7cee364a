"""Who and what SkyPortal knows before any alert comes: users, groups, streams, filters, instruments, taxonomies."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

SITEWIDE = "Sitewide Group"
STREAMS = ("ZTF Public", "LSST Public")
BOT_ACLS = frozenset({"Upload data", "Annotate", "Classify", "Post taxonomy"})
ADMIN_ACLS = BOT_ACLS | {"System admin", "Manage sources"}
INSTRUMENTS = (
    ("ZTF", "Palomar 48 inch", ("ztfg", "ztfr", "ztfi")),
    ("LSST", "Simonyi Survey Telescope", ("lsstu", "lsstg", "lsstr", "lssti", "lsstz", "lssty")),
)


def now(offset_s: float = 0) -> str:
    """Return the time, or one so many seconds from now, as SkyPortal writes it: UTC without a zone."""
    time = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=offset_s)
    return time.isoformat(timespec="microseconds")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every table has."""

    id: int
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Group(Row):
    """A group; ``users`` maps the ids of members to whether they are its admins."""

    name: str
    single_user_group: bool = False
    users: dict[int, bool] = field(default_factory=dict)
    streams: set[int] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class User(Row):
    """The owner of a token."""

    username: str
    token: str
    acls: frozenset[str]
    streams: set[int] = field(default_factory=set)

    @property
    def is_admin(self) -> bool:
        """Whether row-level permissions do not apply."""
        return "System admin" in self.acls


@dataclass(frozen=True, kw_only=True)
class Stream(Row):
    """A class of data access."""

    name: str
    altdata: object = None
    auto_join: bool = False


@dataclass(frozen=True, kw_only=True)
class Filter(Row):
    """A selection programme of one group on one stream."""

    name: str
    stream_id: int
    group_id: int
    altdata: object = None
    broker_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Broker(Row):
    """An alert broker that SkyPortal reads by itself, if it is active."""

    name: str
    classname: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class Instrument(Row):
    """A camera and the bands that its photometry may name."""

    name: str
    telescope: str
    filters: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Taxonomy(Row):
    """A tree of classes, seen by the members of its groups."""

    name: str
    version: str
    hierarchy: object
    provenance: object
    is_latest: bool
    group_ids: tuple[int, ...]
    posted: bool = True
    """Whether a client made it: such a one ends with the tables that clients fill."""


class Directory:
    """The set-up; ids count up as a database's do and are never given twice."""

    def __init__(
        self,
        *,
        token: str,
        admin_token: str,
        filters: Iterable[Sequence[str]] = (),
        taxonomies: Iterable[Sequence[Any]] = (),
    ) -> None:
        self.users: dict[int, User] = {}
        self.tokens: dict[str, User] = {}
        self.groups: dict[int, Group] = {}
        self.streams: dict[int, Stream] = {}
        self.filters: dict[int, Filter] = {}
        self.inactive: set[int] = set()
        self.brokers: dict[int, Broker] = {}
        self.instruments: dict[int, Instrument] = {}
        self.taxonomies: dict[int, Taxonomy] = {}
        self._last: dict[str, int] = {}
        self.sitewide = self.add_group(SITEWIDE)
        self.admin = self.add_user("admin", ADMIN_ACLS, token=admin_token)
        self.bot = self.add_user("finkbot", BOT_ACLS, token=token)
        self.add_group("Fink", admins=(self.bot.id,))
        for name in STREAMS:
            stream = self.add_stream(name)
            self.bot.streams.add(stream.id)
            for group in self.groups.values():
                if not group.single_user_group:
                    group.streams.add(stream.id)
        for name, telescope, bands in INSTRUMENTS:
            row = Instrument(id=self.next_id("instruments"), name=name, telescope=telescope, filters=bands)
            self.instruments[row.id] = row
        for name, group_name, stream_name in filters:
            self.add_named_filter(name, group_name, stream_name)
        for taxonomy, version, classes in taxonomies:
            self.add_taxonomy(taxonomy, version, classes)

    def next_id(self, table: str) -> int:
        """Draw from the table's sequence."""
        self._last[table] = self._last.get(table, 0) + 1
        return self._last[table]

    def add_group(self, name: str, *, admins: Iterable[int] = (), single_user: bool = False) -> Group:
        """Create a group with these admins and nobody else."""
        group = Group(
            id=self.next_id("groups"),
            name=name,
            single_user_group=single_user,
            users=dict.fromkeys(admins, True),
        )
        self.groups[group.id] = group
        return group

    def add_user(self, name: str, acls: Iterable[str], *, token: str = "") -> User:
        """Create a user with a token, a group of its own and membership in the Sitewide Group."""
        user = User(id=self.next_id("users"), username=name, token=token or str(uuid.uuid4()), acls=frozenset(acls))
        self.users[user.id] = user
        self.tokens[user.token] = user
        self.add_group(name, admins=(user.id,), single_user=True)
        self.sitewide.users[user.id] = False
        return user

    def give_tokens(self, *, token: str, admin_token: str) -> None:
        """Let these tokens hold from now on, and no others of the bot and the administrator."""
        self.bot, self.admin = replace(self.bot, token=token), replace(self.admin, token=admin_token)
        self.users |= {user.id: user for user in (self.bot, self.admin)}
        self.tokens = {user.token: user for user in self.users.values()}

    def add_stream(self, name: str, *, altdata: object = None, auto_join: bool = False) -> Stream:
        """Create a stream that nobody holds yet."""
        stream = Stream(id=self.next_id("streams"), name=name, altdata=altdata, auto_join=auto_join)
        self.streams[stream.id] = stream
        return stream

    def add_named_filter(self, name: str, group_name: str, stream_name: str) -> Filter:
        """Create a filter; an unknown group or stream is created too, for the bot."""
        groups = [group for group in self.groups.values() if group.name == group_name]
        group = groups[0] if groups else self.add_group(group_name, admins=(self.bot.id,))
        streams = [stream for stream in self.streams.values() if stream.name == stream_name]
        stream = streams[0] if streams else self.add_stream(stream_name)
        self.bot.streams.add(stream.id)
        group.streams.add(stream.id)
        row = Filter(id=self.next_id("filters"), name=name, stream_id=stream.id, group_id=group.id)
        self.filters[row.id] = row
        return row

    def add_broker(self, name: str, classname: str, *, active: bool) -> Broker:
        """Create a connection to an alert broker."""
        row = Broker(id=self.next_id("brokers"), name=name, classname=classname, active=active)
        self.brokers[row.id] = row
        return row

    def add_taxonomy(self, name: str, version: str, classes: Iterable[str]) -> Taxonomy:
        """Create a taxonomy of classes side by side, seen by the bot's groups."""
        row = Taxonomy(
            id=self.next_id("taxonomies"),
            name=name,
            version=version,
            hierarchy={"class": name, "subclasses": [{"class": one} for one in classes]},
            provenance=None,
            is_latest=True,
            group_ids=tuple(group.id for group in self.groups.values() if self.bot.id in group.users),
            posted=False,
        )
        self.taxonomies[row.id] = row
        return row

    def clear_posted(self) -> None:
        """Forget the taxonomies that clients made."""
        self.taxonomies = {row.id: row for row in self.taxonomies.values() if not row.posted}
