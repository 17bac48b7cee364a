"""The newest key of a topic is the newest of all partitions, or none is told."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import KafkaException, Producer

from processor.peek import Held, Nothing, NoTopic, Peek
from support.kafka import PATIENCE_S, create_topic, patiently, publish, until
from support.letters import put_aside
from support.patience import wait_for_busy_brokers


@pytest.fixture
def peeking(broker: str, topic: str) -> Iterator[Peek]:
    with closing(Peek({"bootstrap.servers": broker, "group.id": topic})) as one:
        yield one


def test_the_newest_key_is_the_newest_of_all_partitions(
    broker: str, topic: str, peeking: Peek, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_busy_brokers(monkeypatch)

    def newest_key() -> bytes:
        return patiently(lambda: peeking.newest_key(topic), "the newest key")

    with pytest.raises(NoTopic):
        newest_key()
    create_topic(broker, topic, partitions=10)
    with pytest.raises(Nothing):
        newest_key()
    publish(broker, topic, ((b"old %d" % number, b"value") for number in range(60)), hours_ago=1)
    publish(broker, topic, [(b"new", b"value")])

    assert newest_key() == b"new"


def test_a_partition_that_does_not_answer_may_hold_the_newest(broker: str, topic: str, peeking: Peek) -> None:
    create_topic(broker, topic)
    publish(broker, topic, [(b"of the one that answers", b"value")])

    with pytest.raises(KafkaException, match="_TIMED_OUT"):
        peeking.lasts(topic, {0: Held(0, 1), 7: Held(0, 1)})  # there is no such partition


def test_a_partition_that_ends_with_no_message_is_not_waited_for(
    broker: str, topic: str, peeking: Peek, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_busy_brokers(monkeypatch)
    create_topic(broker, topic, partitions=2)
    producer = Producer({"bootstrap.servers": broker, "transactional.id": topic})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    producer.produce(topic, key=b"behind it stands the transaction's end", partition=0)
    producer.commit_transaction(PATIENCE_S)
    put_aside(broker, topic, [(b"last", b"value", [])], partition=1)

    whole = {0: Held(0, 2), 1: Held(0, 1)}
    until(lambda: patiently(lambda: peeking.held(topic), "offsets") == whole, "the transaction's end")
    assert patiently(lambda: peeking.newest_key(topic), "the newest key") == b"last"
