"""What a sink tells Prometheus: few labels, and numbers that agree with what SkyPortal has seen."""

import re

import pytest

from demo.skyportal.process import SkyPortal
from support.kafka import publish_records, until
from support.processes import Command
from support.records import some_alerts, whole_alert
from support.sink import asked, environment, metric, running_sink, until_ready, until_settled, until_unready

LABELS = {"le", "endpoint", "verdict", "part", "outcome", "stage"}


def samples(sink: Command, name: str) -> dict[str, float]:
    """Return the values of a metric by their labels."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", asked(sink, "/metrics")[1], re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_labels_name_no_object_and_no_row(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(20)]
    newer = [whole_alert(1, obj_id=alert.obj_id, classifications=()) for alert in alerts]

    with running_sink(environment(broker, topic, skyportal)) as sink:
        publish_records(broker, topic, alerts)
        until_settled(broker, topic)
        publish_records(broker, topic, newer)
        until_settled(broker, topic)
        text = asked(sink, "/metrics")[1]

    ours = [line for line in text.splitlines() if line.startswith("sink_")]
    labels = [pair for line in ours for pair in re.findall(r'(\w+)="([^"]*)"', line)]
    assert {name for name, _ in labels} <= LABELS
    assert not {value for name, value in labels if name != "le" and re.search(r"\d", value)}
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
        assert metric(sink, "sink_oldest_undelivered_seconds") < 60
        assert metric(sink, "sink_halted") == 0
        skyportal.control.mend()
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_oldest_undelivered_seconds") == 0
        assert metric(sink, "sink_skyportal_away_seconds") == 0
        assert metric(sink, "sink_in_flight_alerts") == 0


def test_a_sink_that_waits_at_its_start_says_since_when(broker: str, topic: str, skyportal: SkyPortal) -> None:
    skyportal.control.fault("database_down")

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_unready(sink, "skyportal")
        until(lambda: metric(sink, "sink_skyportal_away_seconds") > 0, "the outage being counted", 5)
        skyportal.control.fault("redirect")
        until_unready(sink, "answers 302")
        until(lambda: metric(sink, "sink_halted") == 1, "the halt being counted", 5)
