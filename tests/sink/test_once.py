"""``run --once``: a sink that ends when what was in the topic is passed."""

import pytest

from demo.skyportal.process import SkyPortal
from runtime.health import Health
from schemas import codec
from sink.topic.drained import Drained
from sink.topic.local_topic import Unreadable
from support.containers import container
from support.kafka import commit, create_topic, is_passed, publish, publish_records, until
from support.processes import LEAVING_S, running
from support.records import skyportal_alert, some_alerts
from support.rehearsal import sink_settings
from support.sink import environment
from support.whole import assert_whole

ONCE = ["sink", "run", "--once"]


def test_two_side_by_side_deliver_everything_and_end_and_a_third_has_nothing_to_do(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(200, objects=40)
    create_topic(broker, topic, 4)
    publish_records(broker, topic, alerts)
    settings = environment(broker, topic, skyportal)

    with running(ONCE, settings) as one, running(ONCE, settings) as other:
        assert (one.ended(), other.ended()) == (0, 0)
        assert " drained accepted=" in one.output
        assert " drained accepted=" in other.output
        assert is_passed(broker, topic, f"sink-{topic}")
    assert_whole(skyportal, alerts)

    asked = len(skyportal.control.requests())
    with running(ONCE, settings) as third:
        assert third.ended() == 0
        assert " drained accepted=0 skipped=0 rejected=0" in third.output
        assert " assigned partitions" not in third.output
    assert len(skyportal.control.requests()) == asked


def test_it_waits_for_a_broken_route_and_leaves_when_it_is_asked_to(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    create_topic(broker, topic)
    publish_records(broker, topic, [skyportal_alert(topic="fink_nobody_has_made_a_filter_ztf")])

    with running(ONCE, environment(broker, topic, skyportal)) as sink:
        until(lambda: "route is broken" in sink.output or sink.process.poll() is not None, "the broken route")
        assert sink.process.poll() is None
        assert sink.stop(LEAVING_S) == 0
        assert " left before the topic was drained accepted=0" in sink.output


def test_a_record_of_a_newer_version_ends_it_with_the_sentence_that_a_service_waits_with(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    create_topic(broker, topic)
    good, newer = skyportal_alert(obj_id="good"), container(skyportal_alert(), version=2)
    publish(broker, topic, [(b"good", codec.encode(good)), (b"newer", newer)])

    with running(ONCE, environment(broker, topic, skyportal)) as sink:
        assert sink.ended() == 1
        assert "sink: partition 0, offset 1: a record of version 2" in sink.output
        assert "left before the topic was drained accepted=1" in sink.output
    assert_whole(skyportal, [good])


@pytest.mark.parametrize(
    ("records", "passed", "is_drained"),
    [(0, (), True), (3, (), False), (3, (2,), False), (3, (3,), True), (3, (9,), False)],
    ids=["nothing there", "not begun", "one left", "passed", "an offset of a longer topic of that name"],
)
def test_a_topic_is_drained_when_the_group_has_passed_its_end(
    broker: str, topic: str, skyportal: SkyPortal, records: int, passed: tuple[int, ...], *, is_drained: bool
) -> None:
    create_topic(broker, topic)
    publish_records(broker, topic, some_alerts(records))
    settings = sink_settings(broker, topic, skyportal)
    for offset in passed:
        commit(broker, topic, settings.sink_group_id, offset)

    assert Drained(settings, Health()).is_drained == is_drained


def test_a_broker_that_does_not_tell_is_a_sentence(topic: str, skyportal: SkyPortal) -> None:
    settings = sink_settings("127.0.0.1:1", topic, skyportal, KAFKA_CONNECT_TIMEOUT_S="1")

    with pytest.raises(Unreadable, match=f"cannot see how far the topic {topic} is read"):
        Drained(settings, Health())
