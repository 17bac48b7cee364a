"""When so many alerts are refused that no other one may be put aside."""

import pytest

from sink.delivery.guard import WINDOW, Guard

NEVER = 100.0
"""Percentage that a test about rows does not reach."""


def guard(*, in_a_row: int = 0, percent: float = NEVER) -> Guard:
    return Guard(in_a_row=in_a_row, percent=percent)


def test_the_last_of_a_row_of_refusals_is_not_believed() -> None:
    watch = guard(in_a_row=3)
    for _ in range(2):
        assert watch.objection("No.") == ""
        watch.refused()

    said = watch.objection("No.")

    assert "3 alerts in a row" in said
    assert "No." in said
    assert "SIGHUP" in said


def test_an_accepted_alert_breaks_the_row() -> None:
    watch = guard(in_a_row=3)

    for _ in range(20):
        watch.refused(2)
        assert watch.objection("No.")
        watch.accepted()
        assert watch.objection("No.") == ""


def test_with_a_row_of_nothing_no_row_is_too_long() -> None:
    watch = guard(in_a_row=0)
    watch.refused(WINDOW - 2)

    assert watch.objection("No.") == ""


def test_what_was_refused_before_the_start_counts_in_the_row() -> None:
    watch = guard(in_a_row=20)

    watch.refused(19)

    assert "20 alerts in a row" in watch.objection("No.")


def test_somebody_who_has_looked_begins_a_new_row() -> None:
    watch = guard(in_a_row=3, percent=1)
    watch.refused(200)
    assert watch.objection("No.")

    watch.clear()

    assert watch.objection("No.") == ""


@pytest.mark.parametrize(("refused", "objects"), [(48, False), (49, True)])
def test_too_large_a_share_of_the_last_hundred_is_not_believed(refused: int, *, objects: bool) -> None:
    watch = guard(percent=50)
    for number in range(WINDOW):
        if number % 2 and number // 2 < refused:
            watch.refused()
        else:
            watch.accepted()

    said = watch.objection("No.")

    assert bool(said) is objects
    assert objects is (f"{refused + 1} of the last {WINDOW} alerts" in said)


def test_the_share_is_of_the_last_hundred_the_next_refusal_among_them() -> None:
    watch = guard(percent=50)
    watch.refused()  # number 101 before the next but one
    for _ in range(51):
        watch.accepted()
    watch.refused(48)

    assert watch.objection("No.") == ""  # 48 of the last 99, and this one


def test_no_more_than_all_of_the_last_hundred_are_refused() -> None:
    watch = guard(percent=50)
    watch.refused(3 * WINDOW)

    assert f"{WINDOW} of the last {WINDOW} alerts" in watch.objection("No.")


def test_a_share_of_few_alerts_says_nothing() -> None:
    watch = guard(percent=1)
    watch.refused(WINDOW - 2)

    assert watch.objection("No.") == ""


def test_a_long_answer_is_quoted_in_part() -> None:
    watch = guard(in_a_row=1)

    assert len(watch.objection("x" * 100_000)) < 1000
