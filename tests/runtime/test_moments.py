"""Times as an operator writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from runtime.moments import moment

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T06:15", datetime(2026, 11, 20, 6, 15, tzinfo=UTC)),
        ("2026-11-20 06:15:30", datetime(2026, 11, 20, 6, 15, 30, tzinfo=UTC)),
        ("2026-11-20T06:15:30.250Z", datetime(2026, 11, 20, 6, 15, 30, 250_000, tzinfo=UTC)),
        ("2026-11-20T06:15:30+02:00", datetime(2026, 11, 20, 4, 15, 30, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("6h", NOW - timedelta(hours=6)),
        ("2d", NOW - timedelta(days=2)),
        ("1w", NOW - timedelta(weeks=1)),
        ("1d12h", NOW - timedelta(hours=36)),
        ("1.5h", NOW - timedelta(minutes=90)),
        (" 0s ", NOW),
    ],
)
def test_a_time_is_a_date_or_how_long_ago(text: str, expected: datetime) -> None:
    found = moment(text, NOW)

    assert (found, found.tzinfo) == (expected, UTC)


def test_how_long_ago_is_counted_from_a_now_of_any_zone() -> None:
    found = moment("1h", NOW.astimezone(timezone(timedelta(hours=5))))

    assert (found, found.tzinfo) == (NOW - timedelta(hours=1), UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "6", "6 h", "-6h", "6H", "h", "1h30", "²h", "2026-13-01", "21.11.2026", "18:30", "1e3s"]
)
def test_what_is_no_time_is_said_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: write for example .*6h"):
        moment(text, NOW)


@pytest.mark.parametrize("text", ["99999999d", f"{'9' * 400}w", "0001-01-01T00:00+10:00", f"{10**18}d"])
def test_a_time_beyond_the_calendar_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        moment(text, NOW)
