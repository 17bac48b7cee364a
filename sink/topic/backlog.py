"""What waits in the local topic and since when, whether it has been read or not: what the alarm looks at."""

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from runtime.gauges import Values, alone
from runtime.waiting import Waiting, Watch
from sink.topic.offsets import Holding

SILENT_S = 30.0
"""What was seen of Kafka so long ago is not told any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waits:
    records: int
    oldest_at: float
    """As time.time() has it; 0 if none waits."""


class Backlog:
    """What the sink's partitions have that is not settled. What it collected, it knows itself; the rest it looks for.

    As long as it is no member of the group, at its start or after its partitions were lost, that is the backlog of the
    whole group, by its commits: nobody may have the partitions, and somebody has to say that alerts wait.
    Each answer holds what is known; any thread may ask, and waits for nobody.
    """

    def __init__(
        self,
        watch: Watch,
        *,
        retention_s: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``retention_s`` tells how long the topic keeps a record; ``clock`` is the broker's, as far as we know."""
        self._watch = watch
        self._retention_s = retention_s
        self._clock = clock
        self._is_member: Callable[[], bool] = lambda: False
        self._holdings: Callable[[], Collection[Holding]] = tuple

    def follow(self, *, is_member: Callable[[], bool], holdings: Callable[[], Collection[Holding]]) -> None:
        """Take what is read into account. ``holdings`` are the sink's partitions while it ``is_member``."""
        self._is_member, self._holdings = is_member, holdings

    def oldest_s(self) -> Values:
        """Return for how many seconds the oldest record has waited, 0 without one; nothing if that is not known."""
        waits = self._waits(newer_than_s=math.inf).values()
        oldest = min((one.oldest_at for one in waits if one.oldest_at), default=0.0)
        if oldest:
            return alone(max(0.0, self._clock() - oldest))
        # While Kafka is silent nothing that we know of waits; what we do not know of may.
        return alone(0.0, known=bool(self._seen(SILENT_S)) and not any(one.records for one in waits))

    def lag(self) -> Values:
        """Return how many records of each partition are not settled."""
        return {(str(number),): one.records for number, one in self._fresh().items()}

    def headroom_s(self) -> Values:
        """Return the seconds until Kafka deletes the oldest record that waits in each partition.

        Where none waits, that is as long as Kafka keeps one.
        """
        now, kept_s = self._clock(), self._retention_s()
        return {
            (str(number),): kept_s - (max(0.0, now - one.oldest_at) if one.oldest_at else 0.0)
            for number, one in self._fresh().items()
            if one.oldest_at or not one.records
        }

    def _fresh(self) -> Mapping[int, _Waits]:
        """Return what waits in the partitions that Kafka has shown lately."""
        seen = self._seen(SILENT_S)
        return {number: one for number, one in self._waits(newer_than_s=SILENT_S).items() if number in seen}

    def _waits(self, *, newer_than_s: float) -> Mapping[int, _Waits]:
        """Return what waits in each partition; where Kafka has shown nothing in time, of what was collected."""
        seen = self._seen(newer_than_s)
        if not self._is_member():
            return {number: _Waits(records=one.part.unread, oldest_at=one.oldest_at) for number, one in seen.items()}
        return {
            holding.partition: _of(holding, seen[holding.partition]) if holding.partition in seen else _alone(holding)
            for holding in self._holdings()
        }

    def _seen(self, newer_than_s: float) -> Mapping[int, Waiting]:
        return {one.part.number: one for one in self._watch.waiting(newer_than_s=newer_than_s)}


def _of(holding: Holding, seen: Waiting) -> _Waits:
    unread = holding.left_to_read(seen.part.low, seen.part.high)
    # What was seen may have been read since: what is unread now is then younger, by what is read in some seconds.
    oldest_at = holding.oldest(unread_at=seen.oldest_at if unread else 0.0)
    return _Waits(records=unread + holding.in_flight(), oldest_at=oldest_at)


def _alone(holding: Holding) -> _Waits:
    return _Waits(records=holding.in_flight(), oldest_at=holding.oldest())
