"""New records go before the backlog, and the backlog goes on beside them: shards alone, with workers of their own."""

import math
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace

import pytest

from sink.delivery.in_flight import InFlight
from sink.delivery.shards import LIVE_ROUNDS, NOT_QUEUED, SPACING_S, Shards
from support.clock import Clock
from support.in_flight import in_flight
from support.kafka import PATIENCE_S, until

FRESH_S = 600.0
AGES_S = {"live": 0.0, "old": 8 * 3600.0}


def record(kind: str, name: str = "ZTF26aaa", *, collected_s_ago: float = 1000.0) -> InFlight:
    """Return a live or an old record of the object ``name``."""
    item = in_flight(obj_id=name, topic=kind)
    return replace(item, appended_at=time.time() - AGES_S[kind], collected_at=time.monotonic() - collected_s_ago)


def kind_of(item: InFlight) -> str:
    return item.alert.topic


def object_of(shard: int, count: int) -> str:
    """Return the name of an object that belongs to number ``shard`` of ``count``."""
    return next(name for n in range(10_000) if zlib.crc32((name := f"ZTF26aa{n}").encode()) % count == shard)


def is_queued(shards: Shards, number: int) -> bool:
    """Say whether a shard wants to begin a round, and has no room for it."""
    return shards._shards[number].queued != NOT_QUEUED  # noqa: SLF001  # to be seen nowhere else


class Watched(Clock):
    """A clock that knows who has looked at it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = time.monotonic()
        self.looks: Counter[int] = Counter()

    def __call__(self) -> float:
        """Return the time, in seconds."""
        self.looks[threading.get_ident()] += 1
        return super().__call__()

    def is_looked_at(self, workers: int) -> None:
        """Wait until so many workers have seen the present time, and what followed from it."""
        self.looks = Counter()
        until(lambda: sum(times > 3 for times in tuple(self.looks.values())) >= workers, "the time being noticed")


@dataclass
class Skyportal:
    """Takes batches: the first of a worker's at once, each as long as the test says."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rounds: list[list[InFlight]] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    doors: list[threading.Event] = field(default_factory=list)
    is_open: bool = True
    again: Callable[[InFlight], bool] = lambda _item: False
    has_room: bool | None = None
    """Whether some of the budget is unused; None: whenever no round is under way, as at the limit."""

    def room(self) -> bool:
        """Say whether some of the budget is unused."""
        return not self.under_way if self.has_room is None else self.has_room

    def deliver(self, batch: Sequence[InFlight]) -> list[InFlight]:
        """Take one round; hold it while the doors are closed."""
        names = {item.alert.obj_id for item in batch}
        door = threading.Event()
        with self.lock:
            assert not names & self.under_way.keys(), "an object in two rounds at once"
            self.under_way |= dict.fromkeys(names, 1)
            self.rounds.append(list(batch))
            self.doors.append(door)
            if self.is_open:
                door.set()
        assert door.wait(PATIENCE_S)
        with self.lock:
            for name in names:
                del self.under_way[name]
        return [item for item in batch if self.again(item)]

    def let_one_through(self, number: int) -> None:
        """Answer round ``number``."""
        until(lambda: len(self.doors) > number, f"round {number}")
        self.doors[number].set()

    def kinds(self) -> list[str]:
        """Return of what kind the rounds were; a mixed one is a mistake."""
        with self.lock:
            found = [{kind_of(item) for item in batch} for batch in self.rounds]
        assert all(len(kinds) == 1 for kinds in found), "new and old records in one round"
        return [kinds.pop() for kinds in found]


@contextmanager
def delivering(
    skyportal: Skyportal, *, count: int = 1, largest: int = 1, collect_s: float = 0.0, fresh_s: float = FRESH_S
) -> Iterator[Shards]:
    """Run the workers until the block ends; what ended one of them fails the test."""
    stop = threading.Event()
    shards = Shards(
        skyportal.deliver,
        count=count,
        collect_s=collect_s,
        fresh_s=fresh_s,
        largest=lambda: largest,
        has_room=skyportal.room,
        stop=stop,
    )
    shards.start()
    try:
        yield shards
        shards.check()
    finally:
        stop.set()
        for door in skyportal.doors:
            door.set()


