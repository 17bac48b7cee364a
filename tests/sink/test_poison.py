"""A bad record goes to the dead letters, byte for byte with its reason, and the rest goes on."""

import os
from dataclasses import replace

import pytest

from demo.skyportal.process import SkyPortal
from schemas import codec
from schemas.record import SkyPortalAlert
from support.kafka import committed, create_topic, publish, publish_records, until
from support.records import some_alerts
from support.sink import (
    asked,
    assert_never_left_the_group,
    environment,
    letters,
    metric,
    running_sink,
    until_ready,
    until_settled,
)
from support.whole import TABLES, assert_whole, differences, only

BAD = "ZTF26bad"
QUICK = {"SINK_REJECTION_INTERVAL_S": "0.1"}


def bad_alert() -> SkyPortalAlert:
    return replace(some_alerts(1)[0], obj_id=BAD)


def refusals(skyportal: SkyPortal, path: str) -> int:
    return sum(
        one["obj_ids"] == [BAD] and one["path"] == path and one["status"] in {400, 500}
        for one in skyportal.control.requests()
    )


def assert_whole_without_the_bad_one(skyportal: SkyPortal, alerts: list[SkyPortalAlert], *, candidates: int) -> None:
    """See that all is there of ``alerts``, and of the bad one so many candidates and nothing else."""
    state = skyportal.control.state()
    assert differences(skyportal, only(state, {alert.obj_id for alert in alerts}), alerts) == []
    bad = {table: rows for table, rows in only(state, {BAD}).items() if table in TABLES and rows}
    assert {table: len(rows) for table, rows in bad.items()} == ({"objects": 1, "candidates": 1} if candidates else {})


def test_what_is_no_record_is_put_aside_byte_for_byte(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = some_alerts(20)
    junk: list[tuple[bytes | None, bytes | None]] = [
        (b"k", b"\x00\xffnot a record"),
        (b"\xff", None),
        (None, codec.encode(bad_alert())[:-1]),
        (b"", codec.encode(replace(bad_alert(), ra=float("nan")))),
    ]

    with running_sink(environment(broker, topic, skyportal, **QUICK)):
        publish_records(broker, topic, alerts[:10])
        publish(broker, topic, junk)
        publish_records(broker, topic, alerts[10:])
        until_settled(broker, topic)

    assert_whole(skyportal, alerts)
    found = letters(broker, topic)
    assert sorted(((message.key, message.value) for message, _letter in found), key=repr) == sorted(junk, key=repr)
    for _message, letter in found:
        assert letter.topic == topic
        assert (letter.stage, letter.reason) in {("decode", "Undecodable"), ("check", "Unsendable")}
        assert letter.signed_by == "fink-skyportal.sink"
        assert letter.answer is None
        assert letter.message


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/api/candidates", 500), ("PUT", "/api/photometry", 400)]
)
def test_what_skyportal_never_takes_is_put_aside_with_its_answer_while_the_rest_goes_on(
    method: str, path: str, status: int, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(40)
    skyportal.control.fault("reject", obj_id=BAD, path=path, status=status, message=f"No, {skyportal.token.upper()}.")

    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [*alerts[:20], bad_alert()])
        # Of the first refusal the sink has heard for sure when it has sent it again: controls count from then on.
        until(lambda: refusals(skyportal, path) > 1, "the suspect standing alone")
        publish_records(broker, topic, alerts[20:])
        until_settled(broker, topic)
        assert_never_left_the_group(sink)
        said = sink.output + asked(sink, "/metrics")[1] + asked(sink, "/readyz")[1]
        assert metric(sink, 'sink_dead_letters_total{stage="deliver"}') == 1

    ((message, letter),) = letters(broker, topic)
    assert message.value == codec.encode(bad_alert())
    assert message.key == BAD.encode()
    assert (letter.stage, letter.reason) == ("deliver", "Rejected")
    assert letter.answer is not None
    assert (letter.answer.endpoint, letter.answer.status) == (f"{method} {path}", status)
    assert letter.answer.attempts >= 2
    assert letter.part in path
    assert "No, ***." in letter.answer.body
    assert letter.offset < committed(broker, topic, f"sink-{topic}")[letter.partition]
    assert refusals(skyportal, path) >= 2
    assert skyportal.token.lower() not in (said + repr(message)).lower()
    assert_whole_without_the_bad_one(skyportal, alerts, candidates=method == "PUT")


