"""What the check says of messages that a group has not read yet."""

import pytest

from processor.checks.backlog import DAY_S, Sampled, backlog_finding, headroom_s
from runtime.extent import Extent, Part

NOW = 1_800_000_000.0


def sampled(
    *, low: int = 0, high: int = 10_000, committed: int = 5_000, oldest_days: float = 3, unread_days: float = 1
) -> Sampled:
    part = Part(number=0, low=low, high=high, committed=committed)
    return Sampled(
        extent=Extent(topic="fink_sn_ztf", parts=(part,)),
        message_bytes=100_000,
        seconds_of_one=0.0018,
        oldest_at=NOW - oldest_days * DAY_S,
        first_unread_at=NOW - unread_days * DAY_S,
    )


def test_a_new_group_is_told_what_it_begins_with() -> None:
    finding = backlog_finding("reading", sampled(high=4_000_000, committed=-1001), group_id="new", now=NOW)

    assert finding.state == "warning"
    assert (
        "begins with everything that Fink keeps: 4,000,000 messages, about 400 GB, 2.0 hours of one core"
        in finding.text
    )
    assert "FINK_GROUP_ID" in finding.to_do


def test_a_new_group_that_begins_with_little_is_in_order() -> None:
    finding = backlog_finding("reading", sampled(high=900, committed=-1001), group_id="new", now=NOW)

    assert finding.state == "ok"


def test_a_group_that_has_read_everything_is_in_order() -> None:
    finding = backlog_finding("reading", sampled(committed=10_000), group_id="ours", now=NOW)

    assert (finding.state, finding.text) == ("ok", "the group ours has read everything")


def test_messages_that_expired_unread_are_counted() -> None:
    finding = backlog_finding("reading", sampled(low=6_000), group_id="ours", now=NOW)

    assert finding.state == "warning"
    assert finding.text.startswith("1,000 messages expired at Fink before the group ours had read them")


@pytest.mark.parametrize(
    ("unread_days", "state", "said"), [(2.5, "ok", "5,000 messages"), (3.25, "warning", "expires in about 18 hours")]
)
def test_what_is_within_a_day_of_expiring_is_a_warning(unread_days: float, state: str, said: str) -> None:
    finding = backlog_finding("reading", sampled(unread_days=unread_days), group_id="ours", now=NOW)

    assert finding.state == state
    assert said in finding.text


def test_a_topic_from_which_messages_have_expired_shows_how_long_it_keeps_them() -> None:
    shows = sampled(low=4_000, high=14_000, oldest_days=7, unread_days=1)

    assert headroom_s(shows, now=NOW) == pytest.approx(6 * DAY_S)


def test_a_few_messages_do_not_show_how_long_a_topic_keeps_them() -> None:
    few = sampled(low=9_990, committed=9_995, oldest_days=0.5, unread_days=0.4)

    assert headroom_s(few, now=NOW) == pytest.approx(3.6 * DAY_S)
