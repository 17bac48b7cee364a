"""What a group has not passed yet, looked at again and again beside the loop that reads: nobody waits for a broker."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaException

from runtime import kafka
from runtime.extent import Extent, Part
from runtime.look import Look, NoSuchTopic

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One partition as it was a moment ago."""

    topic: str
    part: Part
    oldest_at: float
    """When the first message that the group has not passed was stamped, Unix seconds; 0 if none is there, or the broker
    did not give it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    at: float
    """Of the clock."""
    waiting: Sequence[Waiting]


class Watch:
    """Looks at topics every few seconds, for one group, with a client of its own that joins and commits nothing.

    What it saw last can be asked at any moment, by any thread. A broker that does not answer is asked again.
    """

    def __init__(
        self,
        connection: kafka.ClientSettings,
        *,
        group_id: str,
        topics: Sequence[str],
        every_s: float,
        besides: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``besides`` is called before each look, on the same thread."""
        self._look = Look(connection, group_id)
        self._topics = topics
        self._every_s = every_s
        self._besides = besides
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def start(self, stop: threading.Event) -> None:
        """Begin to look, until ``stop`` is set."""
        threading.Thread(target=self._watch, args=(stop,), name="waiting", daemon=True).start()

    def look(self) -> None:
        """Look at each topic once. What cannot be seen keeps what was seen of it last."""
        for topic in self._topics:
            try:
                extent = self._look.extent(topic)
                stamps = self._stamps(extent)
            except NoSuchTopic:
                found = []
            except KafkaException:  # whatever it is hinders the reading too, which says so
                continue
            else:
                found = [
                    Waiting(topic=topic, part=part, oldest_at=stamps.get(part.number, 0.0)) for part in extent.parts
                ]
            self._seen[topic] = _Seen(at=self._clock(), waiting=found)

    def waiting(self, *, newer_than_s: float) -> list[Waiting]:
        """Return the partitions that were seen within so many seconds."""
        after = self._clock() - newer_than_s
        seen = [self._seen[topic] for topic in self._topics if topic in self._seen]
        return [one for look in seen if look.at >= after for one in look.waiting]

    def _stamps(self, extent: Extent) -> Mapping[int, float]:
        """Return when the first message of each partition that was not passed was stamped; asks for new ones only."""
        last = self._seen.get(extent.topic)
        known = {one.part.number: one for one in last.waiting} if last else {}
        stamps: dict[int, float] = {}
        for part in extent.parts:
            before = known.get(part.number)
            if part.unread and before and before.oldest_at and before.part.next == part.next:
                stamps[part.number] = before.oldest_at
        wanted = {number: offset for number, offset in extent.first_unread().items() if number not in stamps}
        for message in self._look.messages(extent, wanted):
            number, stamp = message.partition(), message.timestamp()[1]
            if number is not None and stamp > 0:
                stamps[number] = stamp / 1000
        return stamps

    def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._besides()
                self.look()
            except Exception:  # an alarm that ends in silence would be none
                log.exception("could not look at what waits")
            stop.wait(self._every_s)
        self._look.close()
