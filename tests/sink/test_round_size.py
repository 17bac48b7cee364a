"""How many records share a round: what the present rate answers in fifteen seconds, by what they have cost lately."""

import pytest

from sink.delivery.round_size import LARGEST_ROUND, SMALLEST_ROUND, RoundSize
from sink.skyportal.pace import FixedPace
from sink.skyportal.rate import Rate


def size(per_second: float, requests_of_one: float) -> RoundSize:
    return RoundSize(Rate(FixedPace(per_second)), requests_of_one=requests_of_one)


@pytest.mark.parametrize(
    ("per_second", "requests_of_one", "records"),
    [
        (5, 1.02, LARGEST_ROUND),
        (5, 2, 37),
        (5, 6.2, SMALLEST_ROUND),
        (0.1, 6.2, SMALLEST_ROUND),
        (0, 6.2, LARGEST_ROUND),
        (1000, 1, LARGEST_ROUND),
    ],
)
def test_a_round_is_what_the_rate_answers_in_a_quarter_of_a_minute(
    per_second: float, requests_of_one: float, records: int
) -> None:
    assert size(per_second, requests_of_one).records() == records


def test_known_objects_make_the_rounds_larger_and_new_ones_smaller() -> None:
    found = size(5, 4)
    for _ in range(20):
        found.delivered(20, 40)
    assert found.records() == 37
    for _ in range(40):
        found.delivered(25, 75)
    assert found.records() == 25


def test_one_alert_that_comes_alone_says_little_of_a_backlog() -> None:
    found = size(5, 1.02)

    found.delivered(1, 8)

    assert found.records() == LARGEST_ROUND


def test_records_that_cost_nothing_are_not_taken_for_free() -> None:
    found = size(5, 2)
    for _ in range(20):
        found.delivered(50, 0)

    assert found.records() == LARGEST_ROUND
