"""Whatever SkyPortal goes through, every alert is there afterwards, once, and nobody has left the group."""

import re
from typing import Any

import pytest
import requests

from demo.skyportal.nginx import BURST
from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S, publish_records, until
from support.processes import Command
from support.records import some_alerts
from support.sink import (
    asked,
    assert_never_left_the_group,
    environment,
    letters,
    running_sink,
    until_ready,
    until_settled,
    until_unready,
)
from support.skyportal import FILTERS, TAXONOMIES, accepted, answered
from support.whole import assert_whole

QUICK = {"SKYPORTAL_LONGEST_PAUSE_S": "0.4", "SKYPORTAL_READ_TIMEOUT_S": "1.5"}

LASTING = [
    pytest.param("outage", {"linger": 1.0}, "405|503|System provisioning", id="restart behind the proxy"),
    pytest.param("database_down", {}, "Database is temporarily unavailable", id="database down"),
    pytest.param("connection_lost", {}, "server closed the connection|terminating connection", id="connections lost"),
    pytest.param("bad_gateway", {}, "502 Bad Gateway", id="bad gateway"),
    pytest.param("readonly", {}, "read-only transaction", id="read-only database"),
    pytest.param("pool_exhausted", {}, "QueuePool limit", id="pool exhausted"),
    pytest.param("hang", {}, "no answer from http://127.0.0.1:.*ReadTimeout: timed out", id="application hangs"),
    pytest.param("token_revoked", {}, "SKYPORTAL_TOKEN must be a valid token", id="token revoked"),
]

PASSING: list[tuple[str, dict[str, Any]]] = [
    ("gateway_timeout", {"applied": True, "count": 3}),
    ("gateway_timeout", {"applied": False, "count": 3, "after": 5}),
    ("reset", {"applied": True, "count": 3, "after": 10}),
    ("reset", {"applied": False, "count": 3, "after": 15}),
    ("deadlock", {"delay": 0.1, "count": 3}),
    ("slow", {"delay": 0.3, "count": 3, "after": 20}),
    ("connection_lost", {"count": 3, "method": "PUT"}),
    ("pool_exhausted", {"count": 3, "after": 25, "method": "POST"}),
]


@pytest.mark.parametrize(("kind", "options", "sentence"), LASTING)
def test_an_outage_delays_alerts_and_loses_none(
    kind: str, options: dict[str, Any], sentence: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(60)

    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:20])
        until(lambda: accepted(skyportal) > 0, "the first acceptance")
        fault = skyportal.control.fault(kind, **options)
        publish_records(broker, topic, alerts[20:40])
        until_unready(sink, sentence)
        until(lambda: answered(skyportal, fault) >= 3, "several failures")
        assert asked(sink, "/healthz") == (200, "ok\n")
        skyportal.control.mend()
        publish_records(broker, topic, alerts[40:])
        until_settled(broker, topic)
        until_ready(sink)
        assert_never_left_the_group(sink)
        assert re.search("skyportal is back|not halted any more", sink.output)

    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def test_failures_of_all_kinds_now_and_then_cost_nothing(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = some_alerts(160, objects=80)

    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        faults = [(skyportal.control.fault(kind, **options), options["count"]) for kind, options in PASSING]
        publish_records(broker, topic, alerts)
        until_settled(broker, topic)
        until_ready(sink)
        assert_never_left_the_group(sink)

    assert [answered(skyportal, fault) for fault, _count in faults] == [count for _fault, count in faults]
    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def is_throttled(sink: Command, skyportal: SkyPortal) -> bool:
    """Say whether the sink has met the limit; spend what is left of it, for a slow sink would not."""
    url, headers = f"{skyportal.url}/api/sysinfo", {"Authorization": f"token {skyportal.token}"}
    for _ in range(3 * BURST):
        if requests.get(url, headers=headers, timeout=PATIENCE_S).status_code == 429:
            break
    said = re.findall(r'^sink_requests_total{.*verdict="throttled".*} (\S+)$', asked(sink, "/metrics")[1], re.MULTILINE)
    return sum(map(float, said)) > 0


def test_a_request_that_skyportal_answers_too_often_is_only_slowed_down(broker: str, topic: str) -> None:
    alerts = some_alerts(24, objects=8)

    with SkyPortal(filters=FILTERS, taxonomies=TAXONOMIES) as limited:
        with running_sink(environment(broker, topic, limited)) as sink:
            publish_records(broker, topic, alerts)
            until(lambda: is_throttled(sink, limited), "the sink asking too often")
            until_settled(broker, topic)
            assert "skyportal is away" not in sink.output
        assert_whole(limited, alerts)


def test_the_request_budget_is_kept(broker: str, topic: str) -> None:
    alerts = some_alerts(16, objects=4)

    with SkyPortal(filters=FILTERS, taxonomies=TAXONOMIES) as limited:
        # One worker: several that stand still with a request each would send these beside the next burst.
        settings = environment(broker, topic, limited, SKYPORTAL_REQUESTS_PER_SECOND="4.5", SINK_CONCURRENCY="1")
        with running_sink(settings):
            publish_records(broker, topic, alerts)
            until_settled(broker, topic)
        assert "429" not in limited.control.counts()["by_status"]
        assert_whole(limited, alerts)


def test_an_outage_is_one_line_in_the_log_however_long_it_lasts(broker: str, topic: str, skyportal: SkyPortal) -> None:
    with running_sink(environment(broker, topic, skyportal, SKYPORTAL_LONGEST_PAUSE_S="0.4")) as sink:
        until_ready(sink)
        fault = skyportal.control.fault("reset", applied=False)
        publish_records(broker, topic, some_alerts(20))
        until(lambda: answered(skyportal, fault) >= 10, "many failures")
        skyportal.control.mend()
        until_settled(broker, topic)

        assert sink.output.count("skyportal is away") <= 2
        assert sink.output.count("skyportal is back") == 1
