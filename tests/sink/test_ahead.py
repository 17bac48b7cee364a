"""Which offsets may be committed, when the newest records are read and settled ahead of a backlog."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from sink.topic.account import Account
from sink.topic.ahead import Ahead
from sink.topic.offsets import Holding
from sink.topic.tally import OUTCOMES, Outcome, Tally

KAFKA_KEEPS = 4096
"""Characters of what is committed with an offset; a commit that has more is dropped, offset and all."""

SECOND = 1_800_000_000.0
"""When the first record of a topic was appended; the next ones each a second later."""


def outcome_of(offset: int) -> Outcome:
    return OUTCOMES[offset * 7 % 11 % 3]


def appended_at(offset: int) -> float:
    return SECOND + offset


class Delivery:
    """One partition, read by the backlog's reader and ahead of it, by sinks that crash."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.topic = list(range(12))
        """Offsets that hold a record; Kafka leaves some out."""
        self.settled: set[int] = set()
        """Delivered by any sink so far."""
        self.expired: set[int] = set()
        """Deleted by Kafka before the backlog's reader came to them."""
        self.committed = self.stored = TopicPartition("alerts", 3, 0)
        self.crash()

    @property
    def end(self) -> int:
        """Where the partition ends."""
        return self.topic[-1] + 1

    def append(self) -> None:
        """Let records arrive, with gaps now and then."""
        for _ in range(self._some()):
            self.topic.append(self.end + self._chance.choice([0, 0, 0, 1, 7]))

    def read_the_backlog(self, most: int = 0) -> None:
        """Let the backlog's reader go on."""
        for offset in [one for one in self.topic if one >= self.position][: most or self._some()]:
            self.position = offset + 1
            if self.holding.reaches(offset, appended_at(offset)):
                assert offset in self.settled or offset in self.in_flight, "taken for settled and never delivered"
                if offset in self.in_flight:
                    self.in_flight[offset] = True
            else:
                self.holding.collected(offset, appended_at(offset))
                self._delivers(offset, in_turn=True)

    def jump(self) -> None:
        """Let the lane go to the end, or back a little: messages of a former look at the end may come too."""
        self.lane = max(0, self.end - self._chance.choice([0, 0, 2, 9]))

    def read_ahead(self) -> None:
        """Let the lane go on."""
        for offset in [one for one in self.topic if one >= self.lane][: self._some()]:
            self.lane = offset + 1
            if self.holding.read_ahead(offset, appended_at(offset)):
                self._delivers(offset, in_turn=False)

    def settle(self, most: int = 0) -> None:
        """Let some that are in flight be settled, in any order."""
        for offset in self._chance.sample(sorted(self.in_flight), k=len(self.in_flight))[: most or self._some()]:
            del self.in_flight[offset]
            self.settled.add(offset)
            self.holding.settle(offset, outcome_of(offset))

    def store(self) -> None:
        """Let what is settled be stored."""
        moved = self.holding.advance()
        if moved is None:
            return
        assert moved.offset > self.stored.offset
        passed = {one for one in self.topic if one < moved.offset}
        assert passed <= self.settled | self.expired, "passed a record that nobody has delivered"
        assert len(moved.metadata or "") < KAFKA_KEEPS
        self.check_account(moved)
        self.stored = moved

    def check_account(self, moved: TopicPartition) -> None:
        """See that each offset that is passed was counted once, and as what it was."""
        passed = [one for one in self.topic if one < moved.offset]
        counts = Counter(outcome_of(one) for one in passed)
        tally = Tally.read(moved.metadata or "", moved.offset)
        assert tally.total == moved.offset
        assert tally.before == 0
        # What expired may have been delivered ahead all the same, and what Kafka leaves out counts as expired.
        most = len(self.expired & set(passed)) + moved.offset - len(passed)
        assert moved.offset - len(passed) <= tally.expired <= most
        for outcome in OUTCOMES:
            lost = sum(outcome_of(one) == outcome for one in self.expired)
            assert counts[outcome] - lost <= getattr(tally, outcome) <= counts[outcome]

    def commit(self) -> None:
        """Let what is stored be committed."""
        self.committed = self.stored

    def crash(self) -> None:
        """Let another sink go on from what is committed."""
        self.stored = self.committed
        noted, first = self.committed.metadata or "", self.committed.offset
        self.holding = Holding(
            "alerts", 3, Ahead(noted, end=self.end), account=Account(noted, offset=first), first=first
        )
        self.position = self.committed.offset
        self.lane = self.end
        self.in_flight: dict[int, bool] = {}
        """And whether the backlog's reader has come to it."""
        self._begun: set[int] = set()

    def expire(self) -> None:
        """Let retention overtake the backlog: its reader goes on where the topic begins now."""
        unread = [one for one in self.topic if one >= self.position][: self._some()]
        if unread:
            self.position = unread[-1] + 1
            self.expired.update(unread)

    def check_age(self) -> None:
        """See that the oldest record that is not settled is known, those first that were read in their turn."""
        in_turn = [offset for offset, in_turn in self.in_flight.items() if in_turn]
        ages = {appended_at(offset) for offset in self.in_flight} or {0.0}
        assert self.holding.oldest() in ({appended_at(min(in_turn))} if in_turn else ages)

    def finish(self) -> None:
        """Let everything be delivered: then all is passed, and nothing is noted any more."""
        for _ in range(2):  # what had expired and is settled late is noted until one more is read
            self.append()
            self.read_the_backlog(len(self.topic))
            self.settle(len(self.topic))
            self.store()
        assert self.settled | self.expired == set(self.topic)
        assert self.stored.offset == self.end
        assert "ahead" not in (self.stored.metadata or "")

    def _some(self) -> int:
        return self._chance.randint(1, 5)

    def _delivers(self, offset: int, *, in_turn: bool) -> None:
        assert offset not in self._begun, "delivered twice by one sink"
        self._begun.add(offset)
        self.in_flight[offset] = in_turn


