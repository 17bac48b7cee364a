"""What a sink tells Prometheus: few labels, and numbers that agree with what SkyPortal has seen."""

import re

import pytest

from demo.skyportal.process import SkyPortal
from support.kafka import create_topic, publish_records, until
from support.processes import Command
from support.records import some_alerts, whole_alert
from support.sink import (
    asked,
    environment,
    metric,
    running_sink,
    until_nothing_is_in_flight,
    until_ready,
    until_settled,
    until_unready,
)

LABELS = {"le", "endpoint", "verdict", "part", "outcome", "stage", "reason", "partition"}
NUMBERS = {"le", "partition"}
HOUR_S = 3600


def samples(sink: Command, name: str) -> dict[str, float]:
    """Return the values of a metric by their labels."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", asked(sink, "/metrics")[1], re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_labels_name_no_object_and_no_row(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(20)]
    newer = [whole_alert(1, obj_id=alert.obj_id, classifications=()) for alert in alerts]

    with running_sink(environment(broker, topic, skyportal, FINK_SKYPORTAL_REVISION="abc123")) as sink:
        until_ready(sink)
        at_first = asked(sink, "/metrics")[1]
        publish_records(broker, topic, alerts)
        until_settled(broker, topic)
        publish_records(broker, topic, newer)
        until_settled(broker, topic)
        text = asked(sink, "/metrics")[1]

    for stage in ("decode", "check", "deliver", "part", "route"):
        assert f'sink_dead_letters_total{{stage="{stage}"}} 0.0' in at_first, "its first one would not be seen"
    assert 'sink_alerts_settled_total{outcome="rejected"} 0.0' in at_first
    assert 'sink_skipped_total{reason="min_score"} 0.0' in at_first
    assert "sink_ready 1.0" in at_first
    assert 'component="sink"' in at_first
    assert 'revision="abc123"' in at_first
    assert 'sink_requests_total{endpoint="POST /api/candidates",verdict="rejected"} 0.0' in text
    assert f"sink_detection_to_acceptance_seconds_count {2 * len(alerts)}.0" in text
    assert "_created" not in text
    ours = [line for line in text.splitlines() if line.startswith("sink_")]
    labels = [pair for line in ours for pair in re.findall(r'(\w+)="([^"]*)"', line)]
    assert {name for name, _ in labels} <= LABELS
    assert not {value for name, value in labels if name not in NUMBERS and re.search(r"\d", value)}
    endpoints = {value for name, value in labels if name == "endpoint"}
    assert {
        "POST /api/candidates",
        "GET /api/sources/{id}",
        "POST /api/sources/{id}/annotations",
        "PUT /api/sources/{id}/annotations/{id}",
        "POST /api/classification",
        "POST /api/thumbnail",
    } <= endpoints


def test_requests_are_counted_and_timed_probes_too(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(5)]

    with running_sink(environment(broker, topic, skyportal, SKYPORTAL_LONGEST_PAUSE_S="0.2")) as sink:
        until_ready(sink)
        assert metric(sink, "sink_requests_per_alert") == 0
        publish_records(broker, topic, alerts[:4])
        until_settled(broker, topic)
        skyportal.control.fault("database_down")
        publish_records(broker, topic, alerts[4:])
        until_unready(sink, "skyportal")
        number = len(skyportal.control.requests())
        until(lambda: len(skyportal.control.requests()) > number + 2, "some probes")
        skyportal.control.mend()
        until_settled(broker, topic)
        counted = sum(samples(sink, "sink_requests_total").values())
        timed = sum(samples(sink, "sink_request_seconds_count").values())
        accepted = metric(sink, 'sink_alerts_settled_total{outcome="accepted"}')
        per_alert = metric(sink, "sink_requests_per_alert")
        in_all = len(skyportal.control.requests())

    assert accepted == len(alerts)
    assert counted == timed
    assert per_alert == pytest.approx(counted / accepted)
    assert counted == in_all


def test_the_age_of_the_oldest_alert_grows_in_an_outage_and_is_nothing_afterwards(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(20)

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:10])
        until_settled(broker, topic)
        assert metric(sink, "sink_oldest_undelivered_seconds") == 0
        assert metric(sink, "sink_skyportal_away_seconds") == 0
        skyportal.control.fault("database_down")
        publish_records(broker, topic, alerts[10:])
        for name in ("sink_oldest_undelivered_seconds", "sink_skyportal_away_seconds"):
            until(lambda name=name: metric(sink, name) > 0, f"{name} above 0")
            first = metric(sink, name)
            until(lambda name=name, first=first: metric(sink, name) > first + 0.5, f"{name} growing")
        assert metric(sink, "sink_oldest_undelivered_seconds") < HOUR_S, "not since it was observed"
        assert metric(sink, "sink_halted") == 0
        skyportal.control.mend()
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_oldest_undelivered_seconds") == 0
        assert metric(sink, "sink_skyportal_away_seconds") == 0
        until_nothing_is_in_flight(sink)


def test_a_sink_that_waits_at_its_start_says_since_when_and_what_waits(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    create_topic(broker, topic, 4)
    publish_records(broker, topic, some_alerts(10), hours_ago=8)
    skyportal.control.fault("database_down")

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_unready(sink, "skyportal")
        until(lambda: metric(sink, "sink_oldest_undelivered_seconds") > 7 * HOUR_S, "the alarm, before it has joined")
        assert sum(samples(sink, "sink_lag_records").values()) == 10
        assert min(samples(sink, "sink_retention_headroom_seconds").values()) < 24 * 14 * HOUR_S - 7 * HOUR_S
        assert metric(sink, "sink_ready") == 0
        until(lambda: metric(sink, "sink_skyportal_away_seconds") > 0, "the outage being counted")
        skyportal.control.fault("redirect")
        until_unready(sink, "answers 302")
        until(lambda: metric(sink, "sink_halted") == 1, "the halt being counted")
        skyportal.control.mend()
        until_settled(broker, topic)
        until(lambda: sum(samples(sink, "sink_lag_records").values()) == 0, "nothing being behind")
        assert metric(sink, "sink_oldest_undelivered_seconds") == 0
