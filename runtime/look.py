"""A look into a topic beside the reading: what it holds, and how far a group has read it. Joins no group."""

import time
from collections.abc import Iterable, Mapping

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from runtime import kafka
from runtime.extent import Extent, Part

PATIENCE_S = 5.0
"""Of each question to Kafka; a look has a few, however many partitions there are."""

ERRORS = 3
"""Of syslog's levels. What only warns, such as of a slow answer, is seen in the answer that does not come."""


class NoSuchTopic(Exception):
    """There is no topic of this name."""


class Look:
    """Looks into topics, for one group or for none, with a consumer that commits nothing. Not thread-safe.

    What Kafka cannot answer is a KafkaException.
    """

    def __init__(self, config: kafka.ClientSettings, group_id: str = "") -> None:
        self._group_id = group_id
        small = {
            "group.id": group_id or "fink-skyportal",  # librdkafka wants one, and asks nobody about it
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "max.partition.fetch.bytes": 64 * 1024,  # a message at least, whatever its size
            "queued.max.messages.kbytes": 4 * 1024,
            "fetch.wait.max.ms": 50,  # a fetch that waits keeps the next look waiting
            "log_level": ERRORS,
        }
        self._consumer = Consumer({**config, **small}, logger=kafka.log)

    def extent(self, topic: str) -> Extent:
        """Return what each partition holds and what the group has committed there. Raises `NoSuchTopic`."""
        self._consumer.poll(0)  # else what the client says of its connection would pile up
        metadata = self._consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic]
        if metadata.error is not None:
            if metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise NoSuchTopic(topic)
            raise KafkaException(metadata.error)
        wanted = [TopicPartition(topic, number) for number in sorted(metadata.partitions)]
        known = self._consumer.committed(wanted, timeout=PATIENCE_S) if self._group_id else wanted
        committed = kafka.offsets_in(known)
        low = kafka.offsets_at(self._consumer, wanted, OFFSET_BEGINNING, timeout_s=PATIENCE_S)
        high = kafka.offsets_at(self._consumer, wanted, OFFSET_END, timeout_s=PATIENCE_S)
        numbers = [one.partition for one in wanted]
        return Extent(
            topic=topic,
            parts=tuple(
                Part(number=number, low=low[number], high=high[number], committed=committed[number])
                for number in numbers
            ),
        )

    def messages_since(self, extent: Extent, moment: float) -> int:
        """Return how many messages of a topic have a later time stamp than ``moment``, in Unix seconds."""
        parts = [TopicPartition(extent.topic, part.number) for part in extent.parts]
        found = kafka.offsets_at(self._consumer, parts, round(moment * 1000), timeout_s=PATIENCE_S)
        return sum(
            part.high - max(part.low, found[part.number])
            for part in extent.parts
            if 0 <= found[part.number] < part.high
        )

    def messages(self, extent: Extent, offsets: Mapping[int, int], *, count: int = 1) -> list[Message]:
        """Return up to ``count`` messages of each partition from ``offsets`` on, or those that come in time."""
        ends = {part.number: part.high for part in extent.parts}
        left = {number: min(count, ends[number] - offset) for number, offset in offsets.items()}
        found: list[Message] = []
        if not left:
            return found
        starts = [TopicPartition(extent.topic, number, offset) for number, offset in offsets.items()]
        self._consumer.assign(starts)
        self._consumer.resume(starts)  # one that was paused comes back paused
        give_up_at = time.monotonic() + PATIENCE_S
        try:
            while any(left.values()) and (patience := give_up_at - time.monotonic()) > 0:
                for message in self._consumer.consume(1, patience):
                    number = _partition(message)
                    if left.get(number, 0):
                        left[number] -= 1
                        found.append(message)
                    if not left.get(number, 1):
                        self._consumer.pause([TopicPartition(extent.topic, number)])  # the others are waited for
        finally:
            self._consumer.unassign()
        return found

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()


def _partition(message: Message) -> int:
    """Return the partition of ``message``; -1 of an event that passes. Raises KafkaException for any other event."""
    error, number = message.error(), message.partition()
    if error is not None and not error.retriable():
        raise KafkaException(error)
    return -1 if error is not None or number is None else number


def stamped_at(messages: Iterable[Message]) -> list[float]:
    """Return the time stamps that Kafka has of ``messages``, in Unix seconds; those without one are left out."""
    stamps = [message.timestamp()[1] for message in messages]
    return [stamp / 1000 for stamp in stamps if stamp > 0]


def mean_bytes(messages: Iterable[Message]) -> float:
    """Return the mean size of key and value; 0 without a message."""
    sizes = [len(message.key() or b"") + len(message.value() or b"") for message in messages]
    return sum(sizes) / len(sizes) if sizes else 0.0
