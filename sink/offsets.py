"""Which offsets may be committed, when records finish out of order."""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message, TopicPartition

from schemas import codec
from schemas.record import SkyPortalAlert
from sink.ahead import Ahead
from sink.held import Held
from sink.reasons import Reason


class Holding:
    """One partition during one assignment. A partition that comes back is another holding. Thread-safe."""

    def __init__(self, topic: str, partition: int, ahead: Ahead | None = None, *, first: int = 0) -> None:
        """``ahead`` are the records that were delivered ahead of others during an earlier assignment.

        ``first`` is the offset at which reading begins, as far as that is known.
        """
        self._first = first
        self.topic = topic
        self.partition = partition
        self.held = True
        """False as soon as the partition is revoked or lost: nothing more is sent for it."""
        self.blocked = False
        """True if a record of a newer version stands in it: nothing more is read from it."""
        self.is_behind = False
        """True while its newest records are read ahead of the others."""
        self.latest = -1
        """The offset that was read last, records that were read ahead left out."""
        self.has_newer = False
        """True if a record of a newer version stands further on: nothing is read ahead any more."""
        self.ahead = Ahead() if ahead is None else ahead
        self._lock = threading.Lock()
        self._settled: OrderedDict[int, bool] = OrderedDict()
        self._appended: dict[int, float] = {}
        """When each of them was appended to the topic, time.time()."""
        self._next: int | None = None

    def begins_again(self, offset: int) -> bool:
        """Say whether ``offset`` was read before: then the topic is another one of the same name."""
        return offset <= self.latest

    def collected(self, offset: int, appended_at: float = 0.0) -> None:
        """Note that the record at ``offset`` is in flight. Offsets come in rising order.

        ``appended_at`` is when the broker got it, as time.time() has it; 0 if it does not say.
        """
        with self._lock:
            self.latest = offset
            self._appended[offset] = appended_at
            self._settled[offset] = False
            self.ahead.reaches(offset)

    def read_ahead(self, offset: int, appended_at: float) -> bool:
        """Note that the record at ``offset`` is in flight before others that are older; False if it was read before."""
        with self._lock:
            if offset <= self.latest or offset in self.ahead:
                return False
            self.ahead.add(offset, appended_at)
            return True

    def reaches(self, offset: int, appended_at: float) -> bool:
        """Say whether the record at ``offset``, which is next, was read ahead: then it is not to be delivered again."""
        with self._lock:
            if offset not in self.ahead:
                return False
            self.latest = offset
            self._appended[offset] = appended_at
            self._settled[offset] = self.ahead.reaches(offset)
            return True

    def begin(self, ahead: Ahead) -> None:
        """Take ``ahead`` for what was read ahead: the partition does not hold what it held."""
        with self._lock:
            self.ahead = ahead

    def unread(self, offset: int) -> bool:
        """Forget that the record at ``offset``, of a newer version, was read ahead; False if it was not."""
        with self._lock:
            if offset not in self.ahead:
                return False
            self.ahead.forget(offset)
            self.has_newer = True
            return True

    def settle(self, offset: int) -> None:
        """Note that the record at ``offset`` needs no more work."""
        with self._lock:
            if offset in self.ahead:
                self.ahead.settle(offset)
            elif offset in self._settled:
                self._settled[offset] = True

    def has_read(self, end: int) -> bool:
        """Say whether all records below ``end`` were read, records that were read ahead left out."""
        return max(self.latest, self._first - 1) >= end - 1

    def oldest(self) -> float:
        """Return when the oldest record that is not settled was appended, as time.time() has it; 0 without one."""
        with self._lock:
            unsettled = (self._appended[offset] for offset, settled in self._settled.items() if not settled)
            return next(unsettled, self.ahead.oldest())

    def advance(self) -> TopicPartition | None:
        """Return the offset below which everything is settled, if it has moved since the last call.

        What was read ahead counts when the records before it are settled.
        """
        with self._lock:
            moved = False
            while self._settled:
                offset, settled = next(iter(self._settled.items()))
                if not settled:
                    break
                del self._settled[offset]
                del self._appended[offset]
                self._next, moved = offset + 1, True
            if not moved or self._next is None:
                return None
            return TopicPartition(self.topic, self.partition, self._next, metadata=self.ahead.note)


def appended_at(message: Message) -> float:
    """Return when the broker got a message, as time.time() has it; 0 if it does not say."""
    kind, milliseconds = message.timestamp()
    return milliseconds / 1000 if kind != TIMESTAMP_NOT_AVAILABLE else 0.0


def offset_of(message: Message) -> int:
    """Return the offset of a consumed message. Raises ValueError for one that was never in a topic."""
    offset = message.offset()
    if offset is None:
        raise ValueError("a message without an offset")
    return offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A record that was alone in its request was refused, or not answered though others were: not believed yet."""

    message: str
    part: str
    since: float
    """time.monotonic() of the first refusal."""
    latest: float
    """time.monotonic() of the latest."""
    attempts: int


@dataclass(slots=True, eq=False, kw_only=True)
class InFlight:
    """One record that is collected and not settled."""

    message: Message
    counts_as: int = 0
    """Bytes of what may be in flight."""
    decoded: SkyPortalAlert | None = None
    """What the message says, while somebody works with it: it takes eight times the memory."""
    holding: Holding
    collected_at: float
    """time.monotonic()."""
    appended_at: float = math.inf
    """When it was appended to the topic, as time.time() has it; infinite if the broker does not say."""
    is_ahead: bool = False
    """Whether it was read ahead of older records of its partition."""
    not_before: float = 0.0
    """time.monotonic() from which it may be tried again."""
    suspicion: Suspicion | None = None
    unanswered_at: dict[str, float] = field(default_factory=dict)
    """By part, time.monotonic() of the latest request that was answered as in an outage."""
    waits_for_route: bool = False
    route_broken_at: float = 0.0
    """time.monotonic() from which it has waited for its route; 0 if it never had to."""
    alone: bool = False
    """Whether its annotation and its classes are written for itself: in company they were refused."""
    done: set[str] = field(default_factory=set)
    """Parts that SkyPortal has accepted, or that are lost, since `under` was begun."""
    under: Held | None = None
    """What we knew of the object meanwhile; what has been done under another knowledge is done again."""
    restarts: int = 0
    """How often it was begun anew because SkyPortal held something else than we believed."""
    given_up: set[tuple[str, str]] = field(default_factory=set)
    """What of it will never be accepted: part, and which picture, origin or the like."""
    lost: dict[tuple[str, str], Reason] = field(default_factory=dict)
    """Why parts of it will never be accepted."""

    @property
    def alert(self) -> SkyPortalAlert:
        """The record. Raises `Undecodable` as `decode` does, if it has never been decoded."""
        if self.decoded is None:
            self.decoded = codec.decode(self.message.value())
        return self.decoded

    def lay_down(self) -> None:
        """Keep nothing but the message while the record waits."""
        self.decoded = None

    @property
    def size(self) -> int:
        """Bytes of the message."""
        return len(self.message.value() or b"")

    @property
    def offset(self) -> int:
        """Where the message stands in its partition."""
        return offset_of(self.message)

    def begin(self, held: Held) -> None:
        """Go on under ``held``: what was done when we knew something else of the object is to be done again."""
        if self.under is not held:
            self.done.clear()
            self.under = held

    def settle(self) -> None:
        """Say that the record needs no more work."""
        self.holding.settle(self.offset)
