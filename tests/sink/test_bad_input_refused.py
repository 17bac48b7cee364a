"""What SkyPortal refuses for ever costs the part that it refuses; and nobody is told the token that it echoes."""

from collections.abc import Callable

import pytest
from test_faults_everywhere import ENDPOINTS, QUICK, Case, Fault, classify_twice, make_known, post

from demo.skyportal.process import SkyPortal
from schemas import codec
from schemas.dead_letters import EXCERPT
from schemas.record import Classification, SkyPortalAlert
from support.kafka import publish_records, until
from support.processes import Command
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
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
from support.whole import TABLES, assert_whole, differences, only

IMPATIENT = QUICK | {"SINK_REJECTION_INTERVAL_S": "0.1"}
ACCEPTED = 'sink_alerts_settled_total{outcome="accepted"}'
LOST = {
    "POST /api/sources/{id}/annotations": ("annotation", "annotations"),
    "PUT /api/sources/{id}/annotations/{id}": ("annotation", "annotations"),
    "POST /api/classification": ("classification", "classifications"),
    "PUT /api/classification/{id}": ("classification", "classifications"),
    "DELETE /api/classification/{id}": ("classification", "classifications"),
}
"""The part that is lost where an endpoint refuses an object for ever, and the table that is not as it should be."""


def deliver_until(done: Callable[[], bool], broker: str, topic: str, sink: Command) -> list[SkyPortalAlert]:
    """Let others be accepted until ``done``, for without them no refusal is believed; return them."""
    others: list[SkyPortalAlert] = []

    def done_after_some_more() -> bool:
        wanted = metric(sink, ACCEPTED) + 4
        more = [whole_alert(obj_id=f"ZTF26other{len(others) + number}") for number in range(4)]
        publish_records(broker, topic, more)
        others.extend(more)
        until(lambda: metric(sink, ACCEPTED) >= wanted, "the others being accepted")
        return done()

    until(done_after_some_more, "what is refused being put aside")
    return others


def deliver_what_loses_a_part(
    alert: SkyPortalAlert, broker: str, topic: str, skyportal: SkyPortal
) -> list[SkyPortalAlert]:
    """Deliver an alert that is accepted without some part; return the others that were delivered meanwhile."""
    with running_sink(environment(broker, topic, skyportal, **IMPATIENT)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [alert])
        others = deliver_until(lambda: len(letters(broker, topic)) > 0, broker, topic, sink)
        until_settled(broker, topic)
        assert metric(sink, ACCEPTED) == len(others) + 1
        assert_never_left_the_group(sink)
    return others


def everything_said(sink: Command) -> str:
    return sink.output + asked(sink, "/metrics")[1] + asked(sink, "/readyz")[1]


def echo(token: str) -> str:
    """Return what SkyPortal says that knows our token, and writes it in three ways."""
    return f"No, token {token}, {token.upper()} or {token[:9].upper()}{token[9:]}."


def wrong_tables(skyportal: SkyPortal, alerts: list[SkyPortalAlert]) -> set[str]:
    """Return the tables that are not what they should be of the objects of ``alerts``."""
    state = only(skyportal.control.state(), {alert.obj_id for alert in alerts})
    return {line.partition(":")[0] for line in differences(skyportal, state, alerts)} & set(TABLES)


