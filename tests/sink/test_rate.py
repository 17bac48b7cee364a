"""The request budget, on a clock of the test's own."""

import pytest

from sink.skyportal.pace import FixedPace
from sink.skyportal.rate import BURST, Rate
from support.clock import Clock


def test_after_the_burst_requests_are_a_fifth_of_a_second_apart() -> None:
    rate = Rate(FixedPace(5), clock=Clock())

    pauses = [rate.reserve() for _ in range(BURST + 3)]

    assert pauses == pytest.approx([0.0] * BURST + [0.2, 0.4, 0.6])


def test_a_minute_sees_no_more_requests_than_the_limit_and_the_burst() -> None:
    clock = Clock()
    rate = Rate(FixedPace(5), clock=clock)
    sent = 0
    end = clock.now + 60
    while clock.now < end:
        clock.now += rate.reserve()
        sent += 1

    assert 5 * 60 <= sent <= 5 * 60 + BURST + 1


def test_a_rest_earns_the_burst_again_and_no_more() -> None:
    clock = Clock()
    rate = Rate(FixedPace(5), clock=clock)
    for _ in range(BURST):
        rate.reserve()
    clock.now += 3600

    assert [rate.reserve() for _ in range(BURST + 1)] == pytest.approx([0.0] * BURST + [0.2])


def test_a_refusal_takes_the_burst_away() -> None:
    rate = Rate(FixedPace(5), clock=Clock())

    rate.answered(throttled=True)

    assert rate.reserve() == pytest.approx(0.2)


def test_a_refusal_does_not_pardon_what_is_overdrawn() -> None:
    rate = Rate(FixedPace(5), clock=Clock())
    for _ in range(BURST + 5):
        rate.reserve()

    rate.answered(throttled=True)

    assert rate.reserve() == pytest.approx(1.2)


def test_there_is_room_while_a_request_could_go_at_once() -> None:
    clock = Clock()
    rate = Rate(FixedPace(5), clock=clock)
    room = []
    for _ in range(BURST + 1):
        room.append(rate.has_room())
        rate.reserve()

    assert room == [True] * BURST + [False]
    clock.now += 0.3  # what is overdrawn comes first
    assert not rate.has_room()
    clock.now += 0.2
    assert rate.has_room()


def test_without_a_limit_nothing_waits() -> None:
    rate = Rate(FixedPace(0), clock=Clock())
    rate.answered(throttled=True)

    assert {rate.reserve() for _ in range(1000)} == {0.0}
    assert rate.has_room()
