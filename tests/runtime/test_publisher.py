"""The producer that cannot forget a failed delivery, on a real broker."""

import os
import threading
import time

import pytest

from demo.kafka import LocalKafka
from runtime.publisher import Delivery, NotPublished, Publisher, TooLarge
from runtime.settings import ProcessSettings, load
from support.kafka import create_topic, read_all, until

LIMIT = 1_048_588
"""Kafka's own, for a topic that nobody has given another."""


def settings(broker: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    return load(ProcessSettings, own_prefixes=())


@pytest.fixture
def publisher(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    create_topic(broker, topic, max_message_bytes=str(LIMIT))
    return Publisher(settings(broker, monkeypatch))


def test_what_is_confirmed_is_in_the_topic_byte_for_byte(publisher: Publisher, broker: str, topic: str) -> None:
    headers = [("reason", b"\xff\x00"), ("empty", b"")]
    deliveries = [
        publisher.publish(topic, key=b"k", value=b"\x00\xff", headers=headers),
        publisher.publish(topic, key=None, value=None),
    ]
    publisher.wait(deliveries, stop=threading.Event())

    for delivery in deliveries:
        delivery.confirm()
    found = read_all(broker, topic)
    assert [(message.key, message.value) for message in found] == [(b"k", b"\x00\xff"), (None, None)]
    assert found[0].headers == headers


def test_a_message_that_was_not_waited_for_is_not_confirmed(publisher: Publisher, topic: str) -> None:
    delivery = publisher.publish(topic, key=b"k", value=b"v")

    with pytest.raises(NotPublished, match="has not acknowledged"):
        Delivery(topic).confirm()
    publisher.wait([delivery], stop=threading.Event())
    delivery.confirm()


@pytest.mark.parametrize(
    "size", [pytest.param(2 * LIMIT, id="for the topic"), pytest.param(11 * 2**20, id="for the producer")]
)
def test_a_message_that_is_too_large_costs_its_neighbours_nothing(
    size: int, publisher: Publisher, broker: str, topic: str
) -> None:
    values = [b"before", os.urandom(size), b"after", *(os.urandom(LIMIT // 10) for _ in range(20))]
    deliveries = [publisher.publish(topic, key=b"k", value=value) for value in values]
    publisher.wait(deliveries, stop=threading.Event())

    with pytest.raises(TooLarge, match=topic):
        deliveries[1].confirm()
    for delivery in deliveries[:1] + deliveries[2:]:
        delivery.confirm()
    assert [message.value for message in read_all(broker, topic)] == values[:1] + values[2:]


def test_a_silent_broker_is_waited_for_until_the_process_is_asked_to_stop(
    topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0

    with LocalKafka() as kafka:
        create_topic(kafka.bootstrap_servers, topic)
        publisher = Publisher(settings(kafka.bootstrap_servers, monkeypatch))
        publisher.wait([publisher.publish(topic, key=b"k", value=b"first")], stop=threading.Event())
        kafka.freeze(0)
        deliveries = [publisher.publish(topic, key=b"k", value=b"second")]
        stop = threading.Event()
        asked_at = 0.0

        def keep_alive() -> None:
            nonlocal turns, asked_at
            turns += 1
            if turns == 10:
                stop.set()
                asked_at = time.monotonic()

        with pytest.raises(NotPublished, match="asked to stop before the broker"):
            publisher.wait(deliveries, stop=stop, keep_alive=keep_alive)
        waited = time.monotonic() - asked_at
        assert 4 < waited < 40
        assert turns > 10 + 2 * waited  # several a second
        with pytest.raises(NotPublished):
            deliveries[0].confirm()

        kafka.thaw(0)
        publisher.wait(deliveries, stop=threading.Event())
        deliveries[0].confirm()
        # The broker was silent for so long that its controller has shut it out for a moment.
        until(lambda: len(read_all(kafka.bootstrap_servers, topic)) == 2, "both messages")
        assert [message.value for message in read_all(kafka.bootstrap_servers, topic)] == [b"first", b"second"]
