"""What the live sinks had yet to deliver when a replay began: they do it meanwhile, of the same objects too."""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from sink.replay.reading import client
from sink.settings import SinkSettings
from sink.topic.ahead import Ahead
from sink.topic.offsets import offset_of

BATCH = 500
TIMEOUT_S = 5.0
WAIT_S = 0.05
"""A client waits so long for a full batch."""

AT_THE_END = KafkaError._PARTITION_EOF  # noqa: SLF001  # librdkafka's own codes begin so
NOT_HELD = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001  # the same
NOT_THERE = {AT_THE_END, NOT_HELD}
"""The topic does not hold an offset any more, or ends before it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One record."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Passed:
    offset: int
    ahead: Ahead


class Tail:
    """Knows of each object which records the live sinks had not passed, and which of them they have passed by now.

    Takes a hundred bytes for each record there. Used by one thread. What Kafka cannot answer is a KafkaException.
    """

    def __init__(self, settings: SinkSettings, starts: Mapping[int, int]) -> None:
        """Begin at ``starts``: what the live sinks had passed at the first start, by partition."""
        self._topic = settings.kafka_topic
        self._next = dict(starts)
        self._places: defaultdict[str, list[Place]] = defaultdict(list)
        self._passed: Mapping[int, _Passed] = {}
        self._consumer = client(settings, settings.sink_group_id)
        # A broker answers the questions of one connection in turn, and a fetch waits half a second for news.
        self._asking = client(settings, settings.sink_group_id)
        self._assign()

    def look(self) -> None:
        """Read what has come, up to the end at this moment, and ask what the live sinks have passed."""
        ends = self._ends()
        for number in [number for number, end in ends.items() if end < self._next[number]]:
            self._replaced(number)
        give_up_at = time.monotonic() + TIMEOUT_S
        while any(self._next[number] < end for number, end in ends.items()):
            messages = self._consumer.consume(BATCH, timeout=WAIT_S)
            for message in messages:
                self._take(message)
            if messages:
                give_up_at = time.monotonic() + TIMEOUT_S
            elif time.monotonic() > give_up_at:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001  # librdkafka's own code
        stored = self._asking.committed([TopicPartition(self._topic, number) for number in ends], timeout=TIMEOUT_S)
        self._passed = {
            one.partition: _Passed(one.offset, Ahead(one.metadata or "", end=ends[one.partition])) for one in stored
        }

    def count(self, obj_id: str) -> int:
        """Return how many records of an object there are, as of the last look."""
        return len(self._places.get(obj_id, ()))

    def places(self, obj_id: str) -> Sequence[Place]:
        """Return where they stand, in their order."""
        return tuple(self._places.get(obj_id, ()))

    def waits(self, obj_id: str) -> bool:
        """Say whether the live sinks have a record of the object that they have not passed."""
        return not all(self._is_passed(place) for place in self._places.get(obj_id, ()))

    def fetch(self, places: Collection[Place]) -> list[Message]:
        """Return the messages at ``places``, but for those that Kafka has no more."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for place in places:
            first[place.partition] = min(place.offset, first.get(place.partition, place.offset))
            last[place.partition] = max(place.offset, last.get(place.partition, place.offset))
        found: list[Message] = []
        self._consumer.assign([TopicPartition(self._topic, number, offset) for number, offset in first.items()])
        try:
            give_up_at = time.monotonic() + TIMEOUT_S
            while last:
                for message in self._consumer.consume(BATCH, timeout=WAIT_S):
                    give_up_at = time.monotonic() + TIMEOUT_S
                    partition = message.partition()
                    if partition is None or partition not in last:
                        continue
                    error = message.error()
                    if error is not None and error.code() not in NOT_THERE:
                        raise KafkaException(error)
                    if error is None and Place(partition, offset_of(message)) in places:
                        found.append(message)
                    if error is not None or offset_of(message) >= last[partition]:
                        del last[partition]
                if time.monotonic() > give_up_at:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001  # librdkafka's own code
        finally:
            self._assign()
        return found

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()
        self._asking.close()

    def _is_passed(self, place: Place) -> bool:
        passed = self._passed.get(place.partition)
        return passed is not None and (place.offset < passed.offset or place.offset in passed.ahead)

    def _ends(self) -> dict[int, int]:
        wanted = [TopicPartition(self._topic, number) for number in self._next]
        return {one.partition: self._asking.get_watermark_offsets(one, timeout=TIMEOUT_S)[1] for one in wanted}

    def _take(self, message: Message) -> None:
        error, partition = message.error(), message.partition()
        if partition is None or partition not in self._next:
            return
        if error is None:
            key, offset = message.key(), offset_of(message)
            self._next[partition] = offset + 1
            if key is not None:
                self._places[key.decode(errors="replace")].append(Place(partition, offset))
        elif error.code() == AT_THE_END:
            self._next[partition] = max(self._next[partition], message.offset() or 0)
        elif error.code() == NOT_HELD:
            self._begin_again(partition)  # what was there is deleted, and cannot be delivered by anybody
        else:
            raise KafkaException(error)

    def _replaced(self, partition: int) -> None:
        """Forget what stood in another topic of the same name."""
        for places in self._places.values():
            places[:] = [place for place in places if place.partition != partition]
        self._begin_again(partition)

    def _begin_again(self, partition: int) -> None:
        low, _high = self._asking.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=TIMEOUT_S)
        self._next[partition] = low
        self._assign()

    def _assign(self) -> None:
        positions = [TopicPartition(self._topic, number, offset) for number, offset in self._next.items()]
        self._consumer.assign(positions)
