"""How much waits at Fink, and how long Fink keeps it, is seen though nobody reads there."""

import pytest

from processor.at_fink import SILENT_S, AtFink
from processor.checks.backlog import DAY_S, KEPT_DAYS
from runtime.waiting import Watch
from support.clock import Clock
from support.kafka import commit, create_topic, publish, until
from support.patience import wait_for_busy_brokers
from support.processor import group

HOUR_S = 3600.0
KEPT_S = KEPT_DAYS * DAY_S


def test_what_the_group_has_not_committed_waits_and_expires_in_so_long(
    broker: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_busy_brokers(monkeypatch)
    create_topic(broker, topic)
    publish(broker, topic, [(b"schema", b"alert")] * 3, hours_ago=50)
    publish(broker, topic, [(b"schema", b"alert")] * 2, hours_ago=20)
    clock = Clock()
    topics = [topic, f"{topic}.missing"]
    watch = Watch({"bootstrap.servers": broker}, group_id=group(topic), topics=topics, every_s=30, clock=clock)
    at_fink, partition = AtFink(watch), (topic, "0")

    def sees(lag: int) -> None:
        def looked() -> bool:  # a broker that has just started does not know groups yet, and a busy one is late
            watch.look()
            return at_fink.lag() == {partition: lag} and bool(at_fink.headroom_s())

        until(looked, f"{lag} messages waiting")

    assert at_fink.lag() == at_fink.headroom_s() == {}
    sees(5)
    assert at_fink.headroom_s() == {partition: pytest.approx(KEPT_S - 50 * HOUR_S, abs=HOUR_S)}
    commit(broker, topic, group(topic), 3)
    sees(2)
    assert at_fink.headroom_s() == {partition: pytest.approx(KEPT_S - 20 * HOUR_S, abs=HOUR_S)}
    commit(broker, topic, group(topic), 5)
    sees(0)
    assert at_fink.headroom_s() == {partition: KEPT_S}

    clock.now += SILENT_S + 1
    assert at_fink.lag() == at_fink.headroom_s() == {}
