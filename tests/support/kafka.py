"""Kafka, as a test sees it: what is in a topic, and how far a group has come."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import codec
from schemas.record import SkyPortalAlert

PATIENCE_S = 60.0
NOBODY_RESPONSIBLE = {
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  # librdkafka's own codes begin so
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}

Answer = TypeVar("Answer")


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until ``condition`` holds; fail with ``what`` was waited for if it never does."""
    deadline = time.monotonic() + patience_s
    pause = 0.01
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain for: {what}"
        time.sleep(pause)
        pause = min(0.2, 1.5 * pause)


def create_topic(broker: str, topic: str, partitions: int = 1, **config: str) -> None:
    """Create ``topic``; of its settings only those in ``config``, with ``_`` for a dot, differ from Kafka's own."""
    admin = AdminClient({"bootstrap.servers": broker})
    wanted = NewTopic(topic, partitions, config={name.replace("_", "."): value for name, value in config.items()})
    admin.create_topics([wanted])[topic].result(30)
    until(lambda: len(partitions_of(broker, topic)) == partitions, f"{topic} to be led")


def publish(broker: str, topic: str, messages: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    """Publish (key, value) messages and see that they arrived."""
    producer = Producer({"bootstrap.servers": broker, "message.max.bytes": 10_000_000, "max.in.flight": 1})
    errors = []
    for key, value in messages:
        producer.produce(topic, key=key, value=value, on_delivery=lambda error, _message: errors.append(error))
        producer.poll(0)
    assert producer.flush(30) == 0
    assert not any(errors), errors


def publish_records(broker: str, topic: str, alerts: Iterable[SkyPortalAlert]) -> None:
    """Publish records as the processor does."""
    publish(broker, topic, ((alert.obj_id.encode(), codec.encode(alert)) for alert in alerts))


@dataclass(frozen=True, slots=True)
class Read:
    """A message that was read back."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def partitions_of(broker: str, topic: str) -> list[TopicPartition]:
    """Return the partitions of ``topic`` that a broker leads; none if it does not exist."""
    metadata = AdminClient({"bootstrap.servers": broker}).list_topics(timeout=10).topics.get(topic)
    found = metadata.partitions if metadata else {}
    return [TopicPartition(topic, number) for number, one in found.items() if one.leader >= 0]


def read_all(broker: str, topic: str) -> list[Read]:
    """Return every message that is in ``topic`` now."""
    consumer = _consumer(broker, "test-reader")
    try:
        parts = partitions_of(broker, topic)
        ends = {part.partition: _watermarks(consumer, part) for part in parts}
        left = sum(high - low for low, high in ends.values())
        if not left:
            return []
        consumer.assign([TopicPartition(topic, number, low) for number, (low, _high) in ends.items()])
        found: list[Read] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < left:
            assert time.monotonic() < deadline, f"read {len(found)} of {left} messages of {topic}"
            for message in consumer.consume(500, timeout=0.5):
                assert message.error() is None, message.error()
                found.append(
                    Read(
                        partition=message.partition() or 0,
                        offset=message.offset() or 0,
                        key=message.key(),
                        value=message.value(),
                        headers=_headers(message),
                    )
                )
        return found
    finally:
        consumer.close()


def ends(broker: str, topic: str) -> Mapping[int, int]:
    """Return the end offset of each partition that holds anything."""
    consumer = _consumer(broker, "test-reader")
    try:
        found = {part.partition: _watermarks(consumer, part)[1] for part in partitions_of(broker, topic)}
    finally:
        consumer.close()
    return {number: end for number, end in found.items() if end}


def commit(broker: str, topic: str, group: str, offset: int) -> None:
    """Let ``group`` have read the first partition of ``topic`` up to ``offset``."""
    consumer = _consumer(broker, group)
    try:
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    finally:
        consumer.close()


def committed(broker: str, topic: str, group: str) -> Mapping[int, int]:
    """Return the offset that ``group`` has committed for each partition that it has."""
    consumer = _consumer(broker, group)
    try:
        found = _patiently(lambda: consumer.committed(partitions_of(broker, topic), timeout=10), f"offsets of {group}")
    finally:
        consumer.close()
    return {part.partition: part.offset for part in found if part.offset >= 0}


def _watermarks(consumer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    return _patiently(lambda: consumer.get_watermark_offsets(partition, timeout=10), f"offsets of {partition.topic}")


def _patiently(ask: Callable[[], Answer], what: str) -> Answer:
    """Ask until somebody is responsible: a broker that has just started, or was frozen, is not for a moment."""
    found: list[Answer] = []

    def answered() -> bool:
        try:
            found.append(ask())
        except KafkaException as error:
            if error.args[0].code() not in NOBODY_RESPONSIBLE:
                raise
        return bool(found)

    until(answered, what)
    return found[0]


def _headers(message: Message) -> list[tuple[str, bytes | None]]:
    return [
        (name, value.encode() if isinstance(value, str) else value)
        for name, value in dict(message.headers() or []).items()
    ]


def _consumer(broker: str, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": group,
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 9_000_000,
        }
    )
