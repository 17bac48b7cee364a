"""Sinks that die, come, go and freeze while the newest alerts go before a backlog: nothing is lost, the newest wins."""

from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from support.kafka import committed, create_topic, publish_records, until
from support.live_lane import (
    alert_of,
    backlog_of,
    far_behind,
    notes,
    shown,
    tonights,
    until_ahead,
    until_behind,
    until_live_flows,
)
from support.processes import Command
from support.sink import letters, metric, running_sink, until_assigned, until_dealt_with, until_settled
from support.skyportal import answered, overlaps
from support.whole import assert_whole

PARTITIONS = 4
BACKLOG = backlog_of(30)
MORE = backlog_of(0, others=300)[200:]
"""Of the same night: what one sink leaves to the next, however much it delivers until it is killed."""
EARLY = tonights(15, 45)
"""Half of them are of objects of the backlog, of which the sink has not read anything yet."""
LATE = tonights(45, 60)
EVERYTHING = [*BACKLOG, *EARLY, *LATE]


def work_of(sink: Command) -> float:
    return metric(sink, 'sink_alerts_settled_total{outcome="accepted"}')


def publish_backlog(broker: str, topic: str, skyportal: SkyPortal, backlog: Sequence[SkyPortalAlert] = BACKLOG) -> int:
    """Let the sinks be far behind, and SkyPortal slow; return the fault's id."""
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, backlog, hours_ago=8)
    return skyportal.control.fault("slow", delay=0.06)


def assert_all_is_well(broker: str, topic: str, skyportal: SkyPortal, alerts: list[SkyPortalAlert]) -> None:
    """See that every alert arrived once, and that nothing is left to do or to remember."""
    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []
    assert set(notes(broker, topic).values()) == {""}


def until_all_wait(skyportal: SkyPortal, *, workers: int) -> None:
    """Let SkyPortal keep a request of each worker.

    Nobody can call back what a process was about to send when it was frozen, after its last look at what is still its.
    """
    skyportal.control.fault("hang")

    def all_wait() -> bool:
        kept = [one for one in skyportal.control.requests() if one["fault"] == "hang" and one["obj_ids"]]
        return len(kept) == workers

    until(all_wait, "a request of each worker")


