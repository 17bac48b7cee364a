"""What is said of a dead letter that was put back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letters import DeadLetter, Source
from schemas.redriven import REDRIVEN, Redriven, is_marker, redriven, times_redriven, without_redriven

AT = datetime(2026, 11, 21, 18, 30, 5, 250_000, tzinfo=UTC)
SAID = Redriven(source=Source("alerts", 3, 7), times=2, at=AT)
LETTER = DeadLetter(
    topic="alerts", partition=3, offset=9, signed_by="", stage="part", reason="Rejected", message="No."
).headers()

everything = st.builds(
    Redriven,
    source=st.builds(Source, st.text(st.characters(codec="utf-8")), st.integers(0, 2**31), st.integers(0, 2**63 - 1)),
    times=st.integers(1, 10_000),
    at=st.just(AT),
)


@given(everything)
def test_headers_say_everything_of_a_redrive(said: Redriven) -> None:
    assert redriven(said.headers()) == said


def test_a_marker_is_no_letter_and_a_letter_that_was_put_back_before_is_no_marker() -> None:
    assert is_marker([("mine", b"1"), *SAID.headers()])
    assert not is_marker([*SAID.headers(), *LETTER])
    assert not is_marker(LETTER)
    assert not is_marker([])


def test_a_letter_says_how_often_it_was_put_back() -> None:
    assert times_redriven([*SAID.headers(), *LETTER]) == 2
    assert times_redriven(LETTER) == 0
    assert times_redriven([*SAID.headers(), (f"{REDRIVEN}times", b"often")]) == 0


def test_an_earlier_redrive_is_forgotten_and_nothing_else() -> None:
    assert without_redriven([("mine", None), *SAID.headers(), ("mine", b"2")]) == [("mine", None), ("mine", b"2")]


@pytest.mark.parametrize(("name", "value"), [("partition", b"?"), ("offset", b""), ("times", None), ("at", b"soon")])
def test_a_marker_that_cannot_be_read_is_said(name: str, value: bytes | None) -> None:
    headers = [*SAID.headers(), (f"{REDRIVEN}{name}", value)]

    with pytest.raises(ValueError, match=r"invalid literal|isoformat"):
        redriven(headers)