def test_a_part_that_is_refused_for_ever_is_lost_alone_and_the_token_is_not_told(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    fault = Fault(name="refused for ever", kind="reject", options={"message": echo(skyportal.token)})
    wanted = [
        Case(fault=fault, endpoint=one, obj_id=f"ZTF26bad{number}")
        for number, one in enumerate(ENDPOINTS)
        if one.name in LOST
    ]
    for case in wanted:
        if case.endpoint.doubled:
            classify_twice(skyportal, case.alerts[0])

    with running_sink(environment(broker, topic, skyportal, **IMPATIENT)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [case.alerts[0] for case in wanted if case.endpoint.known])
        until_settled(broker, topic)
        for case in wanted:
            case.begin(skyportal)
        publish_records(broker, topic, [case.alerts[-1] for case in wanted])
        others = deliver_until(lambda: len(letters(broker, topic)) >= len(wanted), broker, topic, sink)
        until_settled(broker, topic)
        assert_never_left_the_group(sink)
        said = everything_said(sink)
        assert metric(sink, ACCEPTED) == len(others) + sum(len(case.alerts) for case in wanted)

    found = letters(broker, topic)
    assert skyportal.token.lower() not in (said + repr(found)).lower()
    assert sorted(message.key or b"" for message, _letter in found) == sorted(case.obj_id.encode() for case in wanted)
    for case in wanted:
        ((message, letter),) = [one for one in found if one[0].key == case.obj_id.encode()]
        part, table = LOST[case.endpoint.name]
        assert message.value == codec.encode(case.alerts[-1])
        assert (letter.stage, letter.part, letter.reason) == ("part", part, "Rejected"), case.endpoint.name
        assert letter.answer is not None
        assert letter.answer.attempts >= 2
        assert "No, token ***, *** or ***." in letter.answer.body
        assert wrong_tables(skyportal, list(case.alerts)) == {table}, case.endpoint.name
    assert wrong_tables(skyportal, others) == set()


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_an_answer_that_stops_everything_tells_the_token_to_nobody(
    status: int, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    with running_sink(environment(broker, topic, skyportal, **IMPATIENT)) as sink:
        until_ready(sink)
        skyportal.control.fault("reject", status=status, message=f"expired QueuePool limit. {echo(skyportal.token)}")
        publish_records(broker, topic, [whole_alert()])
        until_unready(sink, r"No, token \*\*\*, \*\*\* or \*\*\*")
        said = everything_said(sink)
        skyportal.control.mend()
        until_settled(broker, topic)

    assert skyportal.token.lower() not in said.lower()
    assert letters(broker, topic) == []
    assert_whole(skyportal, [whole_alert()])


def test_an_answer_of_three_megabytes_becomes_a_letter_of_a_few_kilobytes(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    bad = whole_alert(obj_id="ZTF26bad")
    skyportal.control.fault("huge", obj_id=bad.obj_id, path="/api/photometry")

    with running_sink(environment(broker, topic, skyportal, **IMPATIENT)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [bad])
        others = deliver_until(lambda: len(letters(broker, topic)) > 0, broker, topic, sink)
        until_settled(broker, topic)
        assert_never_left_the_group(sink)
        assert len(sink.output) < 100_000

    ((message, letter),) = letters(broker, topic)
    assert (message.key, letter.stage, letter.part) == (bad.obj_id.encode(), "deliver", "photometry")
    assert letter.answer is not None
    assert 0 < len(letter.answer.body) <= EXCERPT
    assert "number of parameters must be between" in letter.message + letter.answer.body
    assert wrong_tables(skyportal, others) == set()
    assert "photometry" in wrong_tables(skyportal, [bad])


@pytest.mark.parametrize(
    ("group", "words"), [("Fink", "accessible annotations"), ("Rivals", "already exists")], ids=["seen", "hidden"]
)
def test_somebody_elses_annotation_of_our_origin_costs_the_annotation(
    group: str, words: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alert, token = whole_alert(obj_id="ZTF26taken"), f"rival-{topic}"
    setup = skyportal.control.setup(tokens=[{"name": "Rivals", "token": token, "groups": ["Fink"]}])
    number = max(one["id"] for one in setup["groups"] if one["name"] == group)
    make_known(skyportal, alert)
    theirs = {"origin": "Fink", "data": {"theirs": True}, "group_ids": [number]}
    post(skyportal, f"sources/{alert.obj_id}/annotations", theirs, token)

    others = deliver_what_loses_a_part(alert, broker, topic, skyportal)

    ((message, letter),) = letters(broker, topic)
    assert message.value == codec.encode(alert)
    assert (letter.stage, letter.part) == ("part", "annotation")
    assert words in letter.message
    assert [row["data"] for row in skyportal.control.state()["annotations"] if row["obj_id"] == alert.obj_id] == [
        {"theirs": True}
    ]
    assert wrong_tables(skyportal, [alert]) == {"annotations"}
    assert wrong_tables(skyportal, others) == set()


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(["/api/sources/ZTF26bad/annotations", "/api/thumbnail"], id="annotation and thumbnail"),
        pytest.param(["/api/sources/ZTF26bad/annotations", "/api/classification"], id="annotation and class"),
        pytest.param(["/api/classification", "/api/thumbnail"], id="class and thumbnail"),
    ],
)
def test_two_parts_that_are_refused_for_ever_are_lost_and_no_more(
    paths: list[str], broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alert = whole_alert(obj_id="ZTF26bad", cutout_template=None, cutout_difference=None)
    for path in paths:
        skyportal.control.fault("reject", obj_id=alert.obj_id, path=path)

    others = deliver_what_loses_a_part(alert, broker, topic, skyportal)

    names = {"annotations": "annotation", "classification": "classification", "thumbnail": "thumbnail"}
    wanted = sorted(names[path.rpartition("/")[2]] for path in paths)
    assert sorted(letter.part for _message, letter in letters(broker, topic)) == wanted
    assert {letter.stage for _message, letter in letters(broker, topic)} == {"part"}
    assert wrong_tables(skyportal, others) == set()


@pytest.mark.parametrize(
    "paths",
    [
        {"object": "/api/sources/{id}", "thumbnail": "/api/thumbnail"},
        {"annotation": "/api/sources/{id}/annotations", "classification": "/api/classification"},
    ],
    ids=" and ".join,
)
def test_a_part_that_always_meets_an_outage_is_lost_alone(
    paths: dict[str, str], broker: str, topic: str, skyportal: SkyPortal
) -> None:
    """As SkyPortal answers where one of its workers dies of a request."""
    bad = {part: whole_alert(obj_id=f"ZTF26{part}", cutout_template=None, cutout_difference=None) for part in paths}
    for part, alert in bad.items():
        path, method = paths[part].replace("{id}", alert.obj_id), "GET" if part == "object" else "POST"
        skyportal.control.fault("bad_gateway", obj_id=alert.obj_id, path=path, method=method)
    hasty = IMPATIENT | {"SINK_REJECTION_INTERVAL_S": "0.001", "SINK_PATIENCE_S": "1"}

    with running_sink(environment(broker, topic, skyportal, **hasty)) as sink:
        until_ready(sink)
        publish_records(broker, topic, bad.values())
        others = deliver_until(lambda: len(letters(broker, topic)) >= len(bad), broker, topic, sink)
        until_settled(broker, topic)
        assert metric(sink, ACCEPTED) == len(others) + len(bad)
        assert_never_left_the_group(sink)

    found = {(message.key or b"").decode(): letter for message, letter in letters(broker, topic)}
    for part, alert in bad.items():
        letter = found[alert.obj_id]
        assert (letter.stage, letter.part, letter.reason) == ("part", part, "Unanswered")
        assert letter.answer is not None
        assert letter.answer.status == 502
        of_the_object = {"annotations", "classifications", "thumbnails"}
        wrong = of_the_object if part == "object" else {f"{part}s"}
        assert wrong_tables(skyportal, [alert]) == wrong
    assert wrong_tables(skyportal, others) == set()


def test_pictures_that_are_all_refused_for_ever_are_lost_alone(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alert = whole_alert(obj_id="ZTF26bad")
    skyportal.control.fault("reject", obj_id=alert.obj_id, path="/api/thumbnail")

    others = deliver_what_loses_a_part(alert, broker, topic, skyportal)

    assert {(letter.stage, letter.part) for _message, letter in letters(broker, topic)} == {("part", "thumbnail")}
    assert wrong_tables(skyportal, [alert]) == {"thumbnails"}
    assert wrong_tables(skyportal, others) == set()


def test_two_classes_that_are_refused_for_ever_are_lost_alone(broker: str, topic: str, skyportal: SkyPortal) -> None:
    origins = ("fink_filters", "fink_cats")
    first, second = (
        whole_alert(
            day,
            obj_id="ZTF26bad",
            classifications=[Classification(name=name, probability=0.8, origin=origin) for origin in origins],
        )
        for day, name in enumerate((SUPERNOVA, AMBIGUOUS))
    )

    with running_sink(environment(broker, topic, skyportal, **IMPATIENT)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [first])
        until_settled(broker, topic)
        skyportal.control.fault("reject", obj_id=first.obj_id, path="/api/classification/", method="PUT")
        publish_records(broker, topic, [second])
        others = deliver_until(lambda: len(letters(broker, topic)) > 0, broker, topic, sink)
        until_settled(broker, topic)
        assert metric(sink, ACCEPTED) == len(others) + 2

    assert {(letter.stage, letter.part) for _message, letter in letters(broker, topic)} == {("part", "classification")}
    assert wrong_tables(skyportal, [first, second]) == {"classifications"}
    assert wrong_tables(skyportal, others) == set()
