"""Where to read a partition from, and what of it was delivered ahead."""

import logging
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from runtime import kafka
from sink.ahead import Ahead

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where reading a partition begins."""

    position: TopicPartition
    """With the offset of the first record to read."""
    ahead: Ahead
    """What comes later and was delivered already."""


def starts(consumer: Consumer, partitions: list[TopicPartition]) -> list[Start]:
    """Return where to begin with ``partitions``.

    Where the broker cannot tell yet, librdkafka finds out by itself, and tells an unknown offset as an error.
    """
    try:
        return [start(consumer, partition) for partition in partitions]
    except KafkaException as error:
        kafka.log_error(error.args[0])
        return [Start(position=partition, ahead=Ahead()) for partition in partitions]


def start(consumer: Consumer, partition: TopicPartition) -> Start:
    """Return where to begin with ``partition``: at the committed offset, if that is in the topic."""
    (stored,) = consumer.committed([TopicPartition(partition.topic, partition.partition)], timeout=5)
    if stored.offset < 0:
        return Start(position=TopicPartition(partition.topic, partition.partition, OFFSET_BEGINNING), ahead=Ahead())
    low, high = consumer.get_watermark_offsets(partition, timeout=5)
    if low <= stored.offset <= high:
        position = TopicPartition(partition.topic, partition.partition, stored.offset)
        return Start(position=position, ahead=Ahead(stored.metadata or "", end=high))
    log.error(
        "lost a range: topic=%s partition=%d holds the offsets %d..%d, but was read up to %d; going on at %d",
        partition.topic, partition.partition, low, high, stored.offset, low,
    )  # fmt: skip
    first = TopicPartition(partition.topic, partition.partition, low)
    commit(consumer, first)
    return Start(position=first, ahead=Ahead())


def commit(consumer: Consumer, position: TopicPartition) -> None:
    """Commit by ourselves: librdkafka commits no offset that is below the one it has found."""
    consumer.commit(offsets=[position], asynchronous=False)
