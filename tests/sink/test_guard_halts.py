"""Too many refusals halt the sink until somebody has looked; a restart does not make it forget them."""

import signal
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from sink.delivery.guard import Guard
from sink.delivery.in_flight import InFlight
from support.kafka import publish_records, until
from support.processes import LEAVING_S, Command
from support.records import skyportal_alert, some_alerts, whole_alert
from support.rounds import Rounds
from support.sink import (
    asked,
    assert_never_left_the_group,
    environment,
    letters,
    metric,
    running_sink,
    until_ready,
    until_settled,
    until_unready,
)
from support.whole import assert_whole

SENTENCE = "SkyPortal refuses 3 alerts in a row; the latest: POST /api/candidates: 400 No[.].*send the sink a SIGHUP"
SETTINGS = {
    "KAFKA_TOPIC_PARTITIONS": "1",
    "SINK_CONCURRENCY": "1",
    "SINK_GUARD_IN_A_ROW": "3",
    "SINK_REJECTION_INTERVAL_S": "0.1",
}


def bad_alerts(count: int, skyportal: SkyPortal) -> list[SkyPortalAlert]:
    """Return alerts of different objects whose candidates SkyPortal refuses."""
    names = [f"ZTF26bad{number}" for number in range(count)]
    for name in names:
        skyportal.control.fault("reject", obj_id=name, path="/api/candidates", message="No.")
    return [skyportal_alert(obj_id=name) for name in names]


def all_refused(skyportal: SkyPortal, alerts: Sequence[SkyPortalAlert], since: int = 0) -> bool:
    """Say whether each of ``alerts`` was refused after request number ``since``."""
    requests = skyportal.control.requests(since)
    refused = {name for one in requests if one["status"] == 400 for name in one["obj_ids"]}
    return {alert.obj_id for alert in alerts} <= refused


def go_on_until_settled(sink: Command, broker: str, topic: str) -> None:
    """Tell the sink to go on whenever the guard stops it."""

    def told() -> bool:
        if metric(sink, "sink_halted"):
            sink.process.send_signal(signal.SIGHUP)
        return metric(sink, "sink_in_flight_alerts") == 0

    until(told, "all being put aside")
    until_settled(broker, topic)


def test_many_refusals_halt_the_sink_until_somebody_has_looked(broker: str, topic: str, skyportal: SkyPortal) -> None:
    bad, good = bad_alerts(6, skyportal), some_alerts(10)

    with running_sink(environment(broker, topic, skyportal, **SETTINGS)) as sink:
        until_ready(sink)
        publish_records(broker, topic, bad)
        until(lambda: all_refused(skyportal, bad), "the first refusals")
        publish_records(broker, topic, good[:1])  # now they are believed
        until_unready(sink, SENTENCE)
        asked_so_far = skyportal.control.requests()[-1]["number"]
        assert metric(sink, "sink_halted") == 1
        assert sink.output.count("ERROR sink.skyportal.gate halted: ") == 1
        assert asked(sink, "/healthz") == (200, "ok\n")
        publish_records(broker, topic, good[1:])
        until(lambda: metric(sink, "sink_in_flight_alerts") > len(bad) + 1, "the others being collected")
        until(lambda: len(letters(broker, topic)) == 2, "two being put aside")
        assert len(skyportal.control.requests(asked_so_far)) <= 1  # one may have been about to be sent

        sink.process.send_signal(signal.SIGHUP)
        until(lambda: len(letters(broker, topic)) > 2, "more being put aside")
        go_on_until_settled(sink, broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_halted") == 0
        assert_never_left_the_group(sink)

    assert sorted(message.key or b"" for message, _letter in letters(broker, topic)) == [
        alert.obj_id.encode() for alert in bad
    ]
    assert_whole(skyportal, good)


def test_a_restart_does_not_make_the_guard_forget_and_leaving_while_it_watches_loses_nothing(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    bad, good = bad_alerts(6, skyportal), some_alerts(2)
    settings = environment(broker, topic, skyportal, **SETTINGS)

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, bad)
        until(lambda: all_refused(skyportal, bad), "the first refusals")
        publish_records(broker, topic, good[:1])
        until_unready(sink, SENTENCE)
        until(lambda: len(letters(broker, topic)) == 2, "two being put aside")
        assert sink.stop(LEAVING_S) == 0
    assert len(letters(broker, topic)) == 2
    since = skyportal.control.requests()[-1]["number"]

    with running_sink(settings) as sink:
        until(lambda: all_refused(skyportal, bad[2:], since), "the refusals after the restart")
        publish_records(broker, topic, good[1:])
        until_unready(sink, "guard: ")
        put_aside = len(letters(broker, topic))
        go_on_until_settled(sink, broker, topic)

    assert put_aside == 2
    assert {message.key for message, _letter in letters(broker, topic)} == {alert.obj_id.encode() for alert in bad}
    assert_whole(skyportal, good)


def watched(rounds: Rounds, **limits: float) -> Guard:
    """Let a guard with these limits watch over the rounds."""
    guard = Guard(in_a_row=int(limits.get("in_a_row", 0)), percent=limits.get("percent", 100))
    rounds.desk = replace(rounds.desk, guard=guard)
    return guard


@pytest.mark.parametrize("path", ["/api/candidates", "/api/sources/*/annotations"])
def test_refused_alerts_and_refused_parts_of_alerts_count_alike(
    path: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    rounds = Rounds(broker, topic, skyportal)
    watched(rounds, in_a_row=3)
    alerts = [whole_alert(obj_id=f"ZTF26bad{number}") for number in range(3)]
    for alert in alerts:
        skyportal.control.fault("reject", obj_id=alert.obj_id, path=path, message="No.")
    suspects = [item for alert in alerts for item in rounds.round(rounds.collect(alert))]
    assert rounds.round(rounds.collect(whole_alert(obj_id="ZTF26good"))) == []
    until_believed(suspects)

    assert [rounds.round([item]) for item in suspects] == [[], [], [suspects[2]]]

    assert rounds.desk.gate.halted


def test_an_accepted_alert_among_refused_ones_breaks_the_row(broker: str, topic: str, skyportal: SkyPortal) -> None:
    rounds = Rounds(broker, topic, skyportal)
    watched(rounds, in_a_row=2)
    suspects = [item for alert in bad_alerts(4, skyportal) for item in rounds.round(rounds.collect(alert))]
    good = iter(some_alerts(5, objects=5))
    assert rounds.round(rounds.collect(next(good))) == []
    until_believed(suspects)

    for item in suspects:
        assert rounds.round([item]) == []
        assert rounds.round(rounds.collect(next(good))) == []

    assert not rounds.desk.gate.halted


def test_too_large_a_share_of_refusals_halts_the_sink_though_no_row_is_long(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    rounds = Rounds(broker, topic, skyportal)
    guard = watched(rounds, in_a_row=4, percent=3)
    for _ in range(97):
        guard.accepted()
    suspects = [item for alert in bad_alerts(3, skyportal) for item in rounds.round(rounds.collect(alert))]
    assert rounds.round(rounds.collect(skyportal_alert(obj_id="ZTF26good"))) == []
    until_believed(suspects)

    assert [rounds.round([item]) for item in suspects] == [[], [], [suspects[2]]]

    assert rounds.desk.gate.halted


def until_believed(suspects: Sequence[InFlight]) -> None:
    """Wait until another refusal of each is old enough to be believed."""
    assert suspects
    until(lambda: all(item.not_before <= time.monotonic() for item in suspects), "the refusals being old enough")
