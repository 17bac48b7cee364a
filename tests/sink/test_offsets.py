"""Which offsets may be committed."""

from confluent_kafka import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from sink.topic.offsets import Holding


def offset(moved: TopicPartition | None) -> int | None:
    return None if moved is None else moved.offset


@given(st.lists(st.integers(0, 10_000), unique=True, min_size=1).map(sorted), st.data())
@settings(deadline=None)
def test_only_a_prefix_that_is_settled_whole_is_passed(offsets: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(offsets))
    holding = Holding("alerts", 3)
    for one in offsets:
        holding.collected(one)
    settled: set[int] = set()
    passed = 0

    for one in order:
        holding.settle(one, "accepted")
        settled.add(one)
        prefix = 0
        while prefix < len(offsets) and offsets[prefix] in settled:
            prefix += 1
        expected = offsets[prefix - 1] + 1 if prefix > passed else None
        passed = max(passed, prefix)
        assert offset(holding.advance()) == expected

    assert passed == len(offsets)


@given(st.lists(st.sampled_from(["collect", "settle", "advance"])))
@settings(deadline=None)
def test_records_that_arrive_meanwhile_are_never_passed_before_they_are_settled(steps: list[str]) -> None:
    holding = Holding("alerts", 0)
    open_offsets: list[int] = []
    end = 0
    for step in steps:
        if step == "collect":
            holding.collected(end)
            open_offsets.append(end)
            end += 1
        elif step == "settle" and open_offsets:
            holding.settle(open_offsets.pop(), "accepted")
        elif step == "advance":
            moved = offset(holding.advance())
            assert moved is None or moved <= min(open_offsets, default=end)


def test_an_offset_is_given_once_and_names_its_partition() -> None:
    holding = Holding("alerts", 3)
    holding.collected(7)
    holding.settle(7, "accepted")

    moved = holding.advance()

    assert moved is not None
    assert (moved.topic, moved.partition, moved.offset) == ("alerts", 3, 8)
    assert holding.advance() is None


def test_nothing_collected_is_nothing_to_pass() -> None:
    assert Holding("alerts", 0).advance() is None
