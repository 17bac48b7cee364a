"""What a replay would do: the records that it would deliver, counted, and what they would cost."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import Message

from schemas.record import SkyPortalAlert
from sink.delivery.round_size import SMALLEST_ROUND
from sink.replay.reading import Reading
from sink.replay.report import duration
from sink.replay.selection import Selection, written
from sink.replay.wanted import Unusable, decode, way_of
from sink.routing.router import NotWanted
from sink.routing.routes import NoRoute, Routes
from sink.topic.offsets import appended_at

OF_A_NEW_OBJECT = 4
"""Requests that an object takes which SkyPortal does not have: annotation, and three pictures."""


@dataclass(kw_only=True)
class Preview:
    """What is in a window."""

    records: int = 0
    """Meant, and taken by a route."""
    skipped: int = 0
    """Meant, and taken by none."""
    unusable: int = 0
    bytes: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    partitions: Counter[int] = field(default_factory=Counter)
    first: float = 0.0
    last: float = 0.0
    """When the first and the last of them were appended, time.time(); 0 without one."""
    visits: defaultdict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    """By object, when it was detected."""

    def add(self, message: Message, alert: SkyPortalAlert) -> None:
        """Count a record that would be sent."""
        self.records += 1
        self.bytes += len(message.value() or b"")
        self.topics[alert.topic] += 1
        self.partitions[message.partition() or 0] += 1
        self.visits[alert.obj_id].add(alert.observed_at)
        moment = appended_at(message)
        self.first = min(self.first or moment, moment)
        self.last = max(self.last, moment)

    @property
    def requests(self) -> tuple[int, int]:
        """How many it would take if SkyPortal holds all objects as they should be, and if it holds none."""
        candidates = sum(len(times) for times in self.visits.values())
        rounds = -(-self.records // SMALLEST_ROUND)
        least = candidates + len(self.visits) + rounds
        return least, least + OF_A_NEW_OBJECT * len(self.visits) + rounds

    def lines(self, per_second: float) -> Iterator[str]:
        """Yield it as a person reads it."""
        yield f"{self.records:,} records of {len(self.visits):,} objects, {self.bytes / 1e6:,.1f} MB"
        if not self.records:
            return
        times = [written(datetime.fromtimestamp(time, UTC).replace(microsecond=0)) for time in (self.first, self.last)]
        yield f"appended from {times[0]} to {times[1]}"
        yield "by Fink topic:"
        yield from (f"  {number:>9,}  {topic}" for topic, number in self.topics.most_common())
        yield "by partition of the local topic:"
        yield from (f"  {number:>9,}  {partition}" for partition, number in sorted(self.partitions.items()))
        least, most = self.requests
        yield f"requests: about {least:,} where SkyPortal has the objects, {most:,} where it has lost them"
        if per_second:
            shortest, longest = duration(least / per_second), duration(most / per_second)
            yield f"time: {shortest} to {longest} at {per_second:g} requests/s"
        if self.skipped or self.unusable:
            yield f"left out: {self.skipped:,} that no route takes, {self.unusable:,} that cannot be sent"


def preview(reading: Reading, selection: Selection, routes: Routes) -> Preview:
    """Read what is left of a replay, and count what would be sent. Nothing is sent or kept."""
    found = Preview()
    while not reading.is_done:
        for message, _holding in reading.consume():
            if not selection.may_take(message.key()):
                continue
            try:
                alert = decode(message)
            except Unusable:
                found.unusable += 1
                continue
            if selection.takes(alert):
                _count(found, message, alert, routes)
    return found


def _count(found: Preview, message: Message, alert: SkyPortalAlert, routes: Routes) -> None:
    try:
        way_of(alert, routes)
    except (NotWanted, NoRoute):
        found.skipped += 1
    else:
        found.add(message, alert)
