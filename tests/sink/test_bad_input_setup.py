"""A set-up that changes under the sink: what has no way any more waits, then is put aside; the rest is whole."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from test_faults_everywhere import QUICK, post

from demo.skyportal.process import SkyPortal
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
from support.skyportal import FILTERS, TAXONOMIES, answered
from support.whole import assert_whole

GUESTS = "fink_kn_candidates_ztf"
ROUTES = f"""
[[route]]
topic = "{GUESTS}"
group = "Guests"

[[route]]
topic = "*"
"""
ACCEPTED = 'sink_alerts_settled_total{outcome="accepted"}'
PATIENCE_S = 4.0
"""With a route."""


@pytest.fixture
def own() -> Iterator[SkyPortal]:
    """Give a SkyPortal of the test's own, with a group that one route leads to."""
    filters = [*FILTERS, (GUESTS, "Guests", "ZTF Public")]
    with SkyPortal(whitelist=True, filters=filters, taxonomies=TAXONOMIES) as skyportal:
        yield skyportal


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES)
    return path


def some(count: int, *, first: int = 0, day: float = 0, topic: str = "fink_sn_candidates_ztf") -> list[SkyPortalAlert]:
    return [whole_alert(day, obj_id=f"ZTF26aa{number:05d}", topic=topic) for number in range(first, first + count)]


def remove_the_filter(skyportal: SkyPortal) -> None:
    skyportal.control.setup(remove_filters=[GUESTS])


def remove_the_group(skyportal: SkyPortal) -> None:
    skyportal.control.setup(remove_groups=["Guests"])


def put_another_group_there_that_the_bot_is_not_in(skyportal: SkyPortal) -> None:
    skyportal.control.setup(remove_groups=["Guests"])
    post(skyportal, "groups", {"name": "Guests"}, skyportal.admin_token)


def deactivate_the_filter(skyportal: SkyPortal) -> None:
    skyportal.control.setup(deactivate_filters=[GUESTS])


@pytest.mark.parametrize(
    "change",
    [
        remove_the_filter,
        deactivate_the_filter,
        remove_the_group,
        put_another_group_there_that_the_bot_is_not_in,
    ],
)
def test_what_a_change_leaves_without_a_way_is_put_aside_after_patience_and_the_rest_is_whole(
    change: Callable[[SkyPortal], None], broker: str, topic: str, own: SkyPortal, routes: Path
) -> None:
    before = [*some(3, topic=GUESTS), *some(3)]  # the same objects in two topics
    stuck, rest = some(3, day=1, topic=GUESTS), some(3, day=2)
    settings = environment(broker, topic, own, SINK_ROUTES=str(routes), SINK_PATIENCE_S=str(PATIENCE_S), **QUICK)

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, before)
        until(lambda: metric(sink, ACCEPTED) == len(before), "the alerts before the change")
        changed_at = time.time()
        change(own)
        publish_records(broker, topic, [*stuck, *rest])
        until(lambda: metric(sink, ACCEPTED) == len([*before, *rest]), "the rest being accepted")
        until(lambda: f"topic {GUESTS}: " in asked(sink, "/readyz")[1], "the broken route being said")
        until_settled(broker, topic)
        assert_never_left_the_group(sink)
        assert min(put_aside_at(sink)) - changed_at >= PATIENCE_S

    found = letters(broker, topic)
    assert {(letter.stage, letter.reason) for _message, letter in found} == {("route", "Unroutable")}
    assert sorted(message.key or b"" for message, _letter in found) == sorted(one.obj_id.encode() for one in stuck)
    state = own.control.state()
    assert {row["data"]["alert_id"] for row in state["annotations"]} == {rest[0].alert_id}
    assert len(state["annotations"]) == len(state["classifications"]) == len(rest)
    assert len(state["thumbnails"]) == 3 * len(rest)
    (fink,) = [one["id"] for one in state["groups"] if one["name"] == "Fink"]
    assert all(fink in row["groups"] for row in [*state["annotations"], *state["classifications"]])
    assert not {row["passed_at"] for row in state["candidates"]} & {passed_at(one) for one in stuck}


