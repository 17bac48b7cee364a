"""What the processor counts in its commits at Fink: each message once, and what was gone before it was read."""

from collections.abc import Iterator, Sequence

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, Message, TopicPartition
from prometheus_client import REGISTRY

from processor.counts import Count, Counts, Outcome
from support.kafka import commit, create_topic, patiently

TOPIC = "fink_sn_candidates_ztf"


def messages(*offsets: int, at: int = 1000) -> list[Message]:
    stamp = TIMESTAMP_CREATE_TIME, at
    return [Message(topic=TOPIC, partition=0, offset=offset, timestamp=stamp) for offset in offsets]


@pytest.fixture
def consumer(broker: str, topic: str) -> Iterator[Consumer]:
    """Give a member of a group of Fink's."""
    create_topic(broker, topic)
    consumer = Consumer({"bootstrap.servers": broker, "group.id": topic})
    yield consumer
    consumer.close()


class Reader:
    """A processor's counts, as one after the other takes over from what was committed."""

    def __init__(self, committed: TopicPartition | None = None) -> None:
        self.counts = Counts("group")
        self._committed = committed or TopicPartition(TOPIC, 0, -1001)
        self.counts.expect([self._committed])
        self.counts.load(self, self.counts.unknown())  # type: ignore[arg-type]  # asked for what is committed only

    def committed(self, partitions: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        """Say what is committed."""
        del partitions, timeout
        return [self._committed]

    def reads(self, *offsets: int, at: int = 1000) -> list[Message]:
        """Hand out messages that Fink published at a time."""
        found = messages(*offsets, at=at)
        for one in found:
            self.counts.reached(one)
        return found

    def stores(self, *offsets: int, outcome: Outcome = "published") -> TopicPartition:
        """Read messages, and let Fink forget them."""
        found = self.reads(*offsets)
        (end,) = self.counts.done(found, [outcome] * len(found))
        return end


def count_of(stored: TopicPartition) -> Count:
    return Count.read(stored.metadata or "", stored.offset)


def test_a_successor_counts_on_from_what_was_committed_and_repeats_the_rest() -> None:
    committed = Reader().stores(7, 8, 9)

    first, second = Reader(committed), Reader(committed)
    first.stores(10, 11)  # and is killed
    stored = second.stores(10, 11, 12, outcome="put_aside")

    assert count_of(committed) == Count(first=7, began=1000, published=3)
    assert count_of(stored) == Count(first=7, began=1000, published=3, put_aside=3)


def told_of_expired() -> float:
    return REGISTRY.get_sample_value("processor_messages_expired_total", {"topic": TOPIC}) or 0.0


def test_what_fink_deleted_before_it_was_read_is_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    committed = Reader().stores(0, 1)
    before = told_of_expired()

    stored = Reader(committed).stores(6, 7, 9)

    assert count_of(stored) == Count(first=0, began=1000, published=5, expired=5)
    assert told_of_expired() - before == 5
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["lost a range"] * 2
    assert "offsets=2..5 alerts=4" in caplog.text


def test_a_topic_that_fink_made_anew_is_counted_from_its_beginning() -> None:
    stored = Reader(Reader().stores(7, 8)).stores(0, 1, 2)

    assert count_of(stored) == Count(first=0, began=1000, published=3)


def test_the_messages_of_a_topic_that_fink_made_anew_are_no_copies() -> None:
    before, after, later = Reader(), Reader(), Reader(Reader().stores(0, 1))
    (old,), (new,), (found,) = before.reads(0), after.reads(0, at=2000), later.reads(0, at=2000)

    assert after.counts.origin(new) == later.counts.origin(found), "whether Fink forgot the offsets or not"
    assert after.counts.origin(new).series != before.counts.origin(old).series


@pytest.mark.parametrize("noted", ["", "by hand", "first=0 began=9 published=0 put_aside=0 expired=0", "published=9"])
def test_an_offset_that_its_note_does_not_add_up_to_is_counted_from_there(noted: str) -> None:
    assert Count.read(noted, 9) == Count(first=9)


def test_the_same_message_has_the_same_origin_for_every_successor() -> None:
    committed = Reader().stores(7, 8)
    beginning, first, second = Reader(), Reader(committed), Reader(committed)

    (seventh,), (once,), (again,) = beginning.reads(7), first.reads(9), second.reads(9)

    assert first.counts.origin(once) == second.counts.origin(again)
    assert first.counts.origin(once).series == beginning.counts.origin(seventh).series, "from the same beginning"


def test_a_message_whose_partition_was_taken_away_meanwhile_has_the_origin_that_the_next_reader_gives_it() -> None:
    first, second = Reader(Reader().stores(7, 8)), Reader(Reader().stores(7, 8))
    (once,), (again,) = first.reads(9), second.reads(9)

    first.counts.forget([TopicPartition(TOPIC, 0)])

    assert first.counts.origin(once) == second.counts.origin(again)


def test_messages_of_a_partition_that_was_taken_away_are_not_counted() -> None:
    reader = Reader()
    found = reader.reads(7, 8)

    reader.counts.forget([TopicPartition(TOPIC, 0)])

    assert reader.counts.done(found, ["published"] * 2) == []
    assert not reader.counts.knows(found[0])
    assert list(reader.counts.now()) == []


def test_counts_are_kept_by_kafka_beside_the_offset(consumer: Consumer, broker: str, topic: str) -> None:
    commit(broker, topic, topic, 3, note=Count(first=1, published=2).note)
    counts = Counts(topic)
    counts.expect([TopicPartition(topic, 0)])

    patiently(lambda: counts.load(consumer, counts.unknown()), "what was counted")

    assert counts.unknown() == []
    assert [(one.position, one.count) for one in counts.now()] == [(3, Count(first=1, published=2))]
