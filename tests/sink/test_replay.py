"""Replay: what was delivered before is delivered again, once, and of the objects that are meant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from confluent_kafka.admin import AdminClient

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, instant
from sink.replay.forewords import before
from sink.replay.report import Report
from sink.replay.selection import Selection
from sink.replay.window import Unreplayable
from support.kafka import PATIENCE_S, commit, committed, create_topic, partitions_of, publish, publish_records, until
from support.patience import wait_for_busy_brokers
from support.records import AMBIGUOUS, MJD, skyportal_alert, some_alerts, whole_alert
from support.replay import Replays, delete_below, long_ago, publish_passed, selection
from support.rounds import Rounds
from support.sink import letters
from support.skyportal import accepted, answered
from support.whole import assert_whole

OBJECT, OTHER = "ZTF26aamcbly", "ZTF26aother"


@pytest.fixture
def replays(broker: str, topic: str, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch) -> Replays:
    wait_for_busy_brokers(monkeypatch)
    return Replays(broker, topic, skyportal)


def test_what_skyportal_has_lost_comes_back_once(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    alerts = [whole_alert(day, obj_id=obj_id) for day in range(3) for obj_id in (OBJECT, OTHER)]
    publish_passed(broker, topic, alerts)

    report = replays.run()

    assert report.is_well
    assert (report.counts.selected, report.counts.accepted, report.window.left) == (6, 6, 0)
    assert_whole(skyportal, alerts)


def test_what_skyportal_has_stays_and_an_older_annotation_does_not_replace_a_newer_one(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    old, new = whole_alert(0), whole_alert(1)
    Rounds(broker, topic, skyportal).deliver(old, new)
    publish_passed(broker, topic, [old])
    before_it = max(one["number"] for one in skyportal.control.requests())

    assert replays.run().is_well

    assert_whole(skyportal, [old, new])
    writes = [one["path"] for one in skyportal.control.requests(before_it) if one["method"] != "GET"]
    assert writes == ["/api/candidates", "/api/photometry"]


MEANT = {
    "all": (selection(), {"a", "b", "c", "d"}),
    "an object": (selection(objects=frozenset({OTHER})), {"c", "d"}),
    "two objects": (selection(objects=frozenset({OTHER, OBJECT})), {"a", "b", "c", "d"}),
    "a topic": (selection(topics=("fink_early_sn_candidates_ztf",)), {"b", "d"}),
    "a glob": (selection(topics=("fink_early_*", "nothing")), {"b", "d"}),
    "the time of the detection": (selection(observed_since=instant(MJD + 1)), {"c", "d"}),
    "all of it": (
        selection(objects=frozenset({OTHER}), topics=("fink_sn_*",), observed_since=instant(MJD + 1)),
        {"c"},
    ),
    "nothing": (selection(topics=("fink_grb_bronze",)), set()),
}


@pytest.mark.parametrize("meant", MEANT)
def test_only_what_is_meant_is_sent(
    meant: str, broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    early = "fink_early_sn_candidates_ztf"
    alerts = {
        "a": whole_alert(0, obj_id=OBJECT),
        "b": whole_alert(0.5, obj_id=OBJECT, topic=early),
        "c": whole_alert(1, obj_id=OTHER),
        "d": whole_alert(2, obj_id=OTHER, topic=early),
    }
    publish_passed(broker, topic, alerts.values())
    wanted, names = MEANT[meant]

    report = replays.run(wanted)

    assert report.is_well
    assert report.counts.selected == report.counts.accepted == len(names)
    assert report.done == report.total == 4
    assert_whole(skyportal, [alerts[name] for name in names])


def test_the_window_is_the_time_at_which_records_were_appended(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    alerts = some_alerts(6, objects=6)
    create_topic(broker, topic)
    for number, hours_ago in enumerate((9, 5, 1)):
        publish_records(broker, topic, alerts[2 * number : 2 * number + 2], hours_ago=hours_ago)
    commit(broker, topic, f"sink-{topic}", 6)

    report = replays.run(Selection(since=long_ago(hours=7), until=long_ago(hours=3)))

    assert report.total == 2
    assert_whole(skyportal, alerts[2:4])


def test_what_the_live_sinks_have_not_passed_is_left_to_them(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    alerts = some_alerts(10, objects=10)
    publish_passed(broker, topic, alerts)
    commit(broker, topic, f"sink-{topic}", 7)

    report = replays.run()

    assert (report.total, report.window.left) == (7, 3)
    assert "3 more are left to the live sinks, which have not passed them yet" in before(
        selection(), report.window, report.plan
    )
    assert_whole(skyportal, alerts[:7])
    assert committed(broker, topic, f"sink-{topic}") == {0: 7}


def test_there_is_nothing_to_replay_before_a_sink_has_passed_anything(
    broker: str, topic: str, replays: Replays
) -> None:
    with pytest.raises(Unreplayable, match=f"there is no topic {topic}"):
        replays.look(selection())
    create_topic(broker, topic)
    publish_records(broker, topic, some_alerts(3))

    with pytest.raises(Unreplayable, match="has passed nothing of the topic"):
        replays.look(selection())


def test_a_replay_that_was_stopped_goes_on_with_the_same_window(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    alerts = some_alerts(120, objects=120)
    wanted = selection()
    publish_passed(broker, topic, alerts)
    fault = skyportal.control.fault("hang", obj_id=alerts[60].obj_id)  # of the second round, or of a later one

    def stop_amid_a_round(_report: Report) -> None:
        if answered(skyportal, fault):
            replays.stop.set()
            skyportal.control.mend()

    replays.turned = stop_amid_a_round

    first = replays.run(wanted)
    replays.turned = lambda _report: None
    publish_records(broker, topic, some_alerts(5, first=500, objects=1000))
    commit(broker, topic, f"sink-{topic}", 125)
    second = replays.run(wanted)

    assert not first.is_done
    assert 0 < first.done < 120
    assert second.plan.is_resumed
    assert 0 < second.plan.done <= first.done
    assert second.total == 120
    assert second.counts.accepted == 120 - second.plan.done
    assert second.is_well
    assert_whole(skyportal, alerts)


def test_a_replay_that_is_asked_for_again_begins_anew(broker: str, topic: str, replays: Replays) -> None:
    publish_passed(broker, topic, some_alerts(5, objects=5))
    wanted = selection()

    first, second, other = replays.run(wanted), replays.run(wanted), replays.run(selection(topics=("fink_*",)))

    assert (first.plan.was_finished, second.plan.was_finished, other.plan.was_finished) == (False, True, False)
    assert [one.counts.accepted for one in (first, second, other)] == [5, 5, 5]
    assert "the same was replayed before, to its end: it begins anew" in before(wanted, second.window, second.plan)


def test_a_topic_of_the_same_name_is_another_window(broker: str, topic: str, replays: Replays) -> None:
    publish_passed(broker, topic, some_alerts(50, objects=50))
    wanted = selection()
    replays.turned = lambda report: replays.stop.set() if report.counts.accepted else None
    replays.run(wanted)
    admin = AdminClient({"bootstrap.servers": broker})
    admin.delete_topics([topic])[topic].result(PATIENCE_S)
    until(lambda: not partitions_of(broker, topic), "the topic being gone")  # it takes the offsets of groups with it
    create_topic(broker, topic)
    publish_records(broker, topic, some_alerts(3, objects=3))
    commit(broker, topic, f"sink-{topic}", 3)
    replays.turned = lambda _report: None

    report = replays.run(wanted)

    assert not report.plan.is_resumed
    assert report.is_well
    assert report.counts.accepted == 3


def test_what_was_deleted_from_the_topic_is_said(broker: str, topic: str, replays: Replays) -> None:
    publish_passed(broker, topic, some_alerts(5, objects=5), hours_ago=2)
    publish_records(broker, topic, some_alerts(5, first=5, objects=10))
    commit(broker, topic, f"sink-{topic}", 10)
    delete_below(broker, topic, 5)

    cut, kept = replays.run(selection(since=long_ago(hours=3))), replays.run(selection(since=long_ago(minutes=-1)))

    assert cut.total == 5
    assert any("the local topic keeps nothing from before" in one for one in before(selection(), cut.window, cut.plan))
    assert kept.window.kept_since is None


def test_a_window_before_skyportals_purge_is_warned_of(broker: str, topic: str, replays: Replays) -> None:
    publish_passed(broker, topic, some_alerts(1))
    wanted = selection(since=long_ago(days=8))
    window, plan = replays.look(wanted)

    assert any("purges objects 7 days after" in one for one in before(wanted, window, plan))
    assert not any("purges" in one for one in before(selection(), window, plan))


def test_what_is_refused_is_one_dead_letter_and_is_said(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    alerts = [*some_alerts(1, obj_id=OTHER), *some_alerts(80, first=1, objects=200)]
    publish_passed(broker, topic, alerts)
    skyportal.control.fault("reject", obj_id=OTHER, path="/api/candidates", message="Not this one.")

    first = replays.run()
    second = replays.run()

    for report in (first, second):
        assert (report.counts.accepted, report.counts.rejected, report.is_well) == (80, 1, False)
        (complaint,) = report.complaints()
        assert "ZTF26aother (partition 0, offset 0)" in complaint
        assert "Not this one." in complaint
    assert {(letter.topic, letter.partition, letter.offset) for _, letter in letters(broker, topic)} == {(topic, 0, 0)}
    assert_whole(skyportal, alerts[1:])


def test_a_refusal_that_nothing_can_be_compared_with_ends_all_the_same(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    publish_passed(broker, topic, [skyportal_alert(obj_id=OTHER)])
    skyportal.control.fault("reject", obj_id=OTHER, path="/api/candidates", message="Not this one.")

    report = replays.run()

    assert report.is_done
    assert (report.counts.accepted, report.counts.rejected) == (0, 1)
    assert "Not this one." in report.complaints()[0]
    assert letters(broker, topic) == []


def test_what_is_no_record_is_counted_and_passed(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    alerts = some_alerts(3, objects=3)
    publish_passed(broker, topic, alerts)
    publish(broker, topic, [(b"key", b"no record"), (b"key", None)])
    publish_records(broker, topic, [skyportal_alert(ra=400.0)])
    commit(broker, topic, f"sink-{topic}", 6)

    report = replays.run()

    assert report.is_well
    assert (report.counts.accepted, report.counts.unusable, report.done) == (3, 3, 6)
    assert letters(broker, topic) == []
    assert_whole(skyportal, alerts)


def test_the_routes_of_now_hold_and_what_they_do_not_take_is_skipped(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays, tmp_path: Path
) -> None:
    taken = whole_alert(0)
    others = [whole_alert(1, topic="fink_grb_bronze"), whole_alert(2, is_solar_system=True)]
    publish_passed(broker, topic, [taken, *others])
    routes = tmp_path / "routes.toml"
    routes.write_text('[[route]]\ntopic = "fink_sn_candidates_ztf"\nparts = ["candidate"]\n')

    report = replays.run(routes=routes)

    assert report.is_well
    assert (report.counts.accepted, report.counts.skipped) == (1, 2)
    assert_whole(skyportal, [taken], routes=routes)


def test_an_outage_is_waited_for_and_said(broker: str, topic: str, skyportal: SkyPortal, replays: Replays) -> None:
    alerts = some_alerts(60, objects=60)
    publish_passed(broker, topic, alerts)
    fault = skyportal.control.fault("database_down", after=70)
    said = []

    def turned(report: Report) -> None:
        said.append(report.line())
        if "skyportal: " in said[-1]:
            skyportal.control.mend()

    replays.turned = turned
    report = replays.run()

    assert answered(skyportal, fault) > 0
    assert report.is_well
    assert any("; skyportal: " in line for line in said)
    assert_whole(skyportal, alerts)


def test_a_retention_that_ends_amid_a_replay_is_said_and_the_rest_goes_on(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    replays = Replays(broker, topic, skyportal, SINK_IN_FLIGHT_MIB="0.05")
    alerts = some_alerts(500, objects=30, annotations={"padding": np.random.default_rng(1).bytes(60_000).hex()})
    publish_passed(broker, topic, alerts)
    deleted = False

    def turned(_report: Report) -> None:
        nonlocal deleted
        if accepted(skyportal) and not deleted:
            deleted = True
            delete_below(broker, topic, 490)

    replays.turned = turned

    report = replays.run()

    assert report.is_done
    assert report.counts.reading.lost > 0
    assert report.counts.accepted + report.counts.reading.lost == 500


def test_nothing_of_an_object_is_sent_while_the_live_sinks_have_a_newer_alert_of_it_at_hand(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    old, new = whole_alert(0), whole_alert(1)
    other = whole_alert(0, obj_id=OTHER)
    publish_passed(broker, topic, [old, other])
    publish_records(broker, topic, [new])
    live = Rounds(broker, topic, skyportal)
    sent_early = []

    def turned(report: Report) -> None:
        if not sent_early and "wait until the live sinks have passed newer ones" in report.line():
            sent_early.append([one for one in skyportal.control.requests() if OBJECT in one["obj_ids"]])
            live.deliver(new)
            commit(broker, topic, f"sink-{topic}", 3)

    replays.turned = turned

    report = replays.run()

    assert report.is_well
    assert report.counts.accepted == 2
    assert sent_early == [[]]
    assert_whole(skyportal, [old, new, other])


HELD = {
    "annotation": {"method": "PUT", "path": f"/api/sources/{OBJECT}/annotations"},
    "class": {"method": "PUT", "path": "/api/classification"},
    "first class": {"method": "POST", "path": "/api/classification"},
}


@pytest.mark.parametrize("held", HELD)
def test_a_newer_alert_that_the_live_sinks_deliver_amid_a_round_wins(
    held: str, broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    oldest, new = whole_alert(0), whole_alert(2)
    old = whole_alert(1, classifications=(Classification(name=AMBIGUOUS, probability=0.2, origin="fink_filters"),))
    if held == "first class":
        oldest = replace(oldest, classifications=())
    live = Rounds(broker, topic, skyportal)
    live.deliver(oldest)
    publish_passed(broker, topic, [old])
    fault = skyportal.control.fault("hang", count=1, **HELD[held])
    came = False

    def turned(_report: Report) -> None:
        nonlocal came
        if not came and answered(skyportal, fault):
            came = True
            publish_records(broker, topic, [new])
            live.deliver(new)
            commit(broker, topic, f"sink-{topic}", 2)
            skyportal.control.mend()

    replays.turned = turned

    report = replays.run()

    assert came
    assert report.is_well
    assert_whole(skyportal, [oldest, old, new])
    assert report.beside.redelivered == 1


def test_times_of_a_selection_are_read_back_as_they_were() -> None:
    wanted = selection(until=long_ago(minutes=1) + timedelta(milliseconds=5), topics=("fink_*",))

    assert wanted.options()[0::2] == ["--since", "--until", "--topic"]
    assert wanted.options()[3].endswith(".005Z")
    assert wanted.group("live", "a") != wanted.group("live", "b")


@pytest.mark.parametrize("since", [datetime(1960, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)])
def test_a_time_before_kafkas_own_means_everything(since: datetime, broker: str, topic: str, replays: Replays) -> None:
    publish_passed(broker, topic, some_alerts(3))

    window, _plan = replays.look(selection(since=since))

    assert window.records == 3


def test_what_the_live_sinks_have_written_between_two_rounds_is_seen(
    broker: str, topic: str, skyportal: SkyPortal, replays: Replays
) -> None:
    first, second, new = (whole_alert(day) for day in (0, 1, 2))
    others = some_alerts(110, objects=110)
    publish_passed(broker, topic, [first, *others, second])
    fault = skyportal.control.fault("hang", count=1, obj_id=others[60].obj_id)
    live = Rounds(broker, topic, skyportal)
    came = False

    def turned(_report: Report) -> None:
        nonlocal came
        if not came and answered(skyportal, fault):
            came = True
            publish_records(broker, topic, [new])
            live.deliver(new)
            commit(broker, topic, f"sink-{topic}", 113)
            skyportal.control.mend()

    replays.turned = turned

    assert replays.run().is_well
    assert came
    assert_whole(skyportal, [first, second, new, *others])
