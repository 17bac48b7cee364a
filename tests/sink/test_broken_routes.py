"""A route that SkyPortal no longer knows stops itself, and nothing else."""

from collections.abc import Iterator

import pytest

from demo.skyportal.process import SkyPortal
from schemas import codec
from support.kafka import committed, publish_records, until
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
from support.whole import assert_whole

ACCEPTED = 'sink_alerts_settled_total{outcome="accepted"}'


@pytest.fixture
def fragile(topic: str, skyportal: SkyPortal) -> Iterator[str]:
    """Name a filter of the test's own, and of a Fink topic that goes there."""
    name = f"fink_{topic}_ztf"
    skyportal.control.setup(filters=[(name, "Fink", "ZTF Public")])
    yield name
    if any(one["name"] == name for one in skyportal.control.state()["filters"]):
        skyportal.control.setup(remove_filters=[name])


def test_alerts_of_a_filter_that_is_gone_are_put_aside_after_patience_while_others_flow(
    fragile: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    kept = some_alerts(30)
    first = some_alerts(3, topic=fragile, obj_id="ZTF26first")
    stuck = some_alerts(6, first=100, objects=1, topic=fragile, obj_id="ZTF26stuck")

    with running_sink(environment(broker, topic, skyportal, SINK_PATIENCE_S="100")) as patient:
        until_ready(patient)
        publish_records(broker, topic, first)
        until(lambda: metric(patient, ACCEPTED) == 3, "the filter's first candidates")
        skyportal.control.setup(remove_filters=[fragile])
        publish_records(broker, topic, [*stuck, *kept])
        until(lambda: metric(patient, ACCEPTED) == 33, "the others being accepted")
        until(lambda: patient.output.count("route is broken") == 2, "what SkyPortal said, then what is missing")
        until_ready(patient)
        assert letters(broker, topic) == []
        assert_never_left_the_group(patient)
        assert patient.stop() == 0
    with running_sink(environment(broker, topic, skyportal, SINK_PATIENCE_S="1")) as impatient:
        until_settled(broker, topic)
        assert_never_left_the_group(impatient)

    found = letters(broker, topic)
    assert len(found) == len(stuck)
    for message, letter in found:
        assert message.key == b"ZTF26stuck"
        assert (letter.stage, letter.reason) == ("route", "Unroutable")
        assert "filter" in letter.message
    assert {one["obj_id"] for one in skyportal.control.state()["photometry"]} == {
        alert.obj_id for alert in [*kept, *first]
    }


def test_alerts_wait_for_a_filter_that_comes_back(fragile: str, broker: str, topic: str, skyportal: SkyPortal) -> None:
    waiting = some_alerts(20, topic=fragile)

    with running_sink(environment(broker, topic, skyportal, SINK_PATIENCE_S="100")) as sink:
        until_ready(sink)
        skyportal.control.setup(remove_filters=[fragile])
        publish_records(broker, topic, waiting)
        until(lambda: "route is broken" in sink.output, "the route being broken")
        assert committed(broker, topic, f"sink-{topic}") == {}
        skyportal.control.setup(filters=[(fragile, "Fink", "ZTF Public")])
        until_settled(broker, topic)

    assert letters(broker, topic) == []
    assert_whole(skyportal, waiting)


def test_a_topic_that_skyportal_has_no_filter_for_waits_for_one(
    broker: str, topic: str, fragile: str, skyportal: SkyPortal
) -> None:
    skyportal.control.setup(remove_filters=[fragile])
    waiting = some_alerts(5, topic=fragile)
    others = some_alerts(5, first=100)

    with running_sink(environment(broker, topic, skyportal, SINK_PATIENCE_S="100")) as sink:
        until_ready(sink)
        publish_records(broker, topic, [*waiting, *others])
        until(lambda: metric(sink, ACCEPTED) == 5, "the others being accepted")
        reason = f"topic {fragile}: SkyPortal has no filter '{fragile}' of group 'Fink'"
        until(lambda: reason in asked(sink, "/readyz")[1], "the missing filter being said")
        assert asked(sink, "/readyz")[0] == 200
        assert f"route is broken topic={fragile}: SkyPortal has no filter" in sink.output
        skyportal.control.setup(filters=[(fragile, "Fink", "ZTF Public")])
        until_settled(broker, topic)
        assert asked(sink, "/readyz") == (200, "ok\n")

    assert letters(broker, topic) == []
    assert_whole(skyportal, [*waiting, *others])


def test_a_long_backlog_of_a_broken_route_leaves_room_for_the_others(
    fragile: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    skyportal.control.setup(remove_filters=[fragile])
    broken = some_alerts(300, topic=fragile)
    others = some_alerts(30, first=1000)
    window = sum(len(codec.encode(alert)) for alert in broken) / 4 / 2**20

    with running_sink(environment(broker, topic, skyportal, SINK_IN_FLIGHT_MIB=str(window))) as sink:
        until_ready(sink)
        publish_records(broker, topic, [*broken, *others])
        until(lambda: metric(sink, ACCEPTED) == 30, "the others being accepted")
        until(lambda: len(letters(broker, topic)) > 0, "those that there was no room for being put aside")
        assert len(letters(broker, topic)) < len(broken)

    assert {letter.stage for _message, letter in letters(broker, topic)} == {"route"}


def test_of_an_alert_with_two_topics_the_one_with_a_filter_is_accepted(
    fragile: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    good = some_alerts(5)
    broken = some_alerts(5, topic=fragile)

    with running_sink(environment(broker, topic, skyportal, SINK_PATIENCE_S="1")) as sink:
        until_ready(sink)
        skyportal.control.setup(remove_filters=[fragile])
        publish_records(broker, topic, [one for pair in zip(good, broken, strict=True) for one in pair])
        until_settled(broker, topic)

    assert_whole(skyportal, good)
    assert {letter.stage for _message, letter in letters(broker, topic)} == {"route"}
    assert len(letters(broker, topic)) == 5


def test_a_solar_system_object_goes_only_where_it_is_wanted(broker: str, topic: str, skyportal: SkyPortal) -> None:
    wanted = some_alerts(3, is_solar_system=True, topic="fink_sso_ztf_candidates_ztf")
    unwanted = some_alerts(3, is_solar_system=True)

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [*wanted, *unwanted])
        until_settled(broker, topic)
        assert metric(sink, 'sink_alerts_settled_total{outcome="skipped"}') == 3

    assert_whole(skyportal, wanted)
