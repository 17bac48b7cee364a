"""A look into a topic beside the reading: where it ends, and what its newest key is. Commits nothing."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from processor.message import place
from runtime import kafka

PATIENCE_S = 3.0
"""Of each question to Kafka; a look has up to one for each partition and two more."""


class NoTopic(Exception):
    """There is no such topic."""


class Nothing(Exception):
    """The topic is empty."""


class Held(NamedTuple):
    """What a partition holds: the first offset, and the one after the last."""

    low: int
    high: int


class Peek:
    """Looks into topics with a consumer that is in no group. What Kafka cannot answer is a KafkaException."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        own = {"enable.auto.commit": False, "enable.partition.eof": True}
        self._consumer = Consumer({**config, **own}, logger=kafka.log)

    def held(self, topic: str) -> dict[int, Held]:
        """Return what each partition holds that holds anything. Raises `NoTopic`."""
        metadata = self._consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic]
        if metadata.error is not None:
            if metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise NoTopic(topic)
            raise KafkaException(metadata.error)
        found = {
            number: Held(*self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=PATIENCE_S))
            for number in metadata.partitions
        }
        return {number: held for number, held in found.items() if held.high > held.low}

    def newest_key(self, topic: str) -> bytes:
        """Return the key of the newest message of ``topic``; empty if it has none. Raises `NoTopic` or `Nothing`."""
        lasts = self.lasts(topic, self.held(topic))
        if not lasts:
            raise Nothing(topic)
        return max(lasts, key=lambda message: message.timestamp()[1]).key() or b""

    def lasts(self, topic: str, held: Mapping[int, Held]) -> list[Message]:
        """Return the last message of each partition of ``held``; of one that ends with something else, none.

        A partition that does not answer is a KafkaException: it may hold the newest message.
        """
        if not held:
            return []
        self._consumer.assign([TopicPartition(topic, number, one.high - 1) for number, one in held.items()])
        try:
            return self._one_of_each(set(held))
        finally:
            self._consumer.unassign()

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()

    def _one_of_each(self, unanswered: set[int]) -> list[Message]:
        found: dict[int, Message] = {}
        give_up_at = time.monotonic() + PATIENCE_S
        while unanswered:
            left = give_up_at - time.monotonic()
            if left <= 0:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001  # librdkafka's own codes begin so
            for message in self._consumer.consume(1, left):
                error, number = message.error(), place(message).partition
                if error is None:
                    found[number] = message
                if error is None or error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # the same
                    unanswered.discard(number)
        return list(found.values())