OFTEN = [Delivery.append, Delivery.read_the_backlog, Delivery.read_ahead, Delivery.settle, Delivery.store]
SELDOM = [Delivery.jump, Delivery.commit, Delivery.crash, Delivery.expire]


@given(st.integers(0, 2**32))
@settings(max_examples=150)
def test_nothing_is_passed_before_it_is_delivered_whatever_happens_when(seed: int) -> None:
    chance = Random(seed)  # noqa: S311  # no secret
    delivery = Delivery(chance)

    for step in chance.choices([*3 * OFTEN, *SELDOM], k=150):
        step(delivery)
        delivery.check_age()

    delivery.finish()


@pytest.mark.parametrize("every", [2, 3])
def test_the_note_of_a_fragmented_partition_is_cut_off_and_true(every: int) -> None:
    first, end = 10**12, 10**12 + 3000
    holding = Holding("alerts", 0)
    holding.collected(first - 1, SECOND)
    for offset in range(first, end):
        holding.read_ahead(offset, SECOND)
    settled = [offset for offset in range(first, end) if offset % every]
    for offset in settled:
        holding.settle(offset, "accepted")
    holding.settle(first - 1, "accepted")

    moved = holding.advance()

    assert moved is not None
    assert len(moved.metadata or "") < KAFKA_KEEPS
    successor = Ahead(moved.metadata or "", end=end)
    noted = [offset for offset in range(first, end) if offset in successor]
    assert noted
    assert noted == settled[: len(noted)], "the first ones are kept, and all of them"


def ahead_of(*settled: int) -> Ahead:
    ahead = Ahead()
    for offset in settled:
        ahead.add(offset, SECOND)
        ahead.settle(offset, "accepted")
    return ahead


def test_what_is_in_flight_is_not_noted_as_settled() -> None:
    ahead = ahead_of(11, 12)
    ahead.add(13, SECOND)

    successor = Ahead(ahead.note, end=100)

    assert [offset for offset in range(10, 15) if offset in successor] == [11, 12]


@pytest.mark.parametrize("end", [0, 12])
def test_a_note_that_goes_beyond_the_end_is_of_another_topic_and_not_believed(end: int) -> None:
    note = ahead_of(11, 12).note

    assert 11 not in Ahead(note, end=end)
    assert 11 in Ahead(note, end=13)


@pytest.mark.parametrize("note", ["", "written by an operator", "accepted=17", "20-30"])
def test_a_note_of_something_else_says_nothing(note: str) -> None:
    ahead = Ahead(note, end=1000)

    assert ahead.note == ""
    assert not any(offset in ahead for offset in range(100))


def test_a_record_of_a_newer_version_is_left_to_the_backlogs_reader() -> None:
    holding = Holding("alerts", 0)
    holding.collected(1, SECOND)
    assert holding.read_ahead(20, SECOND + 20)

    assert holding.unread(20)

    holding.settle(1, "accepted")
    assert committed(holding) == (2, "accepted=1 expired=1")
    assert not holding.reaches(20, SECOND + 20), "it is for the backlog's reader to say what it is"
    assert not holding.unread(20)


def test_what_was_read_in_its_turn_is_not_read_ahead_any_more() -> None:
    holding = Holding("alerts", 0)
    holding.collected(20, SECOND)

    assert not holding.read_ahead(20, SECOND)
    assert not holding.read_ahead(19, SECOND)
    assert holding.read_ahead(21, SECOND)
    assert not holding.read_ahead(21, SECOND)


def committed(holding: Holding) -> tuple[int, Any] | None:
    moved = holding.advance()
    return None if moved is None else (moved.offset, moved.metadata or "")
