"""Routes and the token may be changed while the sink runs: what is in flight goes by what holds now."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.skyportal.directory import BOT_ACLS
from demo.skyportal.process import SkyPortal
from runtime.health import Health
from sink.routing import routes
from sink.routing.directory import Directory, Unroutable
from sink.routing.router import Router
from sink.routing.routes import Routes
from sink.skyportal.connection import LOOK_AGAIN_S
from support.clock import Clock
from support.in_flight import in_flight
from support.kafka import publish_records, until
from support.records import light_curve, skyportal_alert, some_alerts, whole_alert
from support.rounds import Rounds, may_be_tried, second_group
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
from support.skyportal import accepted
from support.whole import assert_whole

REST_S = 30.0
GOOD, OTHER = "fink_sn_candidates_ztf", "fink_yso_candidates_ztf"


def table(*lines: str) -> Routes:
    return routes.parse("\n".join(f"[[route]]\n{line}" for line in lines), Path("routes.toml"))


def get(path: str) -> Any:
    """Answer as a SkyPortal with one filter."""
    return {
        "/api/filters": [{"id": 2, "name": GOOD, "group_id": 7, "stream_id": 1}],
        "/api/groups": {"user_groups": [{"id": 7, "name": "Fink", "single_user_group": True}]},
        "/api/groups/7": {"users": [{"id": 3}]},
        "/api/taxonomy": [],
        "/api/streams": [{"id": 1, "name": "ZTF Public"}],
        "/api/instrument": [{"id": 4, "name": "ZTF"}],
    }[path]


PARTS = 'parts = ["candidate"]'


class Routing:
    """A router whose route of `OTHER` is broken."""

    def __init__(self) -> None:
        self.clock, self.health = Clock(), Health(clock=Clock())
        directory = Directory(stale_after_s=0, clock=self.clock)
        directory.read(get)
        before = table(f"topic = '{OTHER}'\n{PARTS}", f"topic = '*'\n{PARTS}")
        self.router = Router(before, directory, health=self.health, rest_s=REST_S, clock=self.clock)
        self.health.ready("start")
        with pytest.raises(Unroutable):
            self.to(OTHER)
        self.clock.now += 5

    def to(self, topic: str) -> int:
        """Return the id of the filter that alerts of ``topic`` go to."""
        return self.router.destination(in_flight(topic=topic), get).filter_id


def test_a_topic_that_goes_by_another_route_is_not_in_trouble_any_more() -> None:
    routing = Routing()
    assert routing.health.readyz()[0] == 503
    routing.router.change(table(f"topic = 'fink_*'\nfilter = '{GOOD}'\n{PARTS}"))

    assert routing.health.readyz() == (200, "ok\n")
    assert routing.to(OTHER) == 2
    assert routing.router.broken_for_s(OTHER) == 0


def test_a_topic_whose_route_is_the_same_stays_in_trouble() -> None:
    routing = Routing()
    routing.router.change(table(f"topic = 'fink_y*'\n{PARTS}", f"topic = '*'\nmin_snr = 5\n{PARTS}"))

    with pytest.raises(Unroutable, match="no filter"):
        routing.to(OTHER)
    assert routing.router.broken_for_s(OTHER) == 5
    assert "no filter" in routing.health.readyz()[1]


def test_patience_with_a_broken_route_begins_anew_with_another_route() -> None:
    routing = Routing()
    since = routing.clock.now - 5
    assert routing.router.waited_s(OTHER, since) == 5
    routing.router.change(table("topic = 'another'"))
    routing.clock.now += 1

    assert routing.router.waited_s(OTHER, since) == 1


def test_a_refusal_of_a_route_that_is_gone_meanwhile_names_the_lack_of_it() -> None:
    routing = Routing()
    routing.router.change(table("topic = 'another'"))

    assert routing.router.names(skyportal_alert(topic=OTHER)) == (
        f"routes.toml has no [[route]] for the topic {OTHER}: add one"
    )


def test_what_was_half_delivered_goes_whole_where_the_route_leads_now(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    alert = whole_alert(topic="fink_early_sn_candidates_ztf")
    with second_group(skyportal, topic, tmp_path) as file:
        rounds = Rounds(broker, topic, skyportal)
        skyportal.control.fault("bad_gateway", path="/api/photometry")
        again = rounds.round(rounds.collect(alert))
        assert accepted(skyportal) == 1
        skyportal.control.mend()
        rounds.desk.router.change(routes.read(file))
        until(lambda: may_be_tried(again), "the record's turn")
        while again := rounds.round(again):
            until(lambda: may_be_tried(again), "the record's next turn")

        state = skyportal.control.state()
        names = {one["id"]: one["name"] for one in state["filters"]}
        (group,) = [one["id"] for one in state["groups"] if one["name"] == topic]
        assert sorted(names[one["filter_id"]] for one in state["candidates"]) == sorted([alert.topic, topic])
        assert all(group in point["groups"] for point in state["photometry"])
        assert [one["groups"] for one in state["annotations"]] == [[group]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text("[[route]]\ntopic = '*'\n")
    return path


def rewrite(file: Path, text: str) -> None:
    """Replace what stands in a file at once: nobody reads a part of it."""
    whole = file.with_name("whole")
    whole.write_text(text)
    whole.replace(file)


@pytest.fixture
def missing(topic: str, skyportal: SkyPortal) -> Iterator[str]:
    """Name a filter that SkyPortal has not yet."""
    name = f"Fink of {topic}"
    yield name
    if any(one["name"] == name for one in skyportal.control.state()["filters"]):
        skyportal.control.setup(remove_filters=[name])


def test_routes_take_effect_while_the_sink_runs_and_mistakes_in_them_do_not(
    broker: str, topic: str, skyportal: SkyPortal, file: Path
) -> None:
    before, meanwhile = some_alerts(5), some_alerts(5, first=100)
    unwanted = some_alerts(3, first=200, photometry=light_curve(20.0))
    wanted = some_alerts(4, first=300, photometry=light_curve(20.0, 20.0))

    with running_sink(environment(broker, topic, skyportal, SINK_ROUTES=str(file))) as sink:
        until_ready(sink)
        publish_records(broker, topic, before)
        until_settled(broker, topic)
        rewrite(file, "[[route]]\ntopic = '*'\nmin_detectoins = 2\n")
        mistake = "route.0.min_detectoins: in the route of '*': unknown key; did you mean min_detections?"
        until(lambda: mistake in asked(sink, "/readyz")[1], "the mistake being said")
        publish_records(broker, topic, meanwhile)
        until_settled(broker, topic)
        assert accepted(skyportal) == 10

        rewrite(file, "[[route]]\ntopic = '*'\nmin_detections = 2\n")
        until(lambda: "routes have changed changed=*" in sink.output, "the routes taking effect")
        until(lambda: asked(sink, "/readyz") == (200, "ok\n"), "nothing to remark")
        publish_records(broker, topic, [*unwanted, *wanted])
        until_settled(broker, topic)
        assert metric(sink, 'sink_skipped_total{reason="min_detections"}') == 3
        assert metric(sink, 'sink_alerts_settled_total{outcome="skipped"}') == 3
        assert sink.output.count("the routes from before hold") == 1
        assert_never_left_the_group(sink)

    assert_whole(skyportal, [*before, *meanwhile, *wanted])


def test_alerts_that_wait_for_a_route_go_by_the_new_one_at_once_when_skyportal_knows_what_it_names(
    broker: str, topic: str, skyportal: SkyPortal, file: Path, missing: str
) -> None:
    waiting = some_alerts(5, topic="fink_nobody_knows_ztf")

    with running_sink(environment(broker, topic, skyportal, SINK_ROUTES=str(file))) as sink:
        until_ready(sink)
        rewrite(file, f"[[route]]\ntopic = 'fink_nobody_knows_ztf'\nfilter = '{missing}'\n")
        until(lambda: f"no filter '{missing}'" in asked(sink, "/readyz")[1], "the new filter being missed")
        began = time.monotonic()
        publish_records(broker, topic, waiting)
        until_unready(sink, "no filter 'fink_nobody_knows_ztf'")
        skyportal.control.setup(filters=[(missing, "Fink", "ZTF Public")])
        sink.process.send_signal(signal.SIGUSR1)  # SIGHUP is ignored under nohup
        until_settled(broker, topic)
        assert time.monotonic() - began < LOOK_AGAIN_S, "a record that waits looks again by itself after that"
        until(lambda: asked(sink, "/readyz") == (200, "ok\n"), "nothing to remark")
        assert "added=fink_nobody_knows_ztf removed=*" in sink.output

    assert accepted(skyportal) == 5
    assert letters(broker, topic) == []


def test_routes_that_change_while_skyportal_is_away_wait_for_it(
    broker: str, topic: str, skyportal: SkyPortal, file: Path
) -> None:
    alerts = some_alerts(5)

    with running_sink(environment(broker, topic, skyportal, SINK_ROUTES=str(file))) as sink:
        until_ready(sink)
        skyportal.control.fault("database_down")
        publish_records(broker, topic, alerts)
        until_unready(sink, "skyportal")
        rewrite(file, "[[route]]\ntopic = '*'\nsave = true\n")
        until(lambda: "has changed and is not looked up yet" in asked(sink, "/readyz")[1], "the waiting being said")
        assert "routes have changed" not in sink.output
        skyportal.control.mend()
        until_settled(broker, topic)
        until(lambda: "routes have changed changed=*" in sink.output, "the routes taking effect")
        until(lambda: asked(sink, "/readyz") == (200, "ok\n"), "nothing to remark")
        assert_never_left_the_group(sink)

    assert {alert.obj_id for alert in alerts} == {one["obj_id"] for one in skyportal.control.state()["candidates"]}
    assert letters(broker, topic) == []


def test_a_token_that_is_rotated_in_its_file_costs_no_refused_request(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    tokens = [f"{topic.removeprefix('test.')}-Rotated-{number}" for number in range(2)]
    for token in tokens:
        wish = {
            "name": token,
            "token": token,
            "acls": sorted(BOT_ACLS),
            "groups": ["Fink"],
            "streams": ["ZTF Public", "LSST Public"],
        }
        skyportal.control.setup(tokens=[wish])
    path = tmp_path / "token"
    path.write_text(tokens[0])
    settings = environment(broker, topic, skyportal, SKYPORTAL_TOKEN="", SKYPORTAL_TOKEN_FILE=str(path))

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, some_alerts(20, objects=20))
        until_settled(broker, topic)
        path.write_text(f"{tokens[1]}\n")
        until(lambda: "it is used from now on" in sink.output, "the new token being taken")
        skyportal.control.setup(remove_tokens=[tokens[0]])
        publish_records(broker, topic, some_alerts(20, first=20, objects=40))
        until_settled(broker, topic)
        assert "halted" not in sink.output
        assert not [token for token in tokens if token.lower() in sink.output.lower()]

    assert {one["status"] for one in skyportal.control.requests()} == {200}
    assert accepted(skyportal) == 40
    skyportal.control.setup(remove_tokens=[tokens[1]])