def put_aside_at(sink: Command) -> list[float]:
    """Return when the sink has put each letter aside, as time.time() has it."""
    said = re.findall(r"^(\S+Z) WARNING \S+ dead-lettered ", sink.output, re.MULTILINE)
    return [datetime.fromisoformat(when).timestamp() for when in said]


def passed_at(alert: SkyPortalAlert) -> str:
    return alert.observed_at.strftime("%Y-%m-%dT%H:%M:%S.%f")


def test_alerts_wait_for_a_taxonomy_that_is_removed_and_provided_anew(broker: str, topic: str, own: SkyPortal) -> None:
    other = (Classification(name=AMBIGUOUS, probability=0.5, origin="fink_filters"),)
    before, after = some(3), [*(replace(one, classifications=other) for one in some(3, day=1)), *some(3, first=10)]
    settings = environment(broker, topic, own, SINK_PATIENCE_S="100", **QUICK)

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, before)
        until(lambda: metric(sink, ACCEPTED) == len(before), "the alerts before the change")
        own.control.setup(remove_taxonomies=["Fink"])
        publish_records(broker, topic, after)
        until(
            lambda: "SkyPortal has no taxonomy 'Fink'" in asked(sink, "/readyz")[1], "the missing taxonomy being said"
        )
        own.control.setup(taxonomies=[("Fink", "2", [SUPERNOVA, AMBIGUOUS])])
        until_settled(broker, topic)
        until_ready(sink)
        assert_never_left_the_group(sink)

    assert letters(broker, topic) == []
    assert_whole(own, [*before, *after])


def test_alerts_of_a_taxonomy_that_never_comes_back_are_put_aside(broker: str, topic: str, own: SkyPortal) -> None:
    with running_sink(environment(broker, topic, own, SINK_PATIENCE_S="2", **QUICK)) as sink:
        until_ready(sink)
        own.control.setup(remove_taxonomies=["Fink"])
        publish_records(broker, topic, some(3))
        until_settled(broker, topic)
        assert_never_left_the_group(sink)

    assert {(letter.stage, letter.reason) for _message, letter in letters(broker, topic)} == {("route", "Unroutable")}
    assert all("taxonomy" in letter.message for _message, letter in letters(broker, topic))
    assert len(letters(broker, topic)) == 3


@contextmanager
def another_host() -> Iterator[tuple[str, list[str]]]:
    """Run a server that is no SkyPortal; give its address and a list of what it is told."""
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            told.append(f"{self.command} {self.path} {self.headers}")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}", told
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/api/candidates", "/api/photometry", "/api/sources/", "/api/thumbnail", "/api"])
def test_a_redirection_halts_the_sink_and_the_token_stays_with_its_host(
    path: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    with another_host() as (address, told), running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        fault = skyportal.control.fault("redirect", location=f"{address}/login", path=path)
        publish_records(broker, topic, some(3))
        until_unready(sink, "skyportal: .* answers 302 .*SKYPORTAL_URL")
        until(lambda: answered(skyportal, fault) >= 3, "several tries")
        until(lambda: metric(sink, "sink_halted") == 1, "the halt, whatever others had under way")
        assert "halted: " in sink.output
        skyportal.control.mend()
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_halted") == 0
        assert_never_left_the_group(sink)

    assert told == []
    assert letters(broker, topic) == []
    assert_whole(skyportal, some(3))


def test_a_page_with_200_is_an_outage_and_said_so(broker: str, topic: str, skyportal: SkyPortal) -> None:
    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        until_ready(sink)
        fault = skyportal.control.fault("page")
        publish_records(broker, topic, some(3))
        until_unready(sink, "skyportal: .* answers 200 .*Please sign in")
        until(lambda: answered(skyportal, fault) >= 5, "several tries")
        assert metric(sink, ACCEPTED) == 0
        skyportal.control.mend()
        until_settled(broker, topic)

    assert letters(broker, topic) == []
    assert_whole(skyportal, some(3))
