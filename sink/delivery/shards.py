"""Records between Kafka and SkyPortal: shards of objects, each with a worker of its own."""

import math
import threading
import time
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sink import metrics
from sink.delivery.in_flight import InFlight
from sink.skyportal.under_way import Withdrawn
from sink.topic.offsets import Holding

Deliver = Callable[[Sequence[InFlight]], list[InFlight]]
"""Delivers a batch; returns what is to be tried again."""

LIVE_ROUNDS = 4
"""Rounds of new records after which one of the backlog is delivered, if there are new ones all the time."""


SPACING_S = 0.25
"""Between the beginnings of two such rounds: whether there is room shows when the first one has begun."""


NOT_QUEUED = (True, math.inf)


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What is in flight; of what a worker has at hand only the bytes."""

    bytes: int
    ahead: int
    """Bytes of live records that were read ahead of others."""
    waiting: int
    """Bytes of records that wait for their route."""
    has_backlog: bool
    """Whether old records wait for nothing but their turn."""


@dataclass(slots=True, eq=False)
class _Shard:
    pending: list[InFlight] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    live_rounds: float = 0.0
    """In a row, while records of the backlog waited; a small one is a part of a round."""
    queued: tuple[bool, float] = NOT_QUEUED
    """Whether a round of the backlog waits for room in the budget, and time.monotonic() from which one does."""


class Shards:
    """Delivers what is collected, in batches. Thread-safe.

    An object belongs to one shard, and a shard has one request under way at a time: no object is in two requests at
    once, which SkyPortal's database would answer with a deadlock. While a batch is delivered the next one collects.

    Where more is waiting than fits into a round, and for the backlog, a round begins only if the others leave room in
    the budget: at the limit one worker is busy at a time, and a few new records find another one free.
    """

    def __init__(
        self,
        deliver: Deliver,
        *,
        count: int,
        collect_s: float,
        fresh_s: float,
        largest: Callable[[], int],
        has_room: Callable[[], bool],
        stop: threading.Event,
        least_bytes: int = 0,
        paused: Callable[[], bool] = lambda: False,
        idle: Callable[[Callable[[], bool]], None] = lambda _needed: None,
    ) -> None:
        """``largest`` is the largest number of records in one round, ``has_room`` whether some budget is unused.

        A record counts as ``least_bytes`` at least. While ``paused`` no round begins.
        Records that were appended more than ``fresh_s`` seconds ago are backlog; 0: none are.

        A worker calls ``idle`` while nothing is in flight; it is to return soon after its argument becomes true.
        """
        self._deliver = deliver
        self._collect_s = collect_s
        self._fresh_s = fresh_s or math.inf
        self._largest = largest
        self._has_room = has_room
        self._stop = stop
        self._paused = paused
        self._idle = idle
        self._shards = [_Shard() for _ in range(count)]
        self._lock = threading.Lock()
        self._bytes = 0
        self._least_bytes = least_bytes
        self._begun_at = -math.inf
        self._failure: Exception | None = None

    @property
    def bytes_in_flight(self) -> int:
        """Bytes of the records that are collected and not settled."""
        return self._bytes

    def load(self) -> Load:
        """Return what is in flight."""
        fresh_from, now = time.time() - self._fresh_s, time.monotonic()
        ahead = waiting = 0
        has_backlog = False
        for item in (item for shard in self._shards for item in tuple(shard.pending)):
            if item.waits_for_route:
                waiting += item.counts_as
            elif item.appended_at >= fresh_from:
                ahead += item.counts_as * item.is_ahead
            elif item.not_before <= now and item.suspicion is None:
                has_backlog = True
        return Load(bytes=self._bytes, ahead=ahead, waiting=waiting, has_backlog=has_backlog)

    def start(self) -> None:
        """Start the workers. They end when ``stop`` is set."""
        for number, shard in enumerate(self._shards):
            threading.Thread(target=self._work, args=(shard,), name=f"shard-{number}", daemon=True).start()

    def collect(self, item: InFlight) -> None:
        """Take a record; it is settled some time later, unless its partition is dropped before."""
        item.counts_as = max(item.size, self._least_bytes)
        self._count(item, +1)
        shard = self._shards[zlib.crc32(item.alert.obj_id.encode()) % len(self._shards)]
        item.lay_down()
        with shard.changed:
            shard.pending.append(item)
            if len(shard.pending) in {1, self._largest()}:  # else a worker would look through them at each
                shard.changed.notify()

    def drop(self, holdings: Collection[Holding]) -> None:
        """Forget the records of ``holdings`` that wait for their turn."""
        for shard in self._shards:
            with shard.changed:
                dropped = [item for item in shard.pending if item.holding in holdings]
                shard.pending = [item for item in shard.pending if item.holding not in holdings]
            for item in dropped:
                self._count(item, -1)

    def look_again(self) -> None:
        """Let the records that wait for their route be tried at once: it may be another one."""
        for shard in self._shards:
            with shard.changed:
                for item in shard.pending:
                    if item.waits_for_route:
                        item.not_before = 0.0
                shard.changed.notify()

    def check(self) -> None:
        """Raise what ended a worker, if one has ended: without it alerts would wait for ever."""
        if self._failure is not None:
            raise self._failure

    def _work(self, shard: _Shard) -> None:
        try:
            while batch := self._take(shard):
                again = self._deliver(batch)
                for item in again:
                    item.lay_down()
                with shard.changed:
                    shard.pending += again
                returned = set(map(id, again))
                for item in batch:
                    if id(item) not in returned:
                        self._count(item, -1)
        except Withdrawn:
            return
        except Exception as error:  # noqa: BLE001  # `check` raises it where it is handled
            self._failure = error

    def _take(self, shard: _Shard) -> list[InFlight]:
        """Wait until a batch is due and return it; an empty one if the process leaves."""
        while not self._stop.is_set():
            if not self._bytes:
                self._idle(lambda: self._stop.is_set() or bool(self._bytes))
            paused = self._paused()
            with shard.changed:
                if not paused and (batch := self._due(shard)):
                    taken = set(map(id, batch))
                    shard.pending = [item for item in shard.pending if id(item) not in taken]
                    shard.queued = NOT_QUEUED
                    return batch
                shard.changed.wait(0.1)
        return []

    def _due(self, shard: _Shard) -> list[InFlight]:
        """Return the records of the next round, the new ones first; none if it is not time."""
        now, largest = time.monotonic(), self._largest()
        due = [item for item in shard.pending if item.not_before <= now]
        if not due:
            shard.queued = NOT_QUEUED
        fresh_from = time.time() - self._fresh_s
        live = [item for item in due if item.appended_at >= fresh_from][:largest]
        backlog = [item for item in due if item.appended_at < fresh_from][:largest]
        passed_over = bool(backlog) and shard.live_rounds >= LIVE_ROUNDS
        if not passed_over and self._is_time(live, largest, now):
            # More than a round: they queue already, and the next round is as good a one.
            if len(live) >= largest and not self._may_begin(shard, is_backlog=False):
                return []
            shard.live_rounds += bool(backlog) * len(live) / largest
            return live
        if self._is_time(backlog, largest, now) and (passed_over or self._may_begin(shard, is_backlog=True)):
            shard.live_rounds = 0
            return backlog
        return []

    def _is_time(self, batch: Sequence[InFlight], largest: int, now: float) -> bool:
        return bool(batch) and (len(batch) >= largest or now - batch[0].collected_at >= self._collect_s)

    def _may_begin(self, shard: _Shard, *, is_backlog: bool) -> bool:
        """Say whether the budget has room, and no other shard goes before: live ones first, then who waits longest."""
        with self._lock:
            now = time.monotonic()
            shard.queued = (is_backlog, min(shard.queued[1], now))
            is_first = shard.queued <= min(other.queued for other in self._shards)
            if not is_first or now - self._begun_at < SPACING_S or not self._has_room():
                return False
            self._begun_at = now
            shard.queued = NOT_QUEUED
            return True

    def _count(self, item: InFlight, sign: int) -> None:
        with self._lock:
            self._bytes += sign * item.counts_as
        metrics.IN_FLIGHT.inc(sign)