def test_new_records_go_before_older_ones_that_came_first() -> None:
    skyportal = Skyportal(is_open=False)

    with delivering(skyportal) as shards:
        shards.collect(record("live"))
        until(lambda: len(skyportal.rounds) == 1, "a round that takes its time")
        for kind in ["old", "old", "live", "live"]:
            shards.collect(record(kind))
        for number in range(5):
            skyportal.let_one_through(number)
        until(lambda: shards.bytes_in_flight == 0, "the end")

    assert skyportal.kinds() == ["live", "live", "live", "old", "old"]


def test_the_backlog_has_a_round_after_some_of_new_records_though_there_is_no_room() -> None:
    skyportal = Skyportal(is_open=False, has_room=False)
    half_rounds = 2 * LIVE_ROUNDS
    expected = ["live", *([*["live"] * half_rounds, "old"] * 2)]

    with delivering(skyportal, largest=2) as shards:
        shards.collect(record("live"))
        until(lambda: len(skyportal.rounds) == 1, "a round that takes its time")
        for _ in range(4):
            shards.collect(record("old"))
        for number, kind in enumerate(expected[1:], start=1):
            if kind == "live":
                shards.collect(record("live"))
            skyportal.let_one_through(number - 1)
            until(lambda number=number: len(skyportal.rounds) > number, f"round {number}")

    assert skyportal.kinds() == expected


def test_many_new_records_do_not_wait_for_the_backlog_of_other_shards() -> None:
    """However long that has waited: at the limit they take turns at the worst."""
    skyportal = Skyportal(is_open=False)
    count, largest = 4, 2

    with delivering(skyportal, count=count, largest=largest) as shards:
        for shard in range(1, count):
            for _ in range(20):
                shards.collect(record("old", object_of(shard, count), collected_s_ago=5000))
        until(lambda: len(skyportal.rounds) == 1, "a round of the backlog that takes its time")
        with shards._shards[0].changed:  # noqa: SLF001  # else its worker may find less than a round, which waits for nothing
            for _ in range(2 * largest):
                shards.collect(record("live", object_of(0, count), collected_s_ago=10))
        until(lambda: is_queued(shards, 0), "the new ones wanting to begin")
        for number in range(count + 1):
            skyportal.let_one_through(number)
        until(lambda: len(skyportal.rounds) >= count + 2, "some rounds")

    assert "live" in skyportal.kinds()


def test_a_backlog_waits_while_there_is_no_room_and_nothing_new_passes_it_over() -> None:
    skyportal = Skyportal()
    asked = threading.Event()

    def has_room() -> bool:
        asked.set()
        return False

    stop = threading.Event()
    shards = Shards(
        skyportal.deliver, count=1, collect_s=0, fresh_s=FRESH_S, largest=lambda: 1, has_room=has_room, stop=stop
    )
    shards.start()
    try:
        shards.collect(record("old"))
        until(asked.is_set, "the question whether there is room")
        asked.clear()
        until(asked.is_set, "the same question again")
        assert skyportal.rounds == []
    finally:
        stop.set()


def test_where_the_budget_has_room_rounds_of_the_backlog_begin_one_at_a_time_the_longest_waiting_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skyportal = Skyportal(is_open=False, has_room=False)
    count = 4
    order = [2, 0, 3, 1]
    clock = Watched()
    monkeypatch.setattr("sink.delivery.shards.time", SimpleNamespace(monotonic=clock, time=time.time))

    with delivering(skyportal, count=count) as shards:
        for shard in order:
            shards.collect(record("old", object_of(shard, count), collected_s_ago=100))
            until(partial(is_queued, shards, shard), "the shard wanting to begin")
            clock.now += 1
        skyportal.has_room = True
        for begun in range(1, count + 1):
            until(lambda begun=begun: len(skyportal.rounds) >= begun, "the next round")
            clock.now += 0.9 * SPACING_S
            clock.is_looked_at(workers=count - begun)
            assert len(skyportal.rounds) == begun, "whether there is room shows when the round before has begun"
            clock.now += 0.2 * SPACING_S

    names = [batch[0].alert.obj_id for batch in skyportal.rounds]
    assert names == [object_of(shard, count) for shard in order]


