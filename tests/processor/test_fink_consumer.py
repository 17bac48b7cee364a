"""Membership in Fink's consumer group during a long wait."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from confluent_kafka import Message

from processor.fink import UNNOTICED_WAIT_S, FinkConsumer
from processor.message import Place, place
from support.kafka import committed, create_topic, ends, publish, until
from support.processor import group

COUNT = 60


@pytest.fixture
def fink_topic(broker: str, topic: str) -> str:
    """Fill a topic of Fink's of three partitions."""
    create_topic(broker, topic, partitions=3)
    publish(broker, topic, ((str(number).encode(), b"alert") for number in range(COUNT)))
    return topic


@contextmanager
def member(broker: str, topic: str) -> Iterator[FinkConsumer]:
    consumer = FinkConsumer(survey="ztf", topics=[topic], servers=broker, group_id=group(topic))
    with closing(consumer):
        yield consumer


def some(consumer: FinkConsumer, count: int) -> list[Message]:
    found: list[Message] = []

    def enough() -> bool:
        found.extend(consumer.consume(count - len(found), 0.5))
        return len(found) >= count

    until(enough, f"{count} messages")
    return found


def in_order(messages: list[Message]) -> bool:
    """Say whether each partition's messages are there from the first on, each once, in order."""
    offsets: dict[int, list[int]] = {}
    for _, partition, offset in map(place, messages):
        offsets.setdefault(partition, []).append(offset)
    return all(found == list(range(len(found))) for found in offsets.values())


def waits(consumer: FinkConsumer) -> None:
    """Let ``consumer`` wait for so long that it pauses."""
    end = time.monotonic() + 2 * UNNOTICED_WAIT_S

    def waited() -> bool:
        consumer.keep_alive()
        return time.monotonic() > end

    until(waited, "a long wait")


def test_a_long_wait_neither_loses_nor_repeats_nor_reorders(broker: str, fink_topic: str) -> None:
    with member(broker, fink_topic) as consumer:
        first = some(consumer, 7)
        waits(consumer)
        second = some(consumer, 20)
        waits(consumer)
        waits(consumer)
        rest = some(consumer, COUNT - 27)

    assert in_order([*first, *second, *rest])
    assert len(first) + len(second) + len(rest) == COUNT


def test_what_is_not_done_is_read_again_and_what_is_done_is_not(broker: str, fink_topic: str) -> None:
    with member(broker, fink_topic) as consumer:
        done = some(consumer, 10)
        consumer.done(done, ["published"] * len(done))
        some(consumer, 10)
    with member(broker, fink_topic) as consumer:
        rest = some(consumer, COUNT - 10)

    assert in_order([*done, *rest])


def test_partitions_that_come_and_go_during_a_wait_lose_nothing(
    broker: str, fink_topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    read: set[Place] = set()
    with member(broker, fink_topic) as first:
        batch = some(first, COUNT - 10)  # some of each partition
        with member(broker, fink_topic) as second:
            shared: list[Message] = []

            def has_read() -> bool:
                first.keep_alive()
                shared.extend(second.consume(10, 0.1))
                return bool(shared)

            until(has_read, "a share for the second member while the first waits")
            first.done(batch, ["published"] * len(batch))  # in part no longer its own
            second.done(shared, ["published"] * len(shared))
            read |= set(map(place, batch)) | set(map(place, shared))

        def all_done() -> bool:
            found = first.consume(10, 0.2)
            first.done(found, ["published"] * len(found))
            read.update(map(place, found))
            return committed(broker, fink_topic, group(fink_topic)) == ends(broker, fink_topic)

        until(all_done, "every message being done by whoever has its partition")

    assert len(read) == COUNT
    assert "not ours any more" in caplog.text
