"""The newest alerts go before a backlog, whatever is wrong with the topic, the broker or a record meanwhile."""

import zlib

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from demo.kafka import LocalKafka
from demo.skyportal.process import SkyPortal
from support.containers import container
from support.kafka import PATIENCE_S, committed, create_topic, ends, partitions_of, publish, publish_records, until
from support.live_lane import (
    alert_of,
    backlog_of,
    begun,
    far_behind,
    note_something,
    notes,
    read_ahead_of,
    shown,
    tonights,
    until_ahead,
    until_behind,
    until_live_flows,
)
from support.records import skyportal_alert, some_alerts
from support.sink import (
    assert_never_left_the_group,
    letters,
    metric,
    running_sink,
    until_nothing_is_in_flight,
    until_settled,
    until_unready,
)
from support.skyportal import overlaps
from support.whole import assert_whole

PARTITIONS = 4
LIVE = tonights(15, 45)
"""Half of them are of objects of the backlog."""


def part_of(name: str) -> int:
    return zlib.crc32(name.encode()) % PARTITIONS


def test_the_lane_ends_by_itself_though_only_one_partition_has_a_backlog(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    first = some_alerts(40)
    backlog = [one for one in backlog_of(30, others=700) if part_of(one.obj_id) == 0]
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, first, hours_ago=9)
    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until_settled(broker, topic)
        assert sink.stop() == 0
    publish_records(broker, topic, backlog, hours_ago=8)
    skyportal.control.fault("slow", delay=0.06)

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until_behind(sink)
        skyportal.control.mend()
        until_settled(broker, topic)
        until(lambda: not read_ahead_of(sink), "the end of the lane")
        assert begun(sink) == 1, "it was opened and closed and opened"

    assert_whole(skyportal, [*first, *backlog])
    assert set(notes(broker, topic).values()) == {""}


def test_a_broker_that_is_restarted_while_the_sink_reads_ahead_costs_no_alert(topic: str, skyportal: SkyPortal) -> None:
    backlog, late = backlog_of(30), tonights(45, 60)
    with LocalKafka() as kafka:
        broker = kafka.bootstrap_servers
        create_topic(broker, topic, PARTITIONS)
        publish_records(broker, topic, backlog, hours_ago=8)
        skyportal.control.fault("slow", delay=0.06)

        with running_sink(far_behind(broker, topic, skyportal)) as sink:
            pilots = until_live_flows(sink, broker, topic, skyportal, LIVE)
            kafka.kill(0)
            kafka.restart(0)
            publish_records(broker, topic, late)
            skyportal.control.mend()
            until_settled(broker, topic)
        assert letters(broker, topic) == []

    assert_whole(skyportal, [*backlog, *pilots, *LIVE, *late])


def test_a_topic_that_is_replaced_while_the_sink_reads_ahead_is_read_whole(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    late = tonights(45, 60)
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, backlog_of(30), hours_ago=8)
    skyportal.control.fault("slow", delay=0.06)

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until_live_flows(sink, broker, topic, skyportal, LIVE)
        admin = AdminClient({"bootstrap.servers": broker})
        admin.delete_topics([topic])[topic].result(PATIENCE_S)
        until(lambda: not partitions_of(broker, topic), "the topic being gone")
        until(
            lambda: " lost partitions=" in sink.output or " revoked partitions=" in sink.output, "the loss being seen"
        )
        create_topic(broker, topic, PARTITIONS)
        publish_records(broker, topic, late)
        skyportal.control.mend()
        until_settled(broker, topic)

    assert shown(skyportal, late) == len(late)
    assert letters(broker, topic) == []