def test_a_record_that_is_refused_while_nothing_else_flows_waits(broker: str, topic: str, skyportal: SkyPortal) -> None:
    skyportal.control.fault("reject", obj_id=BAD)

    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [bad_alert()])
        until(lambda: refusals(skyportal, "/api/candidates") > 3, "several refusals")
        assert letters(broker, topic) == []
        assert committed(broker, topic, f"sink-{topic}") == {}

        publish_records(broker, topic, some_alerts(1))
        until_settled(broker, topic)

    ((_message, letter),) = letters(broker, topic)
    assert letter.answer is not None
    assert letter.answer.attempts > 3
    assert_whole(skyportal, some_alerts(1))


def test_a_record_that_was_refused_for_a_while_only_is_accepted(broker: str, topic: str, skyportal: SkyPortal) -> None:
    skyportal.control.fault("reject", obj_id=BAD, count=3)

    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [bad_alert()])
        until_settled(broker, topic)

    assert letters(broker, topic) == []
    assert_whole(skyportal, [bad_alert()])


def test_the_one_that_spoils_a_request_of_many_is_found_by_halving(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(31, objects=31)
    skyportal.control.fault("reject", obj_id=BAD, path="/api/photometry")
    settings = environment(broker, topic, skyportal, SINK_CONCURRENCY="1", SINK_COLLECT_S="3", **QUICK)

    create_topic(broker, topic)
    publish_records(broker, topic, [*alerts[:13], bad_alert(), *alerts[13:]])
    with running_sink(settings):
        until(lambda: refusals(skyportal, "/api/photometry") > 1, "the suspect standing alone")
        sizes = [len(one["obj_ids"]) for one in skyportal.control.requests() if BAD in one["obj_ids"] and one["rows"]]
        publish_records(broker, topic, [replace(alerts[0], obj_id="ZTF26control")])
        until_settled(broker, topic)

    assert sizes[:6] == [32, 16, 8, 4, 2, 1]
    ((_message, letter),) = letters(broker, topic)
    assert letter.part == "photometry"
    assert_whole_without_the_bad_one(skyportal, [*alerts, replace(alerts[0], obj_id="ZTF26control")], candidates=1)


def test_a_letter_that_the_broker_does_not_take_is_never_passed(broker: str, topic: str, skyportal: SkyPortal) -> None:
    create_topic(broker, topic)
    create_topic(broker, f"{topic}.rejected", max_message_bytes="1000")
    publish_records(broker, topic, some_alerts(3))
    publish(broker, topic, [(b"k", os.urandom(5000))])
    publish_records(broker, topic, some_alerts(3, first=3))

    with running_sink(environment(broker, topic, skyportal)) as sink:
        assert sink.ended() == 1
        assert f"sink: {topic}.rejected refused a message" in sink.output

    assert committed(broker, topic, f"sink-{topic}").get(0, 0) <= 3


@pytest.mark.parametrize("path", ["/api/candidates", "/api/photometry"])
@pytest.mark.parametrize("kind", ["bad_gateway", "reset"])
def test_one_record_that_always_meets_an_outage_stops_nobody_else(
    kind: str, path: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    skyportal.control.fault(kind, obj_id=BAD, path=path)
    settings = environment(
        broker, topic, skyportal, SINK_CONCURRENCY="2", SINK_REJECTION_INTERVAL_S="0.1", SINK_PATIENCE_S="1"
    )

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, [bad_alert(), *some_alerts(20)])
        until(lambda: metric(sink, 'sink_alerts_settled_total{outcome="accepted"}') == 20, "the others being accepted")
        controls = 0
        while not letters(broker, topic):
            publish_records(broker, topic, some_alerts(4, first=100 + 4 * controls))
            controls += 1
            wanted = 20 + 4 * controls
            until(
                lambda wanted=wanted: metric(sink, 'sink_alerts_settled_total{outcome="accepted"}') == wanted,
                "the controls being accepted",
            )
        until_settled(broker, topic)

    ((message, letter),) = letters(broker, topic)
    assert message.key == BAD.encode()
    assert (letter.stage, letter.reason) == ("deliver", "Unanswered")
    assert letter.answer is not None
    assert letter.answer.status == (502 if kind == "bad_gateway" else 0)
