"""Sets of offsets as runs, against Python's own sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sink.topic.ranges import Ranges

MANY = 1_000_000
"""Characters: more than any text here has."""

OFFSETS = st.one_of(st.integers(0, 30), st.integers(0, 2**63 - 2))
"""Close together, so that runs join, and as far apart as Kafka's are."""


def ranges_of(offsets: set[int]) -> Ranges:
    found = Ranges()
    for offset in offsets:
        found.add(offset)
    return found


def edges_of(offsets: set[int]) -> set[int]:
    """Return the offsets and their neighbours: where a mistake by one would show."""
    return {near for offset in offsets for near in (offset - 1, offset, offset + 1)}


def runs_of(offsets: set[int]) -> list[tuple[int, int]]:
    firsts = sorted(offset for offset in offsets if offset - 1 not in offsets)
    ends = sorted(offset + 1 for offset in offsets if offset + 1 not in offsets)
    return list(zip(firsts, ends, strict=True))


@given(st.lists(st.tuples(st.sampled_from(["add", "add", "add", "forget"]), OFFSETS), max_size=60))
def test_ranges_hold_what_a_set_holds(steps: list[tuple[str, int]]) -> None:
    ranges, offsets = Ranges(), set[int]()
    for step, offset in steps:
        if step == "add":
            ranges.add(offset)
            offsets.add(offset)
        else:
            ranges.forget_below(offset)
            offsets = {one for one in offsets if one >= offset}
        near = edges_of(offsets | {offset})
        assert {one for one in near if one in ranges} == near & offsets
        assert ranges.end == max(offsets, default=-1) + 1


@given(st.sets(OFFSETS, max_size=40))
def test_the_text_names_each_run_once_and_reads_back_the_same(offsets: set[int]) -> None:
    text = ranges_of(offsets).text(MANY)

    assert text == ",".join(f"{first}-{end}" for first, end in runs_of(offsets))
    again = Ranges.read(text)
    near = edges_of(offsets)
    assert {one for one in near if one in again} == offsets
    assert again.text(MANY) == text


@given(st.sets(OFFSETS, max_size=40), st.integers(0, 300))
def test_what_does_not_fit_is_left_out_run_by_run_from_the_end(offsets: set[int], room: int) -> None:
    ranges = ranges_of(offsets)

    text = ranges.text(room)

    assert len(text) <= room
    runs = [f"{first}-{end}" for first, end in runs_of(offsets)]
    kept = text.split(",") if text else []
    assert kept == runs[: len(kept)]
    if len(kept) < len(runs):
        assert len(",".join(runs[: len(kept) + 1])) > room, "the next run would have fitted"
    assert all(one in ranges for one in edges_of(offsets) if one in Ranges.read(text)), "more was read than written"


def test_a_run_that_was_read_grows_on_without_changing_what_it_was_read_from() -> None:
    runs = [(10, 20)]
    ranges = Ranges(runs)

    ranges.add(20)
    ranges.forget_below(12)

    assert ranges.text(MANY) == "12-21"
    assert runs == [(10, 20)]


@pytest.mark.parametrize(
    "text",
    [
        "ten",
        "10",
        "10-",
        "-10",
        "10-20-30",
        "10/20",
        "20-10",
        "10-10",
        "10-20,15-30",
        "30-40,10-20",
        "10-20;30-40",
        "-5-10",
    ],
)
def test_what_was_never_written_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no runs|invalid literal"):
        Ranges.read(text)


@given(st.text(alphabet="0123456789-,; abé", max_size=12))
def test_nonsense_is_an_error_or_means_what_it_says(text: str) -> None:
    try:
        ranges = Ranges.read(text)
    except ValueError:
        return
    again = Ranges.read(ranges.text(MANY))
    assert again.text(MANY) == ranges.text(MANY)
    assert again.end == ranges.end >= 0


def test_nothing_is_written_as_nothing() -> None:
    assert Ranges().text(MANY) == Ranges.read("").text(MANY) == ""
    assert Ranges().end == 0
