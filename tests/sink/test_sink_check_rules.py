"""What ``sink check`` thinks of versions, clocks and what waits."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from runtime.extent import Extent, Part
from sink.checks.group import DAY_S, HOUR_S, Waiting, backlog_finding
from sink.checks.server import clock_finding, version_finding
from sink.skyportal.verdicts import Answer

NOW = 1_800_000_000.0


def dated(seconds: float) -> Answer:
    """Return an answer of a server whose clock shows so many seconds after ours; HTTP tells whole ones."""
    date = format_datetime(datetime.fromtimestamp(int(NOW + seconds), UTC), usegmt=True)
    return Answer(status=200, content_type="application/json", text="", date=date)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0.0, "ok"), (2.0, "ok"), (-2.0, "ok"), (10.0, "warning"), (-10.0, "warning"), (90.0, "wrong"), (-90.0, "wrong")],
)
def test_a_clock_is_compared_with_ours(seconds: float, state: str) -> None:
    assert clock_finding(dated(seconds), before=NOW, after=NOW + 0.2).state == state


def test_a_slow_answer_is_no_wrong_clock() -> None:
    assert clock_finding(dated(20), before=NOW, after=NOW + 40).state == "ok"


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_clock_that_is_not_told_is_not_judged(date: str) -> None:
    answer = Answer(status=200, content_type="application/json", text="", date=date)

    assert clock_finding(answer, before=NOW, after=NOW).state == "unchecked"


@pytest.mark.parametrize(
    ("version", "state"), [("1.4.0", "ok"), ("1.4.7", "ok"), ("1.40.0", "warning"), ("2.0", "warning"), ("", "warning")]
)
def test_a_version_that_nobody_has_tried_is_a_warning(version: str, state: str) -> None:
    assert version_finding(version).state == state


def waiting(
    *, low: int = 0, committed: int = 0, high: int = 5000, hours: float = 1.0, kept_days: float = 14.0
) -> Waiting:
    part = Part(number=0, low=low, high=high, committed=committed)
    return Waiting(extent=Extent(topic="alerts", parts=(part,)), oldest_s=hours * HOUR_S, kept_s=kept_days * DAY_S)


def test_what_waits_is_in_order_while_it_is_far_from_expiring() -> None:
    finding = backlog_finding(waiting(committed=100), group_id="ours")

    assert (finding.state, finding.text) == ("ok", "4,900 wait, the oldest for 60 minutes")


def test_what_expires_within_a_day_is_a_warning() -> None:
    finding = backlog_finding(waiting(hours=13.5 * 24), group_id="ours")

    assert finding.state == "warning"
    assert "expires in about 12 hours" in finding.text


def test_what_expired_before_it_was_delivered_is_counted() -> None:
    finding = backlog_finding(waiting(low=30, committed=10), group_id="ours")

    assert finding.state == "warning"
    assert finding.text.startswith("20 expired before they were delivered")


def test_a_new_group_is_told_what_it_begins_with() -> None:
    finding = backlog_finding(waiting(committed=-1001), group_id="new")

    assert finding.state == "warning"
    assert "SINK_GROUP_ID" in finding.to_do
