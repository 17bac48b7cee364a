"""What the local Kafka promises to everything that is built on it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from demo.kafka import BrokerDiedError, LocalKafka, LocalKafkaError, running_kafka
from support.kafka import PATIENCE_S, until


def create_topic(kafka: LocalKafka, name: str, partitions: int = 1) -> str:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(name, partitions)])[name].result(PATIENCE_S)
    return name


def write(kafka: LocalKafka, topic: str, values: list[bytes]) -> None:
    # A leader that has just begun may refuse a message and take the next one.
    one_by_one = {"max.in.flight": 1, "message.max.bytes": 10_000_000}
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, **one_by_one})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(PATIENCE_S) == 0


def read(kafka: LocalKafka, topic: str, count: int, partitions: int = 1) -> list[bytes]:
    """Read ``count`` messages, and any more that are there."""
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "reader", "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    values: list[bytes] = []
    ended: set[int | None] = set()
    deadline = time.monotonic() + PATIENCE_S
    try:
        while len(values) < count or len(ended) < partitions:
            assert time.monotonic() < deadline, f"{len(values)} of {count} messages"
            for message in consumer.consume(1000, timeout=0.1):
                error = message.error()
                if error is None:
                    values.append(message.value() or b"")
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's public name
                    ended.add(message.partition())
    finally:
        consumer.close()
    return values


def answers(kafka: LocalKafka, within: float = PATIENCE_S) -> bool:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=within))
    except KafkaException:
        return False


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("PATH", "/nowhere")  # no java, mvn or docker
        machine.setenv("JAVA_TOOL_OPTIONS", "-Xmx1")
        local = LocalKafka()
        local.start()
    yield local
    local.stop()


def test_a_message_is_written_and_read_back(kafka: LocalKafka) -> None:
    topic = create_topic(kafka, "written")

    write(kafka, topic, [b"first", b"x" * 9_000_000])

    assert read(kafka, topic, 2) == [b"first", b"x" * 9_000_000]


def test_a_topic_is_not_created_by_being_used(kafka: LocalKafka) -> None:
    AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics("mistyped", timeout=PATIENCE_S)

    shown = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=PATIENCE_S).topics
    assert "mistyped" not in shown


def test_a_frozen_broker_answers_nothing_until_it_is_thawed(kafka: LocalKafka) -> None:
    kafka.freeze(0)
    frozen = not answers(kafka, within=1)
    kafka.thaw(0)

    assert frozen
    until(lambda: answers(kafka), "an answer")


def test_a_killed_broker_comes_back_with_its_data(kafka: LocalKafka) -> None:
    topic = create_topic(kafka, "kept")
    write(kafka, topic, [b"before"])
    address = kafka.bootstrap_servers

    kafka.kill(0)
    with pytest.raises(BrokerDiedError, match="ended by itself"):
        kafka.check()
    kafka.restart(0)
    write(kafka, topic, [b"after"])

    kafka.check()
    assert kafka.bootstrap_servers == address
    assert read(kafka, topic, 2) == [b"before", b"after"]


def test_three_brokers_lose_and_double_nothing_when_one_is_killed_amid_production() -> None:
    with LocalKafka(3) as kafka:
        topic = create_topic(kafka, "survives", partitions=3)
        failed: list[KafkaError] = []
        acknowledged = 0

        def settle(error: KafkaError | None, _message: Message) -> None:
            nonlocal acknowledged
            acknowledged += 1
            if error is not None:
                failed.append(error)

        producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "enable.idempotence": True,
                "max.in.flight": 1,  # with more, librdkafka can lose what a leader refuses that has just begun
                "batch.num.messages": 100,  # so that the kill finds most of them under way
                "log_level": 0,
            }
        )
        producer.produce(topic, b"0", on_delivery=settle)
        assert producer.flush(PATIENCE_S) == 0
        acknowledged_at_the_kill = 0
        for number in range(1, 10_000):
            producer.produce(topic, b"%d" % number, on_delivery=settle)
            if number >= 5_000 and not acknowledged_at_the_kill:
                producer.poll(0)
                if acknowledged < number:
                    kafka.kill(0)
                    acknowledged_at_the_kill = acknowledged
        assert 0 < acknowledged_at_the_kill < 10_000
        assert producer.flush(PATIENCE_S) == 0

        assert failed == []
        assert sorted(map(int, read(kafka, topic, 10_000, partitions=3))) == list(range(10_000))

        kafka.restart(0)
        kafka.kill(1)
        write(kafka, topic, [b"10000"])


def test_a_folder_that_was_given_stays_and_is_gone_on_with(tmp_path: Path) -> None:
    with LocalKafka(data=tmp_path / "data") as first:
        write(first, create_topic(first, "kept"), [b"yesterday"])

    with LocalKafka(data=tmp_path / "data") as second:
        assert read(second, "kept", 1) == [b"yesterday"]

    with (
        pytest.raises(LocalKafkaError, match=r"holds the data of 1 brokers, not of 3"),
        LocalKafka(3, data=tmp_path / "data"),
    ):
        pass


def test_two_brokers_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or 3 brokers, not 2"):
        LocalKafka(2)


def test_a_kafka_that_is_given_by_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka.example.org:9092")

    with running_kafka() as servers:
        assert servers == "kafka.example.org:9092"


def test_without_one_in_the_environment_a_kafka_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)

    with running_kafka(properties={"num.partitions": "4"}) as servers:
        admin = AdminClient({"bootstrap.servers": servers})
        admin.create_topics([NewTopic("new")])["new"].result(PATIENCE_S)
        until(lambda: "new" in admin.list_topics(timeout=PATIENCE_S).topics, "the topic")
        assert len(admin.list_topics(timeout=PATIENCE_S).topics["new"].partitions) == 4
