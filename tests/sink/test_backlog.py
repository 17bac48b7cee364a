"""The alarm: what waits in the local topic and since when, whoever has read it, and nothing where that is not known."""

import time
from dataclasses import dataclass

import pytest

from runtime.gauges import Values
from runtime.waiting import Watch
from sink.topic.ahead import Ahead
from sink.topic.backlog import SILENT_S, Backlog
from sink.topic.offsets import Holding
from support.clock import Clock
from support.kafka import commit, create_topic, publish, until

HOUR_S = 3600.0
KEPT_S = 100 * HOUR_S


@dataclass
class Sink:
    """What a sink knows of one topic of one partition, which holds three records of 8 hours ago and four of 2."""

    broker: str
    topic: str

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.group = f"sink-{self.topic}"
        self.watch = Watch(
            {"bootstrap.servers": self.broker},
            group_id=self.group,
            topics=[self.topic],
            every_s=5,
            clock=self.clock,
        )
        self.backlog = Backlog(self.watch, retention_s=lambda: KEPT_S)

    def looks(self) -> None:
        """Look at the topic, and see all of it; a broker that has just started does not know groups yet."""
        self.clock.now += 2  # what was seen before does not count

        def has_looked() -> bool:
            self.watch.look()
            seen = self.watch.waiting(newer_than_s=1)
            return bool(seen) and all(one.oldest_at or not one.part.unread for one in seen)

        until(has_looked, "a look")

    def joins(self, *holdings: Holding) -> None:
        """Let these partitions be the sink's."""
        self.backlog.follow(is_member=lambda: True, holdings=lambda: holdings)

    def loses_everything(self) -> None:
        """Let the group have taken the sink's partitions away."""
        self.backlog.follow(is_member=lambda: False, holdings=tuple)

    def holding(self, *, reads_to: int, settled: int, ahead: Ahead | None = None) -> Holding:
        """Return the partition, read and settled up to these offsets."""
        holding = Holding(self.topic, 0, ahead, first=0)
        for offset in range(reads_to):
            holding.collected(offset, time.time() - (8 if offset < 3 else 2) * HOUR_S)
        for offset in range(settled):
            holding.settle(offset, "accepted")
        return holding

    def oldest_h(self) -> float:
        """Return the hours that the oldest record has waited, one digit; -1 if that is not known."""
        return round(self.backlog.oldest_s()[()] / HOUR_S, 1) if self.backlog.oldest_s() else -1.0


@pytest.fixture
def sink(broker: str, topic: str) -> Sink:
    create_topic(broker, topic)
    publish(broker, topic, [(None, b"old")] * 3, hours_ago=8)
    publish(broker, topic, [(None, b"new")] * 4, hours_ago=2)
    one = Sink(broker, topic)
    one.looks()
    return one


def of_the_partition(values: Values) -> float:
    """Return the value of the one partition."""
    ((labels, value),) = values.items()
    assert labels == ("0",)
    return value


def test_a_sink_that_has_not_joined_shows_what_the_group_has_not_passed(sink: Sink) -> None:
    assert sink.oldest_h() == 8
    assert of_the_partition(sink.backlog.lag()) == 7
    assert of_the_partition(sink.backlog.headroom_s()) == pytest.approx(KEPT_S - 8 * HOUR_S, abs=60)

    commit(sink.broker, sink.topic, sink.group, 7)
    sink.looks()

    assert sink.oldest_h() == 0
    assert of_the_partition(sink.backlog.lag()) == 0
    assert of_the_partition(sink.backlog.headroom_s()) == KEPT_S


@pytest.mark.parametrize(
    ("reads_to", "settled", "oldest_h", "lag"),
    [
        pytest.param(0, 0, 8, 7, id="nothing read, as while others fill what may be in flight"),
        pytest.param(2, 0, 8, 7, id="a part read and nothing settled"),
        pytest.param(5, 4, 2, 3, id="a part settled"),
        pytest.param(7, 7, 0, 0, id="everything settled since Kafka was looked at"),
    ],
)
def test_a_partition_of_the_sink_counts_whether_it_is_read_or_not(
    sink: Sink, reads_to: int, settled: int, oldest_h: float, lag: int
) -> None:
    sink.joins(sink.holding(reads_to=reads_to, settled=settled))

    assert sink.oldest_h() == oldest_h
    assert of_the_partition(sink.backlog.lag()) == lag
    assert of_the_partition(sink.backlog.headroom_s()) == pytest.approx(KEPT_S - oldest_h * HOUR_S, abs=60)


def test_fresh_records_that_go_first_do_not_hide_older_ones_that_are_not_read(sink: Sink) -> None:
    ahead = Ahead()
    holding = sink.holding(reads_to=0, settled=0, ahead=ahead)
    for offset in (4, 5, 6):
        assert holding.read_ahead(offset, time.time())
    holding.settle(6, "accepted")
    sink.joins(holding)

    assert sink.oldest_h() == 8
    assert of_the_partition(sink.backlog.lag()) == 6


def test_a_sink_without_partitions_has_no_backlog_and_one_that_lost_them_has_the_groups(sink: Sink) -> None:
    sink.joins()
    assert sink.oldest_h() == 0
    assert sink.backlog.lag() == {}

    sink.loses_everything()
    assert sink.oldest_h() == 8


def test_while_kafka_is_silent_what_waits_grows_older_and_nothing_else_is_claimed(sink: Sink) -> None:
    sink.joins(sink.holding(reads_to=3, settled=1))
    sink.clock.now += SILENT_S + 1

    assert sink.oldest_h() == 8
    assert sink.backlog.lag() == {}
    assert sink.backlog.headroom_s() == {}

    sink.joins(sink.holding(reads_to=7, settled=7))
    assert sink.backlog.oldest_s() == {}


def test_nothing_is_claimed_before_kafka_was_looked_at(broker: str, topic: str) -> None:
    sink = Sink(broker, topic)
    assert sink.backlog.oldest_s() == {}

    sink.joins(sink.holding(reads_to=3, settled=1))
    assert sink.oldest_h() == 8
    assert sink.backlog.lag() == {}
