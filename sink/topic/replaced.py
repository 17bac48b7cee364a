"""A topic that was deleted and made anew: what is passed of it has to be committed below what was passed of the old."""

import logging
import random
from collections.abc import Collection

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from runtime import kafka
from sink.topic import positions

log = logging.getLogger(__name__)


class Replaced:
    """Partitions that begin anew, until Kafka has their beginning. Used by one thread.

    librdkafka remembers the offset that it has committed of the old topic, commits nothing below it, and says nothing.
    All would be delivered, and the group would never have passed it. A commit of ours makes it forget.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._once_committed: set[int] = set()
        """Partitions of which the broker has taken an offset of ours, held still or not."""
        self._begun: set[int] = set()
        """Partitions whose beginning the broker has not taken yet."""

    def committed(self, error: KafkaError | None, partitions: Collection[TopicPartition]) -> None:
        """Note what the broker has taken: a callback of librdkafka's."""
        if error is None:
            self._once_committed |= {one.partition for one in partitions if one.error is None and one.offset >= 0}

    def found(self, consumer: Consumer, position: TopicPartition) -> bool:
        """Say whether reading begins in another topic: what had an offset has none, for it goes with the topic."""
        number = position.partition
        is_new = position.offset == OFFSET_BEGINNING and number in self._once_committed and number not in self._begun
        if is_new:
            self.begins(consumer, number, "its beginning")
        return is_new

    def begins(self, consumer: Consumer, partition: int, at: str) -> None:
        """Say that ``partition`` is of another topic, and have Kafka take its beginning, now or in a later turn."""
        log.error(
            "lost a range: topic=%s partition=%d was replaced by another topic of that name, going on at %s",
            self._topic, partition, at,
        )  # fmt: skip
        self._begun.add(partition)
        self._commit(consumer, partition)

    def turn(self, consumer: Consumer) -> None:
        """Ask again for a partition that the broker had no answer for, as it is just made or has no leader yet.

        One a turn: a silent broker takes seconds each, and any order could starve one.
        """
        if self._begun:
            self._commit(consumer, random.choice(tuple(self._begun)))  # noqa: S311  # no secret

    def given_up(self, partitions: Collection[int]) -> None:
        """Forget what is not ours any more; who has it next finds it without an offset, as we did."""
        self._begun.difference_update(partitions)

    def _commit(self, consumer: Consumer, partition: int) -> None:
        try:
            low, _ = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=5)
            positions.commit(consumer, TopicPartition(self._topic, partition, low))
        except KafkaException as error:
            kafka.log_error(error.args[0])
        else:
            self._begun.discard(partition)
