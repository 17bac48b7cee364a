"""Sinks that come, go and die: the newest alert wins all the same."""

import re
import zlib
from collections.abc import Sequence
from contextlib import ExitStack

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from support.kafka import committed, create_topic, ends, publish_records, until
from support.processes import Command
from support.records import AMBIGUOUS, MJD, SUPERNOVA, light_curve, whole_alert
from support.rounds import Rounds
from support.sink import environment, letters, metric, running_sink, until_assigned, until_settled
from support.skyportal import answered
from support.whole import assert_whole

PARTITIONS = 4


def alert_of(obj_id: str, day: int) -> SkyPortalAlert:
    """Return the alert of a night; classes change from night to night."""
    name = (SUPERNOVA, AMBIGUOUS)[day % 2]
    return whole_alert(
        day,
        obj_id=obj_id,
        observed_at=instant(MJD + day),
        photometry=light_curve(20.5 + day, 18.25, None, mjd=MJD + day),
        classifications=(Classification(name=name, probability=0.8, origin="fink_filters"),),
    )


def shuffled(alerts: Sequence[SkyPortalAlert]) -> list[SkyPortalAlert]:
    """Return ``alerts`` in an order that has nothing to do with theirs, and is the same in every run."""
    return sorted(alerts, key=lambda one: zlib.crc32(f"{one.obj_id}{one.alert_id}".encode()))


def of_partitions(alerts: Sequence[SkyPortalAlert], partitions: Sequence[int]) -> list[SkyPortalAlert]:
    return [one for one in alerts if zlib.crc32(one.obj_id.encode()) % PARTITIONS in partitions]


def annotated(skyportal: SkyPortal) -> dict[str, str]:
    """Return which alert each object's annotation is from."""
    return {row["obj_id"]: row["data"]["alert_id"] for row in skyportal.control.state()["annotations"]}


def is_committed(broker: str, topic: str, partition: int) -> bool:
    return committed(broker, topic, f"sink-{topic}").get(partition) == ends(broker, topic).get(partition)


def work_of(sink: Command) -> float:
    return metric(sink, 'sink_alerts_settled_total{outcome="accepted"}')


def test_alerts_in_any_order_end_as_the_newest_while_sinks_join_die_and_leave(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = shuffled([alert_of(f"ZTF26aa{number:05d}", day) for number in range(24) for day in range(6)])
    settings = environment(broker, topic, skyportal)
    create_topic(broker, topic, PARTITIONS)

    with ExitStack() as stack:
        first = stack.enter_context(running_sink(settings))
        until_assigned(first)
        publish_records(broker, topic, alerts[:48])
        second = stack.enter_context(running_sink(settings))
        until_assigned(second)
        publish_records(broker, topic, alerts[48:96])
        until(lambda: work_of(second) > 0, "the second one's work")
        first.kill()
        third = stack.enter_context(running_sink(settings))
        publish_records(broker, topic, alerts[96:120])
        until_assigned(third)
        publish_records(broker, topic, alerts[120:])  # the second one may have had all the others by itself
        until(lambda: work_of(third) > 0, "the third one's work")
        assert second.stop() == 0
        until_settled(broker, topic)

    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def test_what_was_known_when_a_partition_went_away_is_not_used_in_rounds_after_it_has_come_back(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    ours, theirs = Rounds(broker, topic, skyportal), Rounds(broker, topic, skyportal)
    alerts = {day: alert_of("ZTF26aamcbly", day) for day in (0, 1, 3, 5)}
    ours.deliver(alerts[0])

    def away() -> None:
        ours.lose()
        theirs.deliver(alerts[1], alerts[5])

    stuck = alert_of("ZTF26stuck", 0)
    ours.deliver_while(away, stuck, alerts[1], method="GET", path="/api/sources/ZTF26stuck")
    ours.deliver(alerts[3], stuck)

    assert ours.settled
    assert_whole(skyportal, [stuck, *alerts.values()])


def test_what_was_known_of_a_partition_is_not_used_when_it_comes_back(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    stuck = "ZTF26stuck"
    shard = zlib.crc32(stuck.encode()) % 16
    names = [name for number in range(12) if zlib.crc32((name := f"ZTF26aa{number:05d}").encode()) % 16 != shard]
    nights = {day: [alert_of(name, day) for name in names] for day in (0, 1, 2, 5)}
    settings = environment(broker, topic, skyportal, SINK_CONCURRENCY="1")
    create_topic(broker, topic, PARTITIONS)

    with running_sink(settings) as first:
        publish_records(broker, topic, nights[0])
        until_settled(broker, topic)
        fault = skyportal.control.fault("hang", method="GET", path=f"/api/sources/{stuck}")
        publish_records(broker, topic, [alert_of(stuck, 0), *nights[1]])
        until(lambda: answered(skyportal, fault) > 0, "the question that is not answered")
        with running_sink(settings | {"SINK_CONCURRENCY": "16"}) as second:
            until_assigned(second)
            (moved,) = re.findall(r" assigned partitions=\[([\d, ]+)\]", second.output)
            theirs = [int(number) for number in moved.split(", ")]
            publish_records(broker, topic, nights[5])
            newest = {one.obj_id: one.alert_id for one in of_partitions(nights[5], theirs)}
            until(lambda: newest.items() <= annotated(skyportal).items(), "the second one's work")
            passed = set(theirs) - {zlib.crc32(stuck.encode()) % PARTITIONS}
            until(lambda: all(is_committed(broker, topic, number) for number in passed), "its commits")
            assert second.stop() == 0
        until(lambda: f" assigned partitions=[{moved}]" in first.output, "the partitions to come back")
        publish_records(broker, topic, nights[2])
        waiting = [*nights[2], *of_partitions(nights[5], sorted(set(range(PARTITIONS)) - set(theirs)))]
        until(lambda: metric(first, "sink_in_flight_alerts") >= len(waiting), "the older alerts")
        skyportal.control.mend()
        until_settled(broker, topic)

    assert_whole(skyportal, [alert_of(stuck, 0), *nights[0], *nights[1], *nights[2], *nights[5]])
    assert letters(broker, topic) == []