@pytest.mark.parametrize("moments", [("opened",), ("ahead", "more")])
def test_a_sink_that_is_killed_while_it_reads_ahead_loses_and_doubles_nothing(
    moments: tuple[str, ...], broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = far_behind(broker, topic, skyportal)
    more = MORE if len(moments) > 1 else []
    publish_backlog(broker, topic, skyportal, [*BACKLOG, *more])
    published = False
    pilots: list[SkyPortalAlert] = []

    for moment in moments:
        with running_sink(settings) as sink:
            until_behind(sink)
            if moment != "opened" and not published:
                pilots += until_ahead(broker, topic, skyportal)
                publish_records(broker, topic, EARLY)
                published = True
            if moment == "ahead":
                until(lambda: shown(skyportal, EARLY) > 3, "some of tonight's alerts")
            elif moment == "more":
                publish_records(broker, topic, LATE)
                until(lambda: shown(skyportal, LATE) > 3, "more of them")
            sink.kill()
    skyportal.control.mend()
    publish_records(broker, topic, [] if published else EARLY)
    publish_records(broker, topic, [] if "more" in moments else LATE)
    with running_sink(settings):
        until_settled(broker, topic)

    assert_all_is_well(broker, topic, skyportal, [*EVERYTHING, *more, *pilots])


def test_what_was_delivered_ahead_and_committed_is_not_delivered_again(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    backlog = [*BACKLOG, *(alert_of(2_000 + number, 0) for number in range(90))]  # it lasts until the sink is killed
    create_topic(broker, topic)
    publish_records(broker, topic, backlog, hours_ago=8)
    skyportal.control.fault("slow", delay=0.06)
    group = f"sink-{topic}"

    with running_sink(far_behind(broker, topic, skyportal)) as sink:
        until_behind(sink)
        pilots = until_ahead(broker, topic, skyportal)
        publish_records(broker, topic, EARLY)
        until(lambda: len(noted(broker, topic)) >= 10, "a note of some that were delivered ahead")
        sink.kill()
    published = [*backlog, *pilots, *EARLY]
    known = {published[offset].obj_id for offset in noted(broker, topic)}
    assert known
    assert committed(broker, topic, group)[0] < len(backlog)
    before = max(one["number"] for one in skyportal.control.requests())
    skyportal.control.mend()
    with running_sink(far_behind(broker, topic, skyportal)):
        until_settled(broker, topic)

    later = [one for one in skyportal.control.requests(since=before) if one["path"] == "/api/candidates"]
    again = known.intersection(name for one in later for name in one["obj_ids"])
    assert again <= {alert.obj_id for alert in backlog}
    assert len(known) > len(again), "nothing noted but objects that are in the backlog too"
    assert_all_is_well(broker, topic, skyportal, published)


def noted(broker: str, topic: str) -> list[int]:
    """Return the offsets of the only partition that were noted as delivered ahead."""
    runs = [run.split("-") for run in notes(broker, topic).get(0, "").removeprefix("ahead=").split(",") if run]
    return [offset for first, end in runs for offset in range(int(first), int(end))]


def test_a_sink_that_joins_and_one_that_leaves_share_the_backlog_and_tonights_alerts(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = far_behind(broker, topic, skyportal)
    publish_backlog(broker, topic, skyportal)

    with running_sink(settings) as first, ExitStack() as stack:
        pilots = until_live_flows(first, broker, topic, skyportal, EARLY)
        second = stack.enter_context(running_sink(settings))
        until_assigned(second)
        publish_records(broker, topic, LATE)
        until(lambda: work_of(second) > 0, "the second one's work")
        assert first.stop() == 0
        skyportal.control.mend()
        until_settled(broker, topic)

    assert_all_is_well(broker, topic, skyportal, [*EVERYTHING, *pilots])
    assert overlaps(skyportal.control.requests()) == []


def test_a_sink_that_stood_still_while_it_read_ahead_overwrites_nothing(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = far_behind(broker, topic, skyportal)
    publish_backlog(broker, topic, skyportal)

    with running_sink(settings) as first:
        pilots = until_live_flows(first, broker, topic, skyportal, EARLY)
        until_all_wait(skyportal, workers=int(settings["SINK_CONCURRENCY"]))
        first.freeze()
        skyportal.control.mend()
        until_dealt_with(skyportal)
        with running_sink(settings) as second:
            until_assigned(second)
            publish_records(broker, topic, LATE)
            until_settled(broker, topic)
            first.thaw()
            until(lambda: " lost partitions=" in first.output, "the first one to see that it was left out")
            assert second.stop() == 0
        until_settled(broker, topic)

    assert_all_is_well(broker, topic, skyportal, [*EVERYTHING, *pilots])


def test_an_outage_while_it_reads_ahead_in_which_the_sink_is_killed_loses_no_alert(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = far_behind(broker, topic, skyportal, SINK_FRESH_FIRST_S="10", SKYPORTAL_LONGEST_PAUSE_S="0.4")
    slow = publish_backlog(broker, topic, skyportal)

    with running_sink(settings) as first, ExitStack() as stack:
        pilots = until_live_flows(first, broker, topic, skyportal, EARLY)
        outage = skyportal.control.fault("outage")
        skyportal.control.mend(slow)
        publish_records(broker, topic, LATE[:5])  # all the others may be delivered already
        until(lambda: answered(skyportal, outage) > 2, "the outage being met")
        publish_records(broker, topic, LATE[5:])
        until(lambda: answered(skyportal, outage) > 8, "a long outage")
        first.kill()
        stack.enter_context(running_sink(settings))
        skyportal.control.mend()
        skyportal.control.mend()
        until_settled(broker, topic)

    assert_all_is_well(broker, topic, skyportal, [*EVERYTHING, *pilots])
