"""What a look into a topic tells, and that it leaves no trace."""

import json
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from runtime.extent import Extent
from runtime.look import Look, NoSuchTopic, mean_bytes, stamped_at
from support.kafka import PATIENCE_S, commit, committed, create_topic, patiently, publish, until
from support.patience import wait_for_busy_brokers


@pytest.fixture
def look(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    wait_for_busy_brokers(monkeypatch)
    one = Look({"bootstrap.servers": broker}, f"group-{topic}")
    yield one
    one.close()


def extent_of(look: Look, topic: str) -> Extent:
    """Look until there is an answer: a broker that has just started does not know groups yet."""
    return patiently(lambda: look.extent(topic), "a look")


def test_it_tells_what_a_group_has_not_read_and_leaves_no_trace(look: Look, broker: str, topic: str) -> None:
    group = f"group-{topic}"
    create_topic(broker, topic)
    publish(broker, topic, [(b"key", b"value") for _ in range(10)])
    assert extent_of(look, topic).is_new_to_the_group
    commit(broker, topic, group, 4)

    extent = extent_of(look, topic)
    unread = look.messages(extent, extent.first_unread(), count=2)

    assert (extent.held, extent.unread, extent.lost, extent.is_new_to_the_group) == (10, 6, 0, False)
    assert [message.offset() for message in unread] == [4, 5]
    assert mean_bytes(unread) == len(b"key") + len(b"value")
    assert committed(broker, topic, group) == {0: 4}
    admin = AdminClient({"bootstrap.servers": broker})
    assert admin.describe_consumer_groups([group])[group].result(PATIENCE_S).members == []


def test_it_tells_what_expired_unread(look: Look, broker: str, topic: str) -> None:
    create_topic(broker, topic)
    publish(broker, topic, [(None, b"value") for _ in range(10)])
    commit(broker, topic, f"group-{topic}", 2)
    (part,) = extent_of(look, topic).parts
    admin = AdminClient({"bootstrap.servers": broker})
    kept = look.messages(extent_of(look, topic), {0: 7})[0]

    (deleted,) = admin.delete_records([TopicPartition(topic, part.number, kept.offset() or 0)]).values()
    deleted.result(PATIENCE_S)

    extent = extent_of(look, topic)
    assert (extent.held, extent.unread, extent.lost) == (3, 3, 5)


def test_an_offset_beyond_the_end_is_another_topics_and_leaves_all_to_be_read(
    look: Look, broker: str, topic: str
) -> None:
    create_topic(broker, topic)
    publish(broker, topic, [(None, b"value") for _ in range(10)])
    commit(broker, topic, f"group-{topic}", 12)

    extent = extent_of(look, topic)

    assert (extent.unread, extent.lost, extent.first_unread()) == (10, 0, {0: 0})


def test_it_asks_as_often_of_many_partitions_as_of_one(
    broker: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_busy_brokers(monkeypatch)
    create_topic(broker, topic, partitions=40)
    publish(broker, topic, [(str(number).encode(), b"value") for number in range(100)])
    told: list[str] = []
    config = {"bootstrap.servers": broker, "statistics.interval.ms": 50, "stats_cb": told.append}
    looks = 0

    with closing(Look(config, f"group-{topic}")) as look:

        def once() -> Extent:
            nonlocal looks
            looks += 1
            return look.extent(topic)

        def is_told() -> bool:
            assert patiently(once, "a look").held == 100
            return any(asked(stats, "ListOffsets") for stats in told)

        until(is_told, "what was asked")

    assert max(asked(stats, "ListOffsets") for stats in told) <= 2 * looks


def asked(stats: str, kind: str) -> int:
    """Return how many requests of a kind librdkafka's statistics count, over all brokers."""
    return sum(broker["req"].get(kind, 0) for broker in json.loads(stats)["brokers"].values())


def test_it_counts_what_is_newer_than_a_moment(look: Look, broker: str, topic: str) -> None:
    create_topic(broker, topic, partitions=2)
    publish(broker, topic, [(str(number).encode(), b"old") for number in range(20)], hours_ago=5)
    publish(broker, topic, [(str(number).encode(), b"new") for number in range(7)])
    extent = extent_of(look, topic)
    now = time.time()

    assert look.messages_since(extent, now - 3600) == 7
    assert look.messages_since(extent, now - 6 * 3600) == 27
    assert look.messages_since(extent, now + 3600) == 0
    assert min(stamped_at(look.messages(extent, extent.oldest()))) == pytest.approx(now - 5 * 3600, abs=600)
    newest = look.messages(extent, extent.newest(100), count=100)
    assert len(newest) == 27


def test_a_topic_that_is_not_there_is_said(look: Look, topic: str) -> None:
    with pytest.raises(NoSuchTopic, match=topic):
        look.extent(topic)
