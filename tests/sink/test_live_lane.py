"""Fresh first: after an outage tonight's alerts do not wait behind the backlog, and none of it is skipped."""

from pathlib import Path

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from support.kafka import create_topic, publish_records, until
from support.records import some_alerts
from support.sink import (
    assert_never_left_the_group,
    environment,
    letters,
    running_sink,
    until_settled,
)
from support.skyportal import accepted, overlaps
from support.whole import assert_whole

BACKLOG = 480
LIVE = 40
SLOWLY = {"SKYPORTAL_REQUESTS_PER_SECOND": "40", "SINK_CONCURRENCY": "2", "SINK_IN_FLIGHT_MIB": "2"}
"""A backlog that takes many seconds.

What comes late waits for a round of its worker's that has begun, of 50 alerts at most: with two workers for 100.
"""


def the_backlog() -> list[SkyPortalAlert]:
    """Return alerts of an earlier night."""
    return some_alerts(BACKLOG, objects=BACKLOG)


def tonights() -> list[SkyPortalAlert]:
    """Return new alerts, half of them of objects that are in the backlog too."""
    return some_alerts(LIVE, first=BACKLOG + BACKLOG - LIVE // 2, objects=BACKLOG)


def accepted_before_the_last_of(skyportal: SkyPortal, alerts: list[SkyPortalAlert]) -> int:
    """Return how many other candidates SkyPortal had when it had accepted all of these."""
    passed = {(alert.obj_id, alert.observed_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]) for alert in alerts}
    rows = [(row["obj_id"], row["passed_at"][:23]) for row in skyportal.control.state()["candidates"]]
    return max(number for number, row in enumerate(rows, 1) if row in passed) - len(alerts)


@pytest.mark.parametrize("is_late", [False, True], ids=["there at the start", "come later"])
def test_tonights_alerts_do_not_wait_behind_the_backlog(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path, *, is_late: bool
) -> None:
    backlog, live = the_backlog(), tonights()
    routes = tmp_path / "routes.toml"
    routes.write_text("[defaults]\nparts = ['candidate', 'photometry']\n")
    settings = environment(broker, topic, skyportal, SINK_ROUTES=str(routes), **SLOWLY)
    create_topic(broker, topic, 4)
    publish_records(broker, topic, backlog, hours_ago=8)
    publish_records(broker, topic, [] if is_late else live)

    with running_sink(settings) as sink:
        until(lambda: "fresh first: read from the first fresh" in sink.output, "the backlog being noticed")
        publish_records(broker, topic, live if is_late else [])
        before = accepted(skyportal)
        until_settled(broker, topic)
        assert_never_left_the_group(sink)

    # By what SkyPortal took first, and not by when we look: on a busy machine we look late.
    others = accepted_before_the_last_of(skyportal, live)
    assert others - before < BACKLOG / 2, "tonight's alerts waited for more than what had begun"
    assert others < BACKLOG, "tonight's alerts waited behind the backlog"
    assert_whole(skyportal, [*backlog, *live], routes=routes)
    requests = skyportal.control.requests()
    assert overlaps(requests) == []
    assert len([one for one in requests if one["path"] == "/api/candidates"]) == BACKLOG + LIVE, "an alert went twice"
    assert letters(broker, topic) == []
