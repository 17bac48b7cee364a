"""Why a message was put aside, in headers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import EXCERPT, PUBLISHED_AT, Answer, DeadLetter, LeftOut, from_headers, own_headers
from schemas.record import EPOCH

answers = st.builds(
    Answer,
    endpoint=st.text(),
    status=st.integers(100, 599),
    body=st.text(),
    attempts=st.integers(0, 10_000),
)
sizes = st.integers(0, 2**40)
letters = st.builds(
    DeadLetter,
    topic=st.text(),
    partition=st.integers(0, 2**31),
    offset=st.integers(0, 2**63 - 1),
    signed_by=st.text(),
    stage=st.text(),
    reason=st.text(),
    message=st.text(),
    part=st.text(),
    answer=st.none() | answers,
    left_out=st.builds(LeftOut, value_bytes=sizes, key_bytes=sizes, headers_bytes=sizes),
    published_at=st.none() | st.integers(-(2**44), 2**44).map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
)


@given(letters)
@settings(deadline=None)
def test_headers_say_everything_that_a_letter_says(letter: DeadLetter) -> None:
    assert from_headers(letter.headers()) == letter


def letter(message: str, answer: Answer | None = None) -> DeadLetter:
    return DeadLetter(
        topic="alerts",
        partition=3,
        offset=7,
        signed_by="fink-skyportal.sink",
        stage="deliver",
        reason="Rejected",
        message=message,
        answer=answer,
    )


def test_kafka_connects_tools_find_its_names() -> None:
    headers = dict(letter("no").headers())

    assert headers["__connect.errors.topic"] == b"alerts"
    assert headers["__connect.errors.partition"] == b"3"
    assert headers["__connect.errors.offset"] == b"7"
    assert headers["__connect.errors.exception.message"] == b"no"


def test_an_answer_of_megabytes_is_an_excerpt() -> None:
    answer = Answer(endpoint="PUT /api/photometry", status=400, body=3_000_000 * "x", attempts=2)

    headers = letter(3_000_000 * "é", answer).headers()

    assert sum(len(value or b"") for _name, value in headers) < 4 * EXCERPT


def test_a_letter_says_what_is_left_out_and_a_whole_one_nothing() -> None:
    less = dict(replace(letter("no"), left_out=LeftOut(value_bytes=12_000_000)).headers())

    assert less["fink_skyportal.errors.left_out.value_bytes"] == b"12000000"
    assert {name for name in less if "left_out" in name} == {"fink_skyportal.errors.left_out.value_bytes"}
    assert not [name for name, _value in letter("no").headers() if "left_out" in name]


def test_text_that_is_no_unicode_does_not_keep_a_letter_back() -> None:
    headers = letter("half a pair: \ud800").headers()

    assert "half a pair" in from_headers(headers).message


def test_headers_of_others_do_not_disturb() -> None:
    one = letter("no")

    assert from_headers([("traceparent", b"\xff\xfe"), *one.headers(), ("empty", None)]) == one


@pytest.mark.parametrize("missing", ["topic", "offset", "stage"])
def test_a_message_that_is_no_letter_says_what_it_lacks(missing: str) -> None:
    headers = [header for header in letter("no").headers() if not header[0].endswith(f".{missing}")]

    with pytest.raises(KeyError, match=missing):
        from_headers(headers)


def test_a_letter_that_is_put_aside_again_says_the_latest_reason() -> None:
    first, second = letter("first"), letter("second")

    assert from_headers([*first.headers(), *second.headers()]) == second


@pytest.mark.parametrize("text", ["yesterday", "", "0001-01-01T00:00:00+05:00"])
def test_a_time_that_is_none_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|calendar"):
        from_headers([*letter("").headers(), (PUBLISHED_AT, text.encode())])


def test_the_headers_that_a_message_had_of_its_own_are_told_from_the_letters() -> None:
    first, second = letter("first"), letter("second")
    own = [("mine", b"\xff"), ("mine", None), *first.headers(), ("later", b"1")]

    assert own_headers([*own, *second.headers(), ("schema", b"{}")]) == (own, [*second.headers(), ("schema", b"{}")])
    assert own_headers([("mine", b"1")]) == ([("mine", b"1")], [])