def test_retention_that_overtakes_the_backlog_is_said_and_the_rest_is_delivered(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    backlog, late = backlog_of(30, others=1_200), tonights(45, 60)  # more than is read before it is deleted
    create_topic(broker, topic)
    publish_records(broker, topic, backlog, hours_ago=8)
    skyportal.control.fault("slow", delay=0.06)

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until_live_flows(sink, broker, topic, skyportal, LIVE)
        admin = AdminClient({"bootstrap.servers": broker})
        for future in admin.delete_records([TopicPartition(topic, 0, len(backlog))]).values():
            future.result(PATIENCE_S)
        publish_records(broker, topic, late)
        skyportal.control.mend()
        until_settled(broker, topic)
        assert 0 < metric(sink, "sink_alerts_expired_total") < len(backlog)

    assert shown(skyportal, [*LIVE, *late]) == len(LIVE) + len(late)
    assert letters(broker, topic) == []


def test_a_record_of_a_newer_version_ahead_keeps_back_nothing_that_is_before_it(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    backlog, late = backlog_of(30), tonights(45, 60)
    newer = skyportal_alert(obj_id=LIVE[0].obj_id)
    theirs = part_of(newer.obj_id)
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, backlog, hours_ago=8)
    skyportal.control.fault("slow", delay=0.06)

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        pilots = until_live_flows(sink, broker, topic, skyportal, LIVE)
        publish(broker, topic, [(newer.obj_id.encode(), container(newer, version=2))])
        until_unready(sink, f"partition {theirs}, offset .*a record of version 2")
        stands_at = ends(broker, topic)[theirs] - 1
        publish_records(broker, topic, late)
        skyportal.control.mend()
        until(
            lambda: committed(broker, topic, f"sink-{topic}") == {**ends(broker, topic), theirs: stands_at},
            "everything before it being settled",
        )
        until_unready(sink, f"partition {theirs}, offset {stands_at}: a record of version 2")
        assert_never_left_the_group(sink)

    assert_whole(skyportal, [*backlog, *pilots, *LIVE, *(one for one in late if part_of(one.obj_id) != theirs)])
    assert letters(broker, topic) == []


def test_what_is_no_record_and_what_is_refused_are_put_aside_once_though_they_are_read_ahead(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    backlog = backlog_of(30)
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, backlog, hours_ago=8)
    slow = skyportal.control.fault("slow", delay=0.06)
    refused = alert_of(70, 1)
    skyportal.control.fault("reject", obj_id=refused.obj_id)

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until_behind(sink)
        pilots = until_ahead(broker, topic, skyportal)
        publish(broker, topic, [(b"ZTF26aabroken", b"no record")])
        publish_records(broker, topic, [refused, *LIVE])
        until(lambda: shown(skyportal, LIVE) == len(LIVE), "tonight's alerts")
        skyportal.control.mend(slow)
        until_settled(broker, topic)

    assert_whole(skyportal, [*backlog, *pilots, *LIVE])
    assert sorted(letter.stage for _message, letter in letters(broker, topic)) == ["decode", "deliver"]


def test_a_sink_with_little_memory_reads_ahead_and_on_all_the_same(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    backlog = backlog_of(10, others=200)
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, backlog, hours_ago=8)
    skyportal.control.fault("slow", delay=0.05)

    with running_sink(far_behind(broker, topic, skyportal) | {"SINK_IN_FLIGHT_MIB": "0.1"}) as sink:
        until_behind(sink)
        pilots = until_ahead(broker, topic, skyportal)
        publish_records(broker, topic, LIVE)
        until_settled(broker, topic)
        until_nothing_is_in_flight(sink)
        assert_never_left_the_group(sink)

    assert_whole(skyportal, [*backlog, *pilots, *LIVE])
    assert overlaps(skyportal.control.requests()) == []
    assert letters(broker, topic) == []


def test_where_it_is_not_wanted_all_goes_in_order(broker: str, topic: str, skyportal: SkyPortal) -> None:
    backlog = backlog_of(10, others=200)
    create_topic(broker, topic)
    publish_records(broker, topic, backlog, hours_ago=8)
    settings = far_behind(broker, topic, skyportal) | {"SINK_FRESH_FIRST_S": "0", "SINK_CONCURRENCY": "1"}

    with running_sink(settings) as sink:
        publish_records(broker, topic, LIVE)
        until_settled(broker, topic)
        assert begun(sink) == 0

    posted = [
        name for one in skyportal.control.requests() if one["path"] == "/api/candidates" for name in one["obj_ids"]
    ]
    assert posted == [alert.obj_id for alert in [*backlog, *LIVE]]
    assert_whole(skyportal, [*backlog, *LIVE])


def test_a_note_that_nobody_can_read_is_no_note(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = some_alerts(10)
    create_topic(broker, topic)
    publish_records(broker, topic, alerts)
    note_something(broker, topic, "ahead=3-5;more=7")

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until(lambda: sink.process.poll() is not None or "assigned" in sink.output, "the assignment")
        assert sink.process.poll() is None, "one note ends every sink that comes"
        until_settled(broker, topic)

    assert_whole(skyportal, alerts)
