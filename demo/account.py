"""``python -m demo account``: what SkyPortal holds against what Fink published, of a world that runs already."""

import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from confluent_kafka import Consumer, KafkaException, TopicPartition

from demo.expectation import Account, compare, expect
from demo.fink import TOPICS
from demo.progress import LOCAL_TOPIC, SINK_GROUP, Broker, Counts
from demo.skyportal.client import Control

LOOK_EVERY_S = 1.0
PATIENCE_S = 30.0


def account(
    fink: Annotated[str, typer.Option("--fink", envvar="FINK_SERVERS", help="Kafka that the demo's Fink fills.")],
    skyportal: Annotated[str, typer.Option(envvar="SKYPORTAL_URL", help="Address of the demo's SkyPortal.")],
    kafka: Annotated[str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="The local Kafka.")],
    topic: Annotated[str, typer.Option(envvar="KAFKA_TOPIC", help="The local topic.")] = LOCAL_TOPIC,
    group: Annotated[str, typer.Option(envvar="SINK_GROUP_ID", help="The sinks' consumer group.")] = SINK_GROUP,
    wait_s: Annotated[float, typer.Option(min=0, help="Seconds to wait for what is still on its way.")] = 0,
) -> None:
    """Compare every row that SkyPortal holds with every message of the demo's Fink.

    By code that shares nothing with the product. The exit status is 0 only if all is settled, nothing is lost, nothing
    is doubled and nothing was put aside.
    """
    broker, at_fink = Broker(kafka, topic=topic, group=group), Broker(fink)
    names = [name for topics in TOPICS.values() for name in topics]
    deadline = time.monotonic() + wait_s
    try:
        while not _is_settled(counts := broker.counts(at_fink.messages(names))) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        found = compare(expect(_messages(fink, names)), Control(skyportal.rstrip("/")).state())
    finally:
        broker.close()
        at_fink.close()
    for example in found.examples:
        print(example)
    print(_line(counts, found))
    good = _is_settled(counts) and not (found.lost or found.doubled or counts.dead_letters)
    raise typer.Exit(0 if good else 1)


def _is_settled(counts: Counts) -> bool:
    """Say whether nothing is on its way; what a killed processor published twice is in the local topic twice."""
    return counts.local + counts.undecodable >= counts.published and not counts.waiting


def _line(counts: Counts, found: Account) -> str:
    return (
        f"account: published={counts.published} local={counts.local} waiting={counts.waiting} objects={found.objects} "
        f"accepted={found.accepted} points={found.points} annotations={found.annotations} classes={found.classes} "
        f"thumbnails={found.thumbnails} dead_letters={counts.dead_letters} lost={found.lost} doubled={found.doubled}"
    )


def _messages(servers: str, topics: Iterable[str]) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield topic, key and value of all that the topics hold now, in no order.

    Raises KafkaException or TimeoutError if they cannot be read.
    """
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "demo-account", "enable.auto.commit": False})
    try:
        known = consumer.list_topics(timeout=PATIENCE_S).topics
        wanted = [TopicPartition(name, number) for name in topics if name in known for number in known[name].partitions]
        ranges = [consumer.get_watermark_offsets(one, timeout=PATIENCE_S) for one in wanted]
        # All at once: a partition alone costs the broker's patience with the one before, half a second.
        consumer.assign(
            [TopicPartition(one.topic, one.partition, low) for one, (low, _high) in zip(wanted, ranges, strict=True)]
        )
        ends = {(one.topic, one.partition): high for one, (_low, high) in zip(wanted, ranges, strict=True)}
        left = sum(high - low for low, high in ranges)
        while left:
            message = consumer.poll(PATIENCE_S)
            if message is None:
                raise TimeoutError(f"{left} of Fink's messages cannot be read")
            if message.error():
                raise KafkaException(message.error())
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if topic is not None and partition is not None and offset is not None and offset < ends[topic, partition]:
                left -= 1
                yield topic, message.key() or b"", message.value() or b""
    finally:
        consumer.close()
