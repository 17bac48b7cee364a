"""What processes say of themselves, and what the status makes of words that it does not know."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.words import FinkStanding, SinkWord, heard, said

STANDING = FinkStanding(
    survey="ztf", group="g", topic="t", partition=1, first=3, began=5, position=9, end=12, published=4, put_aside=1,
    expired=1, read_to="2026-11-21T18:30:00+00:00",
)  # fmt: skip
WORD = SinkWord(
    group="g", name="host:9102", state="up", since="2026-11-21T18:30:00+00:00", why="", at="2026-11-21T18:31:00+00:00",
    requests_per_second=5.0, requests=7, accepted=3, partitions=(0, 1),
)  # fmt: skip


def test_a_word_is_heard_as_it_was_said() -> None:
    words = said(STANDING, WORD)

    assert heard(FinkStanding, words[STANDING.key]) == STANDING
    assert heard(SinkWord, words[WORD.key]) == WORD


@pytest.mark.parametrize("beginning", [{"first": 4}, {"began": 6}])
def test_a_group_that_begins_anew_does_not_overwrite_what_it_counted_before(beginning: dict[str, int]) -> None:
    assert replace(STANDING, published=9).key == STANDING.key
    assert replace(STANDING, **beginning).key != STANDING.key  # type: ignore[arg-type]  # a field's name and value


@pytest.mark.parametrize(
    "strange", [{"since": ""}, {"since": "yesterday"}, {"since": "2026-11-21T18:30:00"}, {"state": "asleep"}, {"at": 7}]
)
def test_what_another_version_says_otherwise_is_not_heard(strange: dict[str, Any]) -> None:
    (value,) = said(WORD).values()

    with pytest.raises(ValueError, match=next(iter(strange))):
        heard(SinkWord, {**value, **strange})
