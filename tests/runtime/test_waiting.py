"""What a group has not passed is seen beside the reading, with its age, and is not told when it is old."""

import math
import time
from threading import Event

import pytest

from runtime.waiting import Waiting, Watch
from support.clock import Clock
from support.kafka import commit, create_topic, publish, until
from support.patience import wait_for_busy_brokers


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_busy_brokers(monkeypatch)


def watch_of(broker: str, *topics: str, clock: Clock) -> Watch:
    return Watch({"bootstrap.servers": broker}, group_id=f"group-{topics[0]}", topics=topics, every_s=0.1, clock=clock)


def looked(watch: Watch, clock: Clock) -> list[Waiting]:
    """Look until there is an answer: a broker that has just started does not know groups yet."""

    def has_looked() -> bool:
        clock.now += 2  # what was seen before is old
        watch.look()
        return bool(watch.waiting(newer_than_s=1))

    until(has_looked, "a look")
    return watch.waiting(newer_than_s=1)


def test_what_waits_is_seen_with_the_time_of_its_first_message(broker: str, topic: str) -> None:
    create_topic(broker, topic)
    clock = Clock()
    watch = watch_of(broker, topic, f"{topic}.missing", clock=clock)
    publish(broker, topic, [(None, b"old")] * 3, hours_ago=8)
    publish(broker, topic, [(None, b"new")] * 4, hours_ago=2)

    (new_to_it,) = looked(watch, clock)
    commit(broker, topic, f"group-{topic}", 3)
    (further,) = looked(watch, clock)
    commit(broker, topic, f"group-{topic}", 7)
    (done,) = looked(watch, clock)

    assert [one.part.unread for one in (new_to_it, further, done)] == [7, 4, 0]
    assert new_to_it.oldest_at == pytest.approx(time.time() - 8 * 3600, abs=600)
    assert further.oldest_at == pytest.approx(time.time() - 2 * 3600, abs=600)
    assert done.oldest_at == 0


def test_what_was_seen_long_ago_is_told_only_to_who_wants_it(broker: str, topic: str) -> None:
    create_topic(broker, topic)
    clock = Clock()
    watch = watch_of(broker, topic, clock=clock)
    looked(watch, clock)
    clock.now += 31

    assert watch.waiting(newer_than_s=30) == []
    assert len(watch.waiting(newer_than_s=math.inf)) == 1


def test_it_looks_until_it_is_told_to_stop_whatever_fails_meanwhile(broker: str, topic: str) -> None:
    create_topic(broker, topic)
    stop, calls = Event(), []

    def fails_first() -> None:
        calls.append(None)
        if len(calls) == 1:
            raise RuntimeError("once")

    watch = Watch(
        {"bootstrap.servers": broker}, group_id=topic, topics=[topic], every_s=0.01, besides=fails_first, clock=Clock()
    )
    watch.start(stop)
    until(lambda: bool(watch.waiting(newer_than_s=1)), "a look")
    stop.set()

    assert len(calls) > 1