def test_a_few_new_records_find_a_free_worker_while_the_backlog_keeps_another_busy() -> None:
    skyportal = Skyportal(is_open=False)
    count = 4

    with delivering(skyportal, count=count, largest=2) as shards:
        shards.collect(record("old", object_of(0, count)))
        until(lambda: len(skyportal.rounds) == 1, "a round of the backlog that takes its time")
        for shard in range(1, count):
            shards.collect(record("live", object_of(shard, count)))
        until(lambda: len(skyportal.rounds) == count, "rounds of the new ones")

    assert sorted(skyportal.kinds()) == ["live", "live", "live", "old"]


def test_an_object_is_in_one_round_at_a_time_though_its_alerts_are_new_and_old() -> None:
    skyportal = Skyportal()
    count = 4
    names = [object_of(shard, count) for shard in range(count)]
    items = [record(kind, name) for _ in range(20) for name in names for kind in ("old", "live")]

    with delivering(skyportal, count=count, largest=15) as shards:
        for item in items:
            shards.collect(item)
        until(lambda: shards.bytes_in_flight == 0, "the end")

    assert sorted(id(item) for batch in skyportal.rounds for item in batch) == sorted(map(id, items))
    skyportal.kinds()


@pytest.mark.parametrize("kind", AGES_S)
def test_a_record_that_is_tried_again_and_again_keeps_no_other_from_its_turn(kind: str) -> None:
    count = 2
    poison = record(kind, object_of(0, count), collected_s_ago=5000)
    skyportal = Skyportal(again=lambda item: item is poison)
    others = [record(other, object_of(shard, count)) for shard in range(count) for other in AGES_S]

    with delivering(skyportal, count=count, largest=2) as shards:
        shards.collect(poison)
        until(lambda: len(skyportal.rounds) > 0, "the first try")
        for item in others:
            shards.collect(item)
        until(lambda: shards.bytes_in_flight == poison.size, "all the others")


def test_without_fresh_first_records_go_in_the_order_in_which_they_came() -> None:
    skyportal = Skyportal(is_open=False)
    kinds = ["old", "live", "old", "old", "live"]

    with delivering(skyportal, fresh_s=0) as shards:
        shards.collect(record("live"))
        until(lambda: len(skyportal.rounds) == 1, "a round that takes its time")
        for kind in kinds:
            shards.collect(record(kind))
        for number in range(6):
            skyportal.let_one_through(number)
        until(lambda: shards.bytes_in_flight == 0, "the end")

    assert skyportal.kinds() == ["live", *kinds]


def test_a_record_of_unknown_age_is_not_taken_for_old() -> None:
    skyportal = Skyportal(has_room=False)

    with delivering(skyportal, largest=2) as shards:
        shards.collect(replace(record("old"), appended_at=math.inf))
        until(lambda: shards.bytes_in_flight == 0, "its round")


def test_what_is_dropped_is_waited_for_by_nobody() -> None:
    """A shard whose backlog went away with its partition is not the one that the others wait for."""
    skyportal = Skyportal(has_room=False)
    count = 2
    gone, kept = record("old", object_of(0, count), collected_s_ago=5000), record("old", object_of(1, count))

    with delivering(skyportal, count=count) as shards:
        shards.collect(gone)
        shards.collect(kept)
        until(lambda: all(is_queued(shards, number) for number in range(count)), "both shards wanting to begin")
        shards.drop([gone.holding])
        skyportal.has_room = True
        until(lambda: shards.bytes_in_flight == 0, "the round of the other")

    assert skyportal.rounds == [[kept]]
