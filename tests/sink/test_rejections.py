"""When a refusal is believed, on a clock of the test's own."""

import json

import pytest

from sink.delivery.in_flight import InFlight
from sink.delivery.rejections import ENOUGH_UNANSWERED, LONGEST_PAUSE_S, Rejections
from sink.skyportal.client import Request
from sink.skyportal.sender import TRIES, Rejected, Unanswered
from sink.skyportal.verdicts import Answer
from support.clock import Clock
from support.in_flight import in_flight

ENOUGH = ENOUGH_UNANSWERED // TRIES
"""Attempts, of several tries each."""

INTERVAL_S = 5.0
PATIENCE_S = 600.0


def refusal(message: str = "Rejected.") -> Rejected:
    body = json.dumps({"status": "error", "message": message})
    answer = Answer(status=400, content_type="application/json", text=body)
    return Rejected(Request(method="POST", path="/api/candidates"), answer)


def silence(since: float) -> Unanswered:
    answer = Answer(status=502, content_type="text/html", text="<h1>502 Bad Gateway</h1>")
    return Unanswered(Request(method="POST", path="/api/candidates"), answer, since=since)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rejections(clock: Clock) -> Rejections:
    return Rejections(INTERVAL_S, patience_s=PATIENCE_S, clock=clock)


@pytest.fixture
def item() -> InFlight:
    return in_flight(obj_id="ZTF26bad")


def test_a_refusal_is_believed_the_second_time_if_another_object_was_accepted_in_between(
    clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    assert not rejections.believe(item, refusal(), "candidate")
    clock.now += 1
    rejections.accepted("candidate", "ZTF26good")
    clock.now += INTERVAL_S

    assert rejections.believe(item, refusal(), "candidate")
    assert item.suspicion is not None
    assert item.suspicion.attempts == 2


def test_without_a_control_a_refusal_is_never_believed(clock: Clock, rejections: Rejections, item: InFlight) -> None:
    rejections.accepted("candidate", "ZTF26good")
    for _ in range(20):
        clock.now += LONGEST_PAUSE_S
        assert not rejections.believe(item, refusal(), "candidate")
    assert item.not_before == clock.now + LONGEST_PAUSE_S


@pytest.mark.parametrize(
    ("part", "obj_id"),
    [
        pytest.param("candidate", "ZTF26bad", id="the object itself"),
        pytest.param("photometry", "ZTF26good", id="another part"),
    ],
)
def test_not_every_acceptance_is_a_control(
    part: str, obj_id: str, clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    rejections.believe(item, refusal(), "candidate")
    clock.now += 2 * INTERVAL_S
    rejections.accepted(part, obj_id)
    clock.now += 1

    assert not rejections.believe(item, refusal(), "candidate")


def test_a_control_is_remembered_though_the_object_itself_was_accepted_later(
    clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    rejections.believe(item, refusal(), "photometry")
    clock.now += 1
    rejections.accepted("photometry", "ZTF26good")
    for _ in range(3):
        clock.now += INTERVAL_S
        rejections.accepted("photometry", "ZTF26bad")

    assert rejections.believe(item, refusal(), "photometry")


def test_two_refusals_in_quick_succession_are_one(clock: Clock, rejections: Rejections, item: InFlight) -> None:
    rejections.believe(item, refusal(), "candidate")
    clock.now += 0.1
    rejections.accepted("candidate", "ZTF26good")
    clock.now += INTERVAL_S - 0.2

    assert not rejections.believe(item, refusal(), "candidate")


@pytest.mark.parametrize(
    ("message", "part"),
    [
        pytest.param("Something else.", "candidate", id="another answer"),
        pytest.param("Rejected.", "photometry", id="another part"),
    ],
)
def test_a_different_refusal_starts_anew(
    message: str, part: str, clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    rejections.believe(item, refusal(), "candidate")
    clock.now += 1
    rejections.accepted(part, "ZTF26good")
    clock.now += INTERVAL_S

    assert not rejections.believe(item, refusal(message), part)
    assert item.suspicion is not None
    assert item.suspicion.attempts == 1


def test_the_next_attempt_is_not_before_the_interval(clock: Clock, rejections: Rejections, item: InFlight) -> None:
    rejections.believe(item, refusal(), "candidate")

    assert item.not_before == clock.now + INTERVAL_S


def test_silence_for_everybody_is_an_outage_and_suspects_nobody(
    clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    for _ in range(20):
        since = clock.now
        clock.now += PATIENCE_S
        assert not rejections.believe(item, silence(since), "candidate")
    assert item.suspicion is None
    assert item.not_before == clock.now


def test_silence_for_one_record_alone_makes_it_a_suspect_that_lets_the_others_go_first(
    clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    since = clock.now
    clock.now += 1
    rejections.accepted("candidate", "ZTF26good")
    clock.now += 1

    assert not rejections.believe(item, silence(since), "candidate")
    assert item.suspicion is not None
    assert item.not_before == clock.now + INTERVAL_S


@pytest.mark.parametrize(
    ("attempts", "step_s", "at_the_end"),
    [
        pytest.param(ENOUGH, PATIENCE_S / (ENOUGH - 1), [True], id="long and often enough"),
        pytest.param(ENOUGH - 1, PATIENCE_S, [False], id="not often enough"),
        pytest.param(3 * ENOUGH_UNANSWERED, 1, [False], id="not long enough"),
    ],
)
def test_silence_for_one_record_alone_is_believed_after_patience(
    attempts: int,
    step_s: float,
    at_the_end: list[bool],
    clock: Clock,
    rejections: Rejections,
    item: InFlight,
) -> None:
    answers = []
    for _ in range(attempts):
        since = clock.now
        rejections.accepted("candidate", "ZTF26good")
        clock.now += step_s
        rejections.accepted("candidate", "ZTF26good")
        answers.append(rejections.believe(item, silence(since), "candidate"))

    assert answers == [False] * (attempts - 1) + at_the_end


def test_an_outage_between_two_attempts_counts_for_nothing(
    clock: Clock, rejections: Rejections, item: InFlight
) -> None:
    rejections.accepted("candidate", "ZTF26good")
    since = clock.now - 1
    rejections.believe(item, silence(since), "candidate")
    for _ in range(2 * ENOUGH_UNANSWERED):
        clock.now += PATIENCE_S
        assert not rejections.believe(item, silence(clock.now), "candidate")
    assert item.suspicion is not None
    assert item.suspicion.attempts == 1
