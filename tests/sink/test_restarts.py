"""Crashes, departures and arrivals: at least once from the topic, exactly once in SkyPortal."""

import re
import time
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from demo.skyportal.process import SkyPortal
from support.containers import container
from support.kafka import (
    PATIENCE_S,
    commit,
    committed,
    create_topic,
    ends,
    partitions_of,
    publish,
    publish_records,
    until,
)
from support.processes import LEAVING_S
from support.records import skyportal_alert, some_alerts
from support.sink import (
    asked,
    assert_never_left_the_group,
    environment,
    letters,
    metric,
    running_sink,
    until_assigned,
    until_dealt_with,
    until_nothing_is_in_flight,
    until_ready,
    until_settled,
    until_unready,
)
from support.skyportal import accepted, answered, overlaps
from support.whole import assert_whole


def is_met(skyportal: SkyPortal, fault: int) -> bool:
    return answered(skyportal, fault) > 0


def test_a_sink_that_is_killed_between_acceptance_and_commit_repeats_and_doubles_nothing(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(300, objects=100)
    settings = environment(broker, topic, skyportal)
    create_topic(broker, topic, 4)
    publish_records(broker, topic, alerts)

    for moment in (1, 40, 160):
        accepted_unheard = skyportal.control.fault("hang", path="/api/candidates", after=moment)
        with running_sink(settings) as sink:
            until(partial(is_met, skyportal, accepted_unheard), f"{moment} candidates and one more")
            sink.kill()
        skyportal.control.mend()
        until_dealt_with(skyportal)
        assert accepted(skyportal) < len(alerts)
        assert sum(committed(broker, topic, f"sink-{topic}").values()) < accepted(skyportal)
    with running_sink(settings):
        until_settled(broker, topic)

    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def test_a_sink_that_joins_and_one_that_leaves_cost_nothing_and_share_no_object(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(600, objects=60)
    settings = environment(broker, topic, skyportal)
    skyportal.control.fault("slow", delay=0.03)

    with running_sink(settings) as first, ExitStack() as stack:
        until_ready(first)
        publish_records(broker, topic, alerts[:300])
        until(lambda: accepted(skyportal) > 20, "the first sink's first acceptances")
        second = stack.enter_context(running_sink(settings))
        until(lambda: " revoked partitions=" in first.output, "the first sink giving partitions away")
        until_assigned(second)
        publish_records(broker, topic, alerts[300:])
        until(lambda: metric(second, 'sink_alerts_settled_total{outcome="accepted"}') > 0, "the second one's work")
        assert first.stop() == 0
        until_settled(broker, topic)

    assert_whole(skyportal, alerts)
    assert overlaps(skyportal.control.requests()) == []
    assert letters(broker, topic) == []


@pytest.mark.parametrize(
    ("kind", "options", "least_s", "shared"),
    [
        pytest.param("slow", {"delay": 6, "count": 1}, 0, False, id="answered in time"),
        pytest.param("hang", {}, 9, True, id="never answered"),
    ],
)
def test_partitions_are_given_away_when_their_request_is_answered_or_after_some_seconds(
    kind: str,
    options: dict[str, Any],
    least_s: float,
    shared: bool,  # noqa: FBT001  # a table
    broker: str,
    topic: str,
    skyportal: SkyPortal,
) -> None:
    alerts = some_alerts(40, objects=40)
    settings = environment(broker, topic, skyportal, SINK_CONCURRENCY="1", SINK_COLLECT_S="2")
    create_topic(broker, topic, 4)
    publish_records(broker, topic, alerts)
    fault = skyportal.control.fault(kind, method="PUT", **options)

    with running_sink(settings) as first, ExitStack() as stack:
        until(lambda: answered(skyportal, fault) > 0, "the request that takes its time")
        began = time.monotonic()
        second = stack.enter_context(running_sink(settings))
        until_ready(second)
        until(lambda: " revoked partitions=" in first.output, "the first sink giving partitions away")
        assert least_s < time.monotonic() - began
        met = [one for one in skyportal.control.requests() if one["fault"] == kind]
        assert any(one["duration"] is None for one in met) == shared
        assert "skyportal is away" not in first.output, "the request was waited for as long as it takes"
        assert asked(first, "/healthz") == (200, "ok\n")
        until_assigned(second)
        skyportal.control.mend()
        publish_records(broker, topic, some_alerts(40, first=40, objects=40))
        until_settled(broker, topic)

    assert_whole(skyportal, some_alerts(80, objects=40))
    assert bool(overlaps(skyportal.control.requests())) <= shared


def test_a_sink_that_is_asked_to_stop_in_an_outage_leaves_at_once_and_loses_nothing(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(60)
    settings = environment(broker, topic, skyportal)

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:30])
        until_settled(broker, topic)
        skyportal.control.fault("outage")
        publish_records(broker, topic, alerts[30:])
        until_unready(sink, "skyportal")
        assert sink.stop(LEAVING_S) == 0
        assert "Traceback" not in sink.output

    skyportal.control.mend()
    skyportal.control.mend()
    with running_sink(settings):
        until_settled(broker, topic)
    assert_whole(skyportal, alerts)


def test_a_sink_whose_requests_hang_leaves_within_the_time_that_a_pod_has(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(10)

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        fault = skyportal.control.fault("hang")
        publish_records(broker, topic, alerts)
        until(lambda: answered(skyportal, fault) > 0, "a request that hangs")
        assert sink.stop(LEAVING_S) == 0

    skyportal.control.mend()
    with running_sink(environment(broker, topic, skyportal)):
        until_settled(broker, topic)
    assert_whole(skyportal, alerts)


def test_a_range_that_is_gone_from_the_topic_is_said_and_the_rest_is_delivered(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(30)
    settings = environment(broker, topic, skyportal)
    create_topic(broker, topic)
    publish_records(broker, topic, alerts[:10])
    with running_sink(settings) as sink:
        until_settled(broker, topic)
        assert sink.stop() == 0
    publish_records(broker, topic, alerts[10:])
    admin = AdminClient({"bootstrap.servers": broker})
    for future in admin.delete_records([TopicPartition(topic, 0, 15)]).values():
        future.result(PATIENCE_S)

    with running_sink(settings) as sink:
        until_settled(broker, topic)
        assert f"lost a range: topic={topic} partition=0 holds the offsets 15.." in sink.output

    assert_whole(skyportal, [*alerts[:10], *alerts[15:]])


def test_a_topic_that_ends_before_what_was_read_of_it_is_said_and_read_from_its_beginning(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(12)
    create_topic(broker, topic)
    publish_records(broker, topic, alerts)
    commit(broker, topic, f"sink-{topic}", 1000)

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_settled(broker, topic)
        assert (
            f"lost a range: topic={topic} partition=0 holds the offsets 0..12, but was read up to 1000" in sink.output
        )

    assert_whole(skyportal, alerts)


def test_a_topic_that_is_replaced_while_it_is_read_is_said_and_read_on(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(30)
    create_topic(broker, topic)
    admin = AdminClient({"bootstrap.servers": broker})
    group = f"sink-{topic}"

    with running_sink(environment(broker, topic, skyportal)) as sink:
        publish_records(broker, topic, alerts[:20])
        until(lambda: committed(broker, topic, group) == {0: 20}, "the first topic being settled")
        sink.freeze()  # so that it never sees that there is no topic
        admin.delete_topics([topic])[topic].result(PATIENCE_S)
        until(lambda: not partitions_of(broker, topic), "the topic being gone")
        create_topic(broker, topic)
        sink.thaw()
        publish_records(broker, topic, alerts[20:])
        until(lambda: committed(broker, topic, group) == {0: 10}, "the second topic being settled")
        assert f"lost a range: topic={topic} partition=0" in sink.output

    assert_whole(skyportal, alerts)


def test_a_topic_that_is_missing_for_a_while_and_made_anew_is_said_and_its_end_committed(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(30)
    create_topic(broker, topic)
    admin = AdminClient({"bootstrap.servers": broker})
    group = f"sink-{topic}"

    with running_sink(environment(broker, topic, skyportal)) as sink:
        publish_records(broker, topic, alerts[:20])
        until(lambda: committed(broker, topic, group) == {0: 20}, "the first topic being settled")
        admin.delete_topics([topic])[topic].result(PATIENCE_S)
        until(lambda: re.search(r" (lost|revoked) partitions=\[0\]", sink.output) is not None, "the loss being seen")
        create_topic(broker, topic)
        publish_records(broker, topic, alerts[20:])
        until(lambda: committed(broker, topic, group) == {0: 10}, "the second topic being settled")
        assert f"lost a range: topic={topic} partition=0" in sink.output

    assert_whole(skyportal, alerts)


def test_a_record_of_a_newer_version_waits_for_a_newer_sink_and_stops_its_partition_only(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(60)
    newer = skyportal_alert(obj_id="ZTF26aa00003")

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:20])
        until_settled(broker, topic)
        publish(broker, topic, [(newer.obj_id.encode(), container(newer, version=2))])
        until_unready(sink, "partition [0-3], offset .*a record of version 2: .*Install a fink-skyportal that reads")
        (blocked,) = {
            number
            for number, end in ends(broker, topic).items()
            if committed(broker, topic, f"sink-{topic}").get(number) != end
        }
        stopped_at = committed(broker, topic, f"sink-{topic}").get(blocked)
        publish_records(broker, topic, alerts[20:])
        until(
            lambda: all(
                committed(broker, topic, f"sink-{topic}").get(number) == end
                for number, end in ends(broker, topic).items()
                if number != blocked
            ),
            "the other partitions being settled",
        )
        assert committed(broker, topic, f"sink-{topic}").get(blocked) == stopped_at
        assert asked(sink, "/healthz")[0] == 200
        assert_never_left_the_group(sink)
        assert letters(broker, topic) == []


def test_a_sink_with_little_memory_pauses_and_delivers_all_the_same(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(500, objects=170)
    most = 0.0

    with running_sink(environment(broker, topic, skyportal, SINK_IN_FLIGHT_MIB="0.05", SINK_COLLECT_S="0")) as sink:
        until_ready(sink)
        fault = skyportal.control.fault("database_down")
        publish_records(broker, topic, alerts)
        until(lambda: answered(skyportal, fault) >= 4, "several failures")
        most = metric(sink, "sink_in_flight_alerts")
        assert 0 < most < 250
        skyportal.control.mend()
        until_settled(broker, topic)
        until_nothing_is_in_flight(sink)

    assert_whole(skyportal, alerts)
