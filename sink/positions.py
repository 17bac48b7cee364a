"""Where to read a partition from."""

import logging

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from runtime import kafka

log = logging.getLogger(__name__)


def starts(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Return ``partitions`` with the offsets to read them from.

    Where the broker cannot tell yet, librdkafka finds out by itself, and tells an unknown offset as an error.
    """
    try:
        return [start(consumer, partition) for partition in partitions]
    except KafkaException as error:
        kafka.log_error(error.args[0])
        return partitions


def start(consumer: Consumer, partition: TopicPartition) -> TopicPartition:
    """Return ``partition`` with the offset to read it from: the committed one, if that is in the topic."""
    committed = consumer.committed([TopicPartition(partition.topic, partition.partition)], timeout=5)[0].offset
    if committed < 0:
        return TopicPartition(partition.topic, partition.partition, OFFSET_BEGINNING)
    low, high = consumer.get_watermark_offsets(partition, timeout=5)
    if low <= committed <= high:
        return TopicPartition(partition.topic, partition.partition, committed)
    log.error(
        "lost a range: topic=%s partition=%d holds the offsets %d..%d, but was read up to %d; going on at %d",
        partition.topic, partition.partition, low, high, committed, low,
    )  # fmt: skip
    first = TopicPartition(partition.topic, partition.partition, low)
    commit(consumer, first)
    return first


def commit(consumer: Consumer, position: TopicPartition) -> None:
    """Commit by ourselves: librdkafka commits no offset that is below the one it has found."""
    consumer.commit(offsets=[position], asynchronous=False)
