"""Who takes part in the sink's benchmark delivers everything, and what is lost is noticed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sink import growth as growths
from benchmarks.sink import portal as portals
from benchmarks.sink.account import accepted
from benchmarks.sink.alerts import Sky
from benchmarks.sink.cases import LIVE
from benchmarks.sink.contest import Window, check_delivered, measure
from benchmarks.sink.contestant import Lost, key
from benchmarks.sink.entry import Ready, World, at_once
from benchmarks.sink.ideal import Ideal
from benchmarks.sink.live import live
from benchmarks.sink.portal import ALL, ESSENTIAL
from benchmarks.sink.predecessor import Predecessor
from benchmarks.sink.sinks import Sinks
from benchmarks.sink.together import together
from demo.skyportal.process import SkyPortal
from support.kafka import until

SKY = Sky()
UNHURRIED = {"SKYPORTAL_REQUESTS_PER_SECOND": "0"}


@pytest.fixture(scope="module")
def portal_process() -> Iterator[SkyPortal]:
    with portals.skyportal() as one:
        yield one


@pytest.fixture
def portal(portal_process: SkyPortal) -> SkyPortal:
    portal_process.control.mend()
    portal_process.control.reset()
    portal_process.control.limit(0)
    portal_process.control.service_times(taken=False)
    return portal_process


@pytest.fixture
def world(broker: str, tmp_path: Path) -> World:
    return World(bootstrap_servers=broker, folder=tmp_path, window=Window(warm_up_s=0.1, seconds=0.9, cool_down_s=0.1))


def asked(portal: SkyPortal, since: int = 0) -> Counter[str]:
    """Return how often each endpoint was asked, ids left out."""
    log = [one for one in portal.control.requests() if one["number"] > since]
    names = [
        f"{one['method']} {'/'.join(part for part in one['path'].split('/') if not part[-1:].isdigit())}" for one in log
    ]
    return Counter(names)


def count(portal: SkyPortal, table: str) -> int:
    return int(portal.control.counts()[table])


def test_the_predecessor_sends_seven_requests_for_each_alert(portal: SkyPortal) -> None:
    loop = Predecessor(portal, SKY.new(3))
    set_up = count(portal, "requests")

    loop.start()
    loop.wait()

    names = [f"{one['method']} {one['path']}" for one in portal.control.requests()][set_up:]
    assert len(names) == 3 * 7
    assert names[:7] == [
        "GET /api/instrument",
        "POST /api/sources",
        "POST /api/candidates",
        "PUT /api/photometry",
        "GET /api/taxonomy",
        "GET /api/sources/bench00000000/classifications",
        "POST /api/classification",
    ]
    assert loop.delivered() == set(map(key, SKY.new(3)))
    assert (count(portal, "points"), count(portal, "classifications")) == (3, 3)


def test_the_ideal_loop_introduces_an_object_with_all_its_parts(portal: SkyPortal) -> None:
    loop = Ideal(portal, SKY.new(40))
    before = count(portal, "requests")

    loop.start()
    loop.wait()

    sent = asked(portal, before)
    assert sent["POST /api/candidates"] == sent["GET /api/sources"] == sent["POST /api/sources/annotations"] == 40
    assert sent["POST /api/thumbnail"] == 3 * 40
    assert sent["PUT /api/photometry"] == sent["POST /api/classification"] == 4
    assert loop.delivered() == set(map(key, SKY.new(40)))
    assert count(portal, "points") == 40 * 10


def test_the_ideal_loop_sends_two_requests_for_an_alert_of_a_known_object(portal: SkyPortal) -> None:
    loop = Ideal(portal, SKY.seen_again(80, 40), known=SKY.new(40))
    loop.learn()
    before = portal.control.requests()[-1]["number"]

    loop.start()
    loop.wait()

    assert asked(portal, before) == {
        "POST /api/candidates": 80,
        "PUT /api/sources/annotations": 80,
        "PUT /api/photometry": 4,
    }
    assert count(portal, "points") == 40 * (10 + 2)


def test_no_object_is_in_two_batches_of_the_ideal_loop_at_a_time(portal: SkyPortal) -> None:
    loop = Ideal(portal, SKY.seen_again(300, 30))

    owners = {number: {alert.obj_id for batch in loop.batches(number) for alert in batch} for number in range(4)}

    assert sum(map(len, owners.values())) == len(set().union(*owners.values())) == 30


@pytest.mark.parametrize(("known", "batch"), [(0, 20), (8, 37)])
def test_a_batch_of_the_ideal_loop_is_what_the_limit_lets_pass_in_a_round(
    portal: SkyPortal, known: int, batch: int
) -> None:
    loop = Ideal(portal, (), known=SKY.new(known), limit=5)
    loop.learn()

    assert loop.batch_size == batch


def test_the_sink_delivers_every_part_of_a_backlog(portal: SkyPortal, world: World) -> None:
    alerts = list(SKY.new(4))
    with Sinks(world.place(portal, ALL), alerts, settings=UNHURRIED) as sinks:
        sinks.learn()
        sinks.start()
        sinks.until_settled(len(alerts))
        sinks.stop()
        check_delivered(sinks, portal)
        delivered = sinks.delivered()
        with pytest.raises(Lost, match="ended"):
            sinks.check()

    assert delivered == set(map(key, alerts)) == set(accepted(portal.control.requests()))
    assert (count(portal, "points"), count(portal, "annotations"), count(portal, "thumbnails")) == (40, 4, 12)
    assert count(portal, "classifications") == sum(len(alert.classifications) for alert in alerts)


def test_an_alert_that_is_put_aside_is_noticed(portal: SkyPortal, world: World) -> None:
    unsendable = replace(SKY.alert(0, 0), ra=400.0)
    with Sinks(world.place(portal, ESSENTIAL), [unsendable]) as sinks:
        sinks.learn()
        sinks.start()
        (sink,) = sinks.processes
        until(lambda: sink.metric('sink_dead_letters_total{stage="check"}') == 1, "the dead letter")
        sinks.stop()

        with pytest.raises(Lost, match="1 alerts were put aside"):
            check_delivered(sinks, portal)


def test_an_alert_that_skyportal_does_not_have_is_noticed(portal: SkyPortal) -> None:
    loop = Predecessor(portal, SKY.new(3))
    loop.start()
    loop.wait()
    portal.control.reset()

    with pytest.raises(Lost, match=r"3 \(bench00000000 .*\) of 3 alerts did not reach SkyPortal"):
        check_delivered(loop, portal)


def test_a_contestant_that_is_refused_ends_the_measurement(portal: SkyPortal) -> None:
    loop = Ideal(portal, SKY.new(200))
    portal.control.fault("reject", path="/api/candidates")

    with pytest.raises(Lost, match="Rejected"):
        measure(loop, portal, limit=0, window=Window(warm_up_s=0, seconds=1, cool_down_s=0))
    portal.control.mend()


def test_what_was_learned_before_is_not_counted(portal: SkyPortal) -> None:
    loop = Ideal(portal, SKY.seen_again(300, 100), known=SKY.new(100), limit=5)

    found = measure(loop, portal, limit=5, window=Window(warm_up_s=0, seconds=1, cool_down_s=0))

    assert 0 < found.requests <= 7, "at five a second; fewer where we have stood still"
    assert found.alerts <= found.requests


def test_a_backlog_that_ends_before_the_measurement_is_a_mistake(portal: SkyPortal) -> None:
    with pytest.raises(RuntimeError, match="too short"):
        measure(
            Ideal(portal, SKY.new(4), parts=ESSENTIAL),
            portal,
            limit=0,
            window=Window(warm_up_s=0, seconds=1, cool_down_s=0),
        )


def test_measurements_at_the_same_time_wait_for_each_other() -> None:
    ready: list[str] = []
    begun: list[int] = []

    def measurement(name: str) -> Callable[[Ready], str]:
        def measure_it(wait: Ready) -> str:
            ready.append(name)
            wait()
            begun.append(len(ready))
            return name.upper()

        return measure_it

    assert together({name: measurement(name) for name in "abc"}) == {"a": "A", "b": "B", "c": "C"}
    assert begun == [3, 3, 3]


def test_a_measurement_that_fails_before_it_is_ready_ends_all_of_them() -> None:
    def lose(_: Ready) -> None:
        raise Lost("gone")

    with pytest.raises(Lost, match="gone"):
        together({"waits": lambda ready: ready(), "fails": lose, "waits too": lambda ready: ready()})


def test_objects_are_seen_again_at_other_times_with_one_more_point() -> None:
    first, again = SKY.alert(7, 0), SKY.alert(7, 1)

    assert len(set(map(key, SKY.seen_again(60, 20)))) == 60
    assert again.photometry.mjd[1:] == first.photometry.mjd[:-1]
    assert again.photometry.flux[1:] == first.photometry.flux[:-1]
    assert again.annotations.keys() == first.annotations.keys()
    assert again.annotations != first.annotations
    assert [one.name for one in again.classifications] == [one.name for one in first.classifications]


def test_live_alerts_are_timed_from_the_topic_to_skyportal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.sink.live.APART_S", 0.3)

    line = live(LIVE[0], 0, world, at_once)

    facts: dict[str, Any] = dict(one.split("=") for one in line.split()[2:])
    assert 0 < float(facts["latency_median_s"]) <= float(facts["latency_worst_s"]) < 30


def test_a_sink_that_forgets_objects_is_looked_at_when_it_is_idle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growths, "IDLE_S", 0.1)

    line = growths.growth(world, "by_portions", few=3, many=8, remembered=2)

    facts: dict[str, Any] = dict(one.split("=") for one in line.split()[2:])
    assert float(facts["rss_8_mb"]) / float(facts["rss_3_mb"]) == pytest.approx(float(facts["ratio"]), rel=0.01)
    assert facts["target"] == "1.1"
