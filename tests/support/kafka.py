"""Kafka, as a test sees it: what is in a topic, and how far a group has come."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec, PartitionMetadata

from schemas import codec
from schemas.record import SkyPortalAlert

PATIENCE_S = 120.0
"""On two cores that are kept busy, the start of one of our processes and a rebalance can take most of a minute."""

ANSWER_S = 20.0
"""For one question to a broker; it is asked again until patience ends."""

EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # confluent-kafka's
LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the same

NO_ANSWER_YET = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001  # librdkafka's own codes begin so
    KafkaError._NOENT,  # noqa: SLF001  # the same; of partitions that nobody leads
    KafkaError._TIMED_OUT,  # noqa: SLF001  # the same
    KafkaError._TRANSPORT,  # noqa: SLF001  # the same
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  # the same
    KafkaError._WAIT_COORD,  # noqa: SLF001  # the same
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.NOT_CONTROLLER,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
"""What a broker says that has just started, or was frozen, or is busy."""

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
    wanted = NewTopic(topic, partitions, config={name.replace("_", "."): value for name, value in config.items()})
    tries = 0

    def create() -> None:
        nonlocal tries
        tries += 1
        try:
            _admin(broker).create_topics([wanted])[topic].result(PATIENCE_S)
        except KafkaException as error:
            if tries == 1 or error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    patiently(create, f"{topic} to be created")
    until(lambda: len(partitions_of(broker, topic)) == partitions, f"{topic} to be led")
    _offsets(broker, partitions_of(broker, topic), LATEST)  # a leader is named before it knows that it leads


def publish(
    broker: str, topic: str, messages: Iterable[tuple[bytes | None, bytes | None]], *, hours_ago: float = 0
) -> None:
    """Publish (key, value) messages, as if so long ago, and see that they arrived."""
    producer = Producer(
        {
            "bootstrap.servers": broker,
            "message.max.bytes": 10_000_000,
            "max.in.flight": 1,
            "topic.metadata.propagation.max.ms": round(1000 * PATIENCE_S),
        }
    )
    errors = []
    stamp = round((time.time() - 3600 * hours_ago) * 1000)
    for key, value in messages:
        producer.produce(
            topic, key=key, value=value, timestamp=stamp, on_delivery=lambda error, _message: errors.append(error)
        )
        producer.poll(0)
    assert producer.flush(PATIENCE_S) == 0
    assert not any(errors), errors


def publish_records(broker: str, topic: str, alerts: Iterable[SkyPortalAlert], *, hours_ago: float = 0) -> None:
    """Publish records as the processor does, as if so long ago."""
    publish(broker, topic, ((alert.obj_id.encode(), codec.encode(alert)) for alert in alerts), hours_ago=hours_ago)


@dataclass(frozen=True, slots=True)
class Read:
    """A message that was read back."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def partitions_of(broker: str, topic: str) -> list[TopicPartition]:
    """Return the partitions of ``topic``, once a broker leads each of them; none if it does not exist."""
    found: dict[int, PartitionMetadata] = {}

    def led() -> bool:
        nonlocal found
        reader = _reader(broker)
        metadata = patiently(lambda: reader.list_topics(topic, timeout=ANSWER_S), "the topic").topics.get(topic)
        found = metadata.partitions if metadata else {}
        return all(one.leader >= 0 for one in found.values())

    until(led, f"{topic} to be led")
    return [TopicPartition(topic, number) for number in found]


def read_all(broker: str, topic: str) -> list[Read]:
    """Return every message that is in ``topic`` now."""
    consumer = _consumer(broker, "test-reader")
    try:
        parts = partitions_of(broker, topic)
        lows, highs = (_offsets(broker, parts, spec) for spec in (EARLIEST, LATEST))
        left = sum(highs.values()) - sum(lows.values())
        if not left:
            return []
        consumer.assign([TopicPartition(topic, number, low) for number, low in lows.items()])
        found: list[Read] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < left:
            assert time.monotonic() < deadline, f"read {len(found)} of {left} messages of {topic}"
            for message in consumer.consume(min(500, left - len(found)), timeout=0.5):  # it waits for so many
                if (error := message.error()) is not None:
                    assert error.code() in NO_ANSWER_YET, error
                    continue
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
    found = _offsets(broker, partitions_of(broker, topic), LATEST)
    return {number: end for number, end in found.items() if end}


def commit(broker: str, topic: str, group: str, offset: int, *, note: str = "") -> None:
    """Let ``group`` have read the first partition of ``topic`` up to ``offset``, with ``note`` beside it."""
    consumer = _consumer(broker, group)
    try:
        wanted = [TopicPartition(topic, 0, offset, metadata=note)]
        patiently(lambda: consumer.commit(offsets=wanted, asynchronous=False), f"a commit of {group}")
    finally:
        consumer.close()


def committed(broker: str, topic: str, group: str) -> Mapping[int, int]:
    """Return the offset that ``group`` has committed for each partition that it has."""
    asked = ConsumerGroupTopicPartitions(group, partitions_of(broker, topic))
    found = patiently(
        lambda: _admin(broker).list_consumer_group_offsets([asked])[group].result(ANSWER_S), f"offsets of {group}"
    )
    return {part.partition: part.offset for part in found.topic_partitions or () if part.offset >= 0}


def is_passed(broker: str, topic: str, group: str) -> bool:
    """Say whether ``group`` has committed the end of every partition of ``topic``, which holds something."""
    wanted = ends(broker, topic)
    return bool(wanted) and committed(broker, topic, group) == wanted


def patiently(ask: Callable[[], Answer], what: str) -> Answer:
    """Ask until there is an answer; fail with ``what`` was asked for if there is none."""
    found: list[Answer] = []

    def answered() -> bool:
        try:
            found.append(ask())
        except TimeoutError:  # of the future
            return False
        except KafkaException as error:
            if error.args[0].code() not in NO_ANSWER_YET:
                raise
            if error.args[0].code() == KafkaError.FENCED_LEADER_EPOCH:
                _admin.cache_clear()  # that client asks for the leader that it knows, again and again
        return bool(found)

    until(answered, what)
    return found[0]


def _offsets(broker: str, partitions: Iterable[TopicPartition], which: OffsetSpec) -> Mapping[int, int]:
    """Return an offset of each partition."""
    asked = dict.fromkeys(partitions, which)

    def answer() -> Mapping[int, int]:
        futures = _admin(broker).list_offsets(asked, request_timeout=ANSWER_S) if asked else {}
        return {part.partition: future.result(ANSWER_S).offset for part, future in futures.items()}

    return patiently(answer, "offsets of partitions")


@lru_cache(maxsize=2)
def _admin(broker: str) -> AdminClient:
    """Return a client to ask with: it is asked again and again, and a new one each time costs a broker more than that.

    Few, so that one whose broker is gone is not left trying for ever.
    """
    return AdminClient({"bootstrap.servers": broker, "log_level": 0})


@lru_cache(maxsize=2)
def _reader(broker: str) -> Consumer:
    """Return a client to ask about topics, for the same reasons: an admin's question can make one."""
    return _consumer(broker, "test-reader")


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
            "log_level": 0,
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 9_000_000,
        }
    )
