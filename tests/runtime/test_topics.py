"""Creation and checking of the local topics, on a real broker."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from demo.kafka import LocalKafka
from runtime import topics
from runtime.settings import ProcessSettings, load
from runtime.topics import BrokerUnreachable, TopicUnusable
from support.kafka import PATIENCE_S, create_topic, until


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("KAFKA_TOPIC", topic)
    return load(ProcessSettings, own_prefixes=())


def configuration(broker: str, topic: str) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": broker})
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    found = admin.describe_configs([resource])[resource].result(PATIENCE_S)
    return {name: entry.value for name, entry in found.items()}


def test_the_local_topics_are_made_so_that_nothing_expires_or_is_lost(
    settings: ProcessSettings, broker: str, topic: str
) -> None:
    topics.prepare(settings)

    admin = AdminClient({"bootstrap.servers": broker})
    cluster = admin.list_topics(timeout=PATIENCE_S)
    sizes = {topic: 8, f"{topic}.undecodable": 9, f"{topic}.rejected": 9}
    for name, mebibytes in sizes.items():
        assert len(cluster.topics[name].partitions) == 12
        assert {len(one.replicas) for one in cluster.topics[name].partitions.values()} == {min(3, len(cluster.brokers))}
        found = configuration(broker, name)
        assert found["message.timestamp.type"] == "LogAppendTime"
        assert found["retention.ms"] == str(14 * 86_400_000)
        assert found["compression.type"] == "zstd"
        assert found["cleanup.policy"] == "delete"
        assert found["max.message.bytes"] == str(mebibytes * 2**20)
        if len(cluster.brokers) < 3:
            assert found["flush.messages"] == "1"
        else:
            assert found["min.insync.replicas"] == "2"


def test_topics_that_exist_are_left_as_they_are(
    settings: ProcessSettings, broker: str, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(broker, topic, retention_ms="3600000")

    with caplog.at_level(logging.WARNING, "runtime.topics"):
        topics.prepare(settings)
        topics.prepare(settings)

    assert configuration(broker, topic)["retention.ms"] == "3600000"
    assert len(AdminClient({"bootstrap.servers": broker}).list_topics(timeout=PATIENCE_S).topics[topic].partitions) == 1
    assert f"topic={topic} has retention.ms=3600000, ours would be 1209600000" in caplog.text


def test_several_processes_may_begin_at_once(settings: ProcessSettings, broker: str, topic: str) -> None:
    together = threading.Barrier(4)
    failures = []

    def begin() -> None:
        try:
            together.wait(PATIENCE_S)
            topics.prepare(settings)
        except Exception as error:  # noqa: BLE001  # the test shows whichever it was
            failures.append(error)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert configuration(broker, f"{topic}.rejected")["cleanup.policy"] == "delete"


def test_a_compacted_topic_is_refused_with_what_to_do(settings: ProcessSettings, broker: str, topic: str) -> None:
    create_topic(broker, f"{topic}.rejected", cleanup_policy="compact")

    with pytest.raises(TopicUnusable, match=f"{topic}.rejected has cleanup.policy=compact.*set it to delete"):
        topics.prepare(settings)


class AtTheFirstTopic(logging.Handler):
    """Does something at the moment in which the first topic has been made."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act
        self.done = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Act once."""
        if "created topic=" in record.getMessage() and not self.done.is_set():
            self._act()
            self.done.set()


def test_a_broker_that_stands_still_between_two_topics_is_asked_again(
    topic: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(topics, "ANSWER_S", 1.0)
    monkeypatch.setenv("KAFKA_TOPIC", topic)
    monkeypatch.setenv("KAFKA_CONNECT_TIMEOUT_S", str(PATIENCE_S))
    caplog.set_level(logging.INFO, "runtime.topics")

    with LocalKafka() as kafka, ThreadPoolExecutor(1) as thread:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
        freezing = AtTheFirstTopic(lambda: kafka.freeze(0))
        topics.log.addHandler(freezing)
        try:
            preparing = thread.submit(topics.prepare, load(ProcessSettings, own_prefixes=()))
            until(lambda: "not yet: cannot" in caplog.text, "the silence being noticed")
            kafka.thaw(0)
            preparing.result(PATIENCE_S)
        finally:
            topics.log.removeHandler(freezing)
        made = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=PATIENCE_S).topics

    assert {topic, f"{topic}.undecodable", f"{topic}.rejected", f"{topic}.state"} <= made.keys()


def test_a_broker_that_cannot_be_reached_is_a_sentence_within_the_time_that_was_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_CONNECT_TIMEOUT_S", "1")
    began, busy = time.monotonic(), time.thread_time()

    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1 .*KAFKA_BOOTSTRAP_SERVERS right\?"):
        topics.prepare(load(ProcessSettings, own_prefixes=()))

    assert 0.9 < time.monotonic() - began < 20  # unless it is set, 30 s
    assert time.thread_time() - busy < 0.5
