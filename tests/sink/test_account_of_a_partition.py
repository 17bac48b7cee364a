"""How a partition's records are counted in its commits: each once, whoever counts and whatever was repeated."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from schemas.origin import Origin, origin_in, series
from schemas.redriven import REDRIVEN
from sink.topic.account import Account, metadata
from sink.topic.ahead import Ahead
from sink.topic.copies import Copies
from sink.topic.offsets import Holding
from sink.topic.tally import OUTCOMES, Tally

KAFKA_KEEPS = 4096
A, B = "0a1b2c3d4e5f", "f5e4d3c2b1a0"


def came(*offsets: int, of: str = A) -> list[Origin]:
    return [Origin(series=of, offset=offset) for offset in offsets]


def copies(origins: Iterable[Origin], seen: Copies) -> list[int]:
    return [origin.offset for origin in origins if seen.pass_by(origin)]


def test_what_a_killed_processor_publishes_again_is_a_copy() -> None:
    assert copies(came(5, 6, 9, 6, 9, 12), Copies()) == [6, 9]


def test_the_partitions_of_fink_are_told_apart() -> None:
    assert copies([*came(5, 6), *came(1, 5, of=B), *came(7)], Copies()) == []


def test_a_record_that_is_published_late_is_no_copy_and_hides_none() -> None:
    late = Origin(series=A, offset=4, is_late=True)

    assert copies([*came(3, 5), late, *came(5, 6)], Copies()) == [5]


def test_a_record_of_unknown_origin_is_no_copy() -> None:
    assert copies([Origin(), Origin()], Copies()) == []


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=80))
def test_a_successor_knows_the_partitions_that_came_by_last(arrivals: list[tuple[int, int]]) -> None:
    seen = Copies()
    for number, offset in arrivals:
        seen.pass_by(Origin(series=f"{number:012x}", offset=10**12 + offset))
    latest = list(dict.fromkeys(number for number, _offset in reversed(arrivals)))[:25]

    successor = Copies(f"accepted=3 {seen.note}")

    for number in latest:
        highest = max(offset for one, offset in arrivals if one == number)
        assert successor.pass_by(Origin(series=f"{number:012x}", offset=10**12 + highest))


def account_of(*passed: tuple[Origin, str]) -> Account:
    account = Account()
    for offset, (origin, outcome) in enumerate(passed):
        account.stands_in_line(offset, origin, Tally())
        account.passed(offset, next(one for one in OUTCOMES if one == outcome))
    return account


def test_each_offset_counts_once_and_the_sum_is_the_offset() -> None:
    put_back = Origin(series=A, offset=2, is_redriven=True)
    records = [
        *zip(came(1, 2, 3, 2), ("accepted", "rejected", "skipped", "accepted"), strict=True),
        (put_back, "accepted"),
        (Origin(), "accepted"),
    ]

    tally = account_of(*records).tally

    assert tally == Tally(accepted=2, rejected=1, skipped=1, copies=1, redriven=1)
    assert tally.total == len(records)


def test_what_expired_is_told_when_it_is_counted() -> None:
    def told() -> float:
        return REGISTRY.get_sample_value("sink_alerts_expired_total") or 0.0

    before, account = told(), Account()
    account.stands_in_line(0, Origin(), Tally())
    account.stands_in_line(8, Origin(), Tally(accepted=3, expired=4))
    account.passed(0, "accepted")
    assert told() - before == 0, "a successor may have to count it"

    account.passed(8, "accepted")
    assert told() - before == account.tally.expired == 4

    found = Account()
    found.lost(Tally(skipped=1, expired=2))
    assert told() - before == 4, "of a partition that is held already the account goes on, and finds the same"
    Holding("alerts", 0, account=found)
    assert told() - before == 6

    late = Account()
    for offset, between in ((0, Tally(accepted=2, expired=-2)), (4, Tally(expired=3))):
        late.stands_in_line(offset, Origin(), between)
        late.passed(offset, "accepted")
    assert told() - before == 7, "two had been delivered ahead, and were taken for expired before"


@given(st.builds(Tally, **{name: st.integers(0, 10**12) for name in Tally.__slots__}))
def test_a_successor_counts_on_from_what_was_committed(tally: Tally) -> None:
    assert Tally.read(f"{tally.note} ahead=3-9 seen=ab:3", tally.total) == tally


@pytest.mark.parametrize("noted", ["", "moved by hand", "accepted=7", "accepted=x", "accepted=9 rejected=2"])
def test_an_offset_that_its_note_does_not_add_up_to_begins_a_new_account(noted: str) -> None:
    assert Tally.read(noted, 10) == Tally(before=10)


def test_the_longest_note_is_one_that_kafka_keeps() -> None:
    account, ahead = Account(offset=10**15), Ahead()
    account.lost(Tally(**dict.fromkeys(Tally.__slots__, 10**15)))
    for number in range(500):
        offset = 10**15 + 2 * number
        account.stands_in_line(number, Origin(series=f"{number:012x}", offset=10**15), Tally())
        account.passed(number, "accepted")
        ahead.add(offset, 0)
        ahead.settle(offset, OUTCOMES[number % 3])

    assert 1_000 < len(metadata(account, ahead)) < KAFKA_KEEPS - 1_000


def test_an_origin_is_read_back_from_its_headers() -> None:
    origin = Origin(series=series(group="g", topic="t", partition=3, first=7, began=5), offset=12, is_late=True)

    assert origin_in([("other", b"x"), *origin.headers()]) == origin
    assert origin_in([(f"{REDRIVEN}topic", b"fink.alerts.v1")]) == Origin(is_redriven=True)


@pytest.mark.parametrize(
    "source", [b"", b"nonsense@-1", b"0a1b2c3d4e5f@" + b"9" * 5_000, b"accepted=7 rejected=9@3", b"\xff@1", b"0" * 999]
)
def test_an_origin_that_nobody_of_us_has_written_is_not_known(source: bytes) -> None:
    assert origin_in([("fink_skyportal.source", source)]) == Origin()


@pytest.mark.parametrize("changed", [{"group": "h"}, {"topic": "u"}, {"partition": 4}, {"first": 8}, {"began": 6}])
def test_another_group_partition_or_beginning_is_another_series(changed: dict[str, object]) -> None:
    here = {"group": "g", "topic": "t", "partition": 3, "first": 7, "began": 5}

    assert series(**here) != series(**here | changed)  # type: ignore[arg-type]  # each of its own type
