"""Which offsets may be committed, when records finish out of order."""

import threading
from collections import OrderedDict

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message, TopicPartition

from schemas.origin import Origin
from sink.topic.account import Account, metadata
from sink.topic.ahead import Ahead
from sink.topic.tally import Outcome, Tally

UNKNOWN = Origin()
"""Of a record of which nobody has said where it comes from."""


class Holding:
    """One partition during one assignment. A partition that comes back is another holding. Thread-safe."""

    def __init__(
        self,
        topic: str,
        partition: int,
        ahead: Ahead | None = None,
        *,
        account: Account | None = None,
        first: int = 0,
    ) -> None:
        """``ahead`` are the records that were delivered ahead of others during an earlier assignment.

        ``account`` is what was counted before, and ``first`` the offset at which reading begins; negative for the
        topic's own beginning.
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
        self.account = Account() if account is None else account
        self.account.holds()
        self._lock = threading.Lock()
        self._settled: OrderedDict[int, Outcome | None] = OrderedDict()
        self._appended: dict[int, float] = {}
        """When each of them was appended to the topic, time.time()."""
        self._next: int | None = None

    def begins_again(self, offset: int) -> bool:
        """Say whether ``offset`` was read before: then the topic is another one of the same name."""
        return offset <= self.latest

    def collected(self, offset: int, appended_at: float = 0.0, origin: Origin = UNKNOWN) -> None:
        """Note that the record at ``offset`` is in flight. Offsets come in rising order.

        ``appended_at`` is when the broker got it, as time.time() has it; 0 if it does not say.
        """
        with self._lock:
            self._stands_in_line(offset, appended_at, origin)
            self._settled[offset] = None
            self.ahead.reaches(offset)

    def read_ahead(self, offset: int, appended_at: float) -> bool:
        """Note that the record at ``offset`` is in flight before others that are older; False if it was read before."""
        with self._lock:
            if offset <= self.latest or offset in self.ahead:
                return False
            self.ahead.add(offset, appended_at)
            return True

    def reaches(self, offset: int, appended_at: float, origin: Origin = UNKNOWN) -> bool:
        """Say whether the record at ``offset``, which is next, was read ahead: then it is not to be delivered again."""
        with self._lock:
            if offset not in self.ahead:
                return False
            self._stands_in_line(offset, appended_at, origin)
            self._settled[offset] = self.ahead.reaches(offset)
            return True

    def begin(self, ahead: Ahead, account: Account, *, first: int) -> None:
        """Take ``ahead`` for what was read ahead: the partition does not hold what it held.

        ``account`` is what was counted below ``first``; it holds if nothing was read so far.
        """
        with self._lock:
            self.ahead = ahead
            if self.latest < 0:
                self.account, self._first = account, first
                account.holds()

    def _stands_in_line(self, offset: int, appended_at: float, origin: Origin) -> None:
        """Note the next record. What Kafka has no more before it is gone unread, unless it was delivered ahead."""
        expected = self.latest + 1 if self.latest >= 0 else self._first
        between = Tally()
        if expected < 0:
            between = Tally(before=offset)
        elif offset > expected:
            delivered = self.ahead.below(offset)
            between = delivered.plus(Tally(expired=offset - expected - delivered.total))
        self.latest = offset
        self._appended[offset] = appended_at
        self.account.stands_in_line(offset, origin, between)

    def unread(self, offset: int) -> bool:
        """Forget that the record at ``offset``, of a newer version, was read ahead; False if it was not."""
        with self._lock:
            if offset not in self.ahead:
                return False
            self.ahead.forget(offset)
            self.has_newer = True
            return True

    def settle(self, offset: int, outcome: Outcome) -> None:
        """Note that the record at ``offset`` needs no more work."""
        with self._lock:
            if offset in self.ahead:
                self.ahead.settle(offset, outcome)
            elif offset in self._settled:
                self._settled[offset] = outcome

    def has_read(self, end: int) -> bool:
        """Say whether all records below ``end`` were read, records that were read ahead left out."""
        return max(self.latest, self._first - 1) >= end - 1

    def left_to_read(self, low: int, end: int) -> int:
        """Return how many records of a topic that holds the offsets from ``low`` to ``end`` were not read at all."""
        with self._lock:
            begin = max(low, self.latest + 1 if self.latest >= 0 else self._first)
            return max(0, end - begin - self.ahead.count(begin, end))

    def in_flight(self) -> int:
        """Return how many records were read and are not settled."""
        with self._lock:
            return sum(how is None for how in self._settled.values()) + self.ahead.in_flight

    def oldest(self, *, unread_at: float = 0.0) -> float:
        """Return when the oldest record that is not settled was appended, as time.time() has it; 0 without one.

        ``unread_at`` is when the first record was that has not been read yet; 0 if all have been.
        """
        with self._lock:
            unsettled = (self._appended[offset] for offset, how in self._settled.items() if how is None)
            return next(unsettled, unread_at or self.ahead.oldest())

    def advance(self) -> TopicPartition | None:
        """Return the offset below which everything is settled, if it has moved since the last call.

        What was read ahead counts when the records before it are settled.
        """
        with self._lock:
            moved = False
            while self._settled:
                offset, outcome = next(iter(self._settled.items()))
                if outcome is None:
                    break
                del self._settled[offset]
                self.account.passed(offset, outcome)
                del self._appended[offset]
                self._next, moved = offset + 1, True
            if not moved or self._next is None:
                return None
            noted = metadata(self.account, self.ahead)
            return TopicPartition(self.topic, self.partition, self._next, metadata=noted)


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
