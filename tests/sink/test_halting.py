"""What somebody has to mend halts the sink: nothing is lost or put aside, and it goes on when it is mended."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from demo.skyportal.directory import BOT_ACLS
from demo.skyportal.process import SkyPortal
from runtime.settings import load
from schemas.record import SkyPortalAlert
from sink.delivery.rejections import ENOUGH_UNANSWERED
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.client import SkyPortal as Client
from sink.skyportal.sender import PROBE, TRIES
from support.kafka import publish_records, until
from support.processes import Command
from support.records import MJD, light_curve, some_alerts, whole_alert
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
from support.whole import assert_whole, differences

NEVER_S = "600"
"""A pause that no test waits for."""

QUICK = {"SKYPORTAL_LONGEST_PAUSE_S": "0.2", "SINK_COLLECT_S": "0", "SINK_REJECTION_INTERVAL_S": "0.05"}

ACCEPTED = 'sink_alerts_settled_total{outcome="accepted"}'

NewToken = Callable[..., str]

HALTS = [
    pytest.param(
        "reject",
        {"status": 403, "message": "The account of this user has expired"},
        "403 The account of this user has expired: are SKYPORTAL_URL and the bot's account right[?]",
        id="expired account",
    ),
    pytest.param(
        "reject",
        {"status": 405, "message": "HTTP 405: Method Not Allowed", "path": "/api/candidates"},
        "POST /api/candidates answers 405 .*are SKYPORTAL_URL",
        id="no such endpoint",
    ),
    pytest.param("redirect", {}, "answers 302 .*are SKYPORTAL_URL", id="redirection"),
]


@pytest.fixture
def new_token(topic: str, skyportal: SkyPortal) -> Iterator[NewToken]:
    """Give tokens of users of the test's own; ``lacking`` is a permission that one has not."""
    made: list[str] = []

    def make(*, lacking: str = "", token: str = "") -> str:
        with suppress(ValueError):  # the test has revoked it
            revoke(skyportal, token)
        token = token or f"{topic.removeprefix('test.')}-Token-{len(made)}"
        wish = {
            "name": f"bot-{topic}-{len(made)}",
            "token": token,
            "acls": sorted(BOT_ACLS - {lacking}),
            "groups": ["Fink"],
            "streams": ["ZTF Public", "LSST Public"],
        }
        skyportal.control.setup(tokens=[wish])
        made.append(token)
        return token

    yield make
    for token in set(made):
        with suppress(ValueError):
            revoke(skyportal, token)


def revoke(skyportal: SkyPortal, token: str) -> None:
    skyportal.control.setup(remove_tokens=[token])


def from_file(path: Path, token: str) -> dict[str, str]:
    """Return the settings that give a sink its token in a file."""
    path.write_text(f"{token}\n")
    return {"SKYPORTAL_TOKEN": "", "SKYPORTAL_TOKEN_FILE": str(path)}


def hang_up(sink: Command) -> None:
    sink.process.send_signal(signal.SIGHUP)


def halts(sink: Command) -> list[str]:
    return re.findall(r"ERROR sink.skyportal.gate halted: (.*)", sink.output)


def said(sink: Command, broker: str, topic: str) -> str:
    """Return everything that leaves a sink, but for what it sends to SkyPortal, in lower case."""
    pages = "".join(asked(sink, page)[1] for page in ("/metrics", "/readyz", "/healthz"))
    return (sink.output + pages + repr(letters(broker, topic))).lower()


def assert_whole_but_for_the_bots_own_groups(skyportal: SkyPortal, alerts: list[SkyPortalAlert]) -> None:
    """See that all is there: points show to each bot that sent them, and two have."""
    wrong = differences(skyportal, skyportal.control.state(), alerts)
    assert [one for one in wrong if " is seen by " not in one] == []


def test_a_token_that_is_revoked_is_replaced_in_its_file_while_the_sink_runs(
    broker: str, topic: str, skyportal: SkyPortal, new_token: NewToken, tmp_path: Path
) -> None:
    alerts = some_alerts(40, objects=40)  # an annotation of the first account's is not the second one's to change
    file, old = tmp_path / "token", new_token()
    settings = environment(broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=NEVER_S, **from_file(file, old))

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:20])
        until_settled(broker, topic)
        revoke(skyportal, old)
        publish_records(broker, topic, alerts[20:])
        until_unready(sink, "SKYPORTAL_TOKEN must be a valid token with the permission 'Upload data'")
        assert metric(sink, "sink_halted") == 1
        before = said(sink, broker, topic)
        new = new_token()
        file.write_text(f"{new}\n")
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_halted") == 0
        assert asked(sink, "/healthz") == (200, "ok\n")
        assert_never_left_the_group(sink)
        after = said(sink, broker, topic)

    assert_whole_but_for_the_bots_own_groups(skyportal, alerts)
    assert letters(broker, topic) == []
    for token in (old, new):
        assert token.lower() not in before + after


@pytest.mark.parametrize(
    ("permission", "there", "missing"),
    [("Annotate", "photometry", "annotations"), ("Classify", "photometry", "classifications")],
)
def test_a_missing_permission_is_named_and_what_needs_none_is_there(
    permission: str,
    there: str,
    missing: str,
    broker: str,
    topic: str,
    skyportal: SkyPortal,
    new_token: NewToken,
    tmp_path: Path,
) -> None:
    token = new_token(lacking=permission)
    settings = environment(
        broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=NEVER_S, **from_file(tmp_path / "token", token)
    )

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, [whole_alert()])
        until_unready(sink, f"SKYPORTAL_TOKEN must be a valid token with the permission '{permission}'")
        state = skyportal.control.state()
        assert state["candidates"]
        assert state[there]
        assert not state[missing]
        new_token(token=token)
        hang_up(sink)
        until_settled(broker, topic)
        until_ready(sink)
        assert "told to go on new_token=False" in sink.output
        assert len(halts(sink)) == 1
        assert_never_left_the_group(sink)

    state = skyportal.control.state()
    assert len(state["annotations"]) == len(state["classifications"]) == 1
    assert len(state["thumbnails"]) == 3
    assert letters(broker, topic) == []


def test_a_missing_permission_is_said_once_though_what_needs_none_is_accepted(
    broker: str, topic: str, skyportal: SkyPortal, new_token: NewToken, tmp_path: Path
) -> None:
    token = new_token(lacking="Annotate")
    others = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(12)]
    settings = environment(
        broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S="0.3", **from_file(tmp_path / "token", token)
    )

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, [whole_alert()])
        until_unready(sink, "permission 'Annotate'")
        publish_records(broker, topic, others)
        until(lambda: accepted(skyportal) > 1, "another worker's candidate")
        number = len(skyportal.control.requests())
        until(lambda: len(skyportal.control.requests()) > number + 6, "some more tries")
        assert asked(sink, "/readyz")[0] == 503
        assert len(halts(sink)) == 1


@pytest.mark.parametrize(("kind", "options", "sentence"), HALTS)
def test_what_no_retry_mends_halts_the_sink_until_it_is_mended(
    kind: str, options: dict[str, Any], sentence: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(40)

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:20])
        until(lambda: accepted(skyportal) > 0, "the first acceptance")
        skyportal.control.fault(kind, **options)
        publish_records(broker, topic, alerts[20:])
        until_unready(sink, sentence)
        assert metric(sink, "sink_halted") == 1
        assert asked(sink, "/healthz") == (200, "ok\n")
        skyportal.control.mend()
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_halted") == 0
        assert_never_left_the_group(sink)

    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def test_while_it_is_halted_a_sink_asks_one_question_in_a_pause_and_at_once_after_a_hangup(
    broker: str, topic: str, skyportal: SkyPortal, new_token: NewToken, tmp_path: Path
) -> None:
    pause_s = 2.0
    token = new_token()
    settings = environment(
        broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=str(pause_s), **from_file(tmp_path / "token", token)
    )

    with running_sink(settings) as sink:
        until_ready(sink)
        revoke(skyportal, token)
        publish_records(broker, topic, some_alerts(40))
        until(lambda: metric(sink, "sink_halted") == 1, "the halt")

        def probes() -> list[dict[str, Any]]:
            return [one for one in skyportal.control.requests() if one["status"] == 401 and one["method"] == "GET"]

        until(lambda: len(probes()) >= 3, "three tries")
        first, *_, last = probes()
        refused = [one for one in skyportal.control.requests(first["number"] - 1) if one["number"] <= last["number"]]
        assert [(one["method"], one["path"]) for one in refused] == [("GET", "/api/filters")] * len(refused)
        moments = [one["monotonic"] for one in refused]
        assert all(later - earlier >= pause_s / 2 for earlier, later in pairwise(moments))
        assert len(halts(sink)) == 1

        for _ in range(3):
            number = len(probes())
            hang_up(sink)
            until(lambda number=number: len(probes()) > number, "a try after the hangup")
        assert letters(broker, topic) == []


def test_a_token_of_another_account_doubles_no_class(
    broker: str, topic: str, skyportal: SkyPortal, new_token: NewToken, tmp_path: Path
) -> None:
    file, old = tmp_path / "token", new_token()
    settings = environment(
        broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=NEVER_S, SINK_MEMORY_OBJECTS="1", **from_file(file, old)
    )
    first, other = whole_alert(), whole_alert(obj_id="ZTF26other")

    with running_sink(settings) as sink:
        until_ready(sink)
        revoke(skyportal, old)
        publish_records(broker, topic, [first])
        until_unready(sink, "SKYPORTAL_TOKEN")
        file.write_text(new_token())
        until_settled(broker, topic)
        for alert in (other, whole_alert(1, photometry=light_curve(20.5, mjd=MJD + 1))):  # the first is forgotten
            publish_records(broker, topic, [alert])
            until_settled(broker, topic)

    rows = [one["obj_id"] for one in skyportal.control.state()["classifications"]]
    assert sorted(rows) == sorted({first.obj_id, other.obj_id})


def test_a_wrong_token_that_was_tried_does_not_keep_the_right_one_from_working(
    broker: str, topic: str, skyportal: SkyPortal, new_token: NewToken, tmp_path: Path
) -> None:
    file, old = tmp_path / "token", new_token()
    settings = environment(broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=NEVER_S, **from_file(file, old))
    alerts = some_alerts(5)

    with running_sink(settings) as sink:
        until_ready(sink)
        revoke(skyportal, old)
        publish_records(broker, topic, alerts)
        until_unready(sink, "SKYPORTAL_TOKEN")
        number = len(skyportal.control.requests())
        file.write_text("s")  # somebody writes the file in two steps
        until(lambda: len(skyportal.control.requests()) > number, "a try with half a token")
        file.write_text(new_token())
        until_settled(broker, topic)

    assert_whole_but_for_the_bots_own_groups(skyportal, alerts)


def test_what_was_half_a_token_hides_the_whole_one_too(
    skyportal: SkyPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    for name, value in {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SKYPORTAL_URL": skyportal.url,
        **from_file(file, skyportal.token[:8]),
    }.items():
        monkeypatch.setenv(name, value)
    client = Client(load(SinkSettings, own_prefixes=OWN_PREFIXES))
    for length in range(9, len(skyportal.token) + 1):
        file.write_text(skyportal.token[:length])
        assert client.renew_token()
    skyportal.control.fault("reject", message=f"Not {skyportal.token}.")

    assert client.ask(PROBE).json["message"] == "Not ***."


def test_a_hangup_is_heard_by_a_sink_that_is_halted_at_its_start(
    broker: str, topic: str, skyportal: SkyPortal, new_token: NewToken, tmp_path: Path
) -> None:
    token = new_token()
    settings = environment(
        broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=NEVER_S, **from_file(tmp_path / "token", token)
    )
    skyportal.control.fault("database_down")

    with running_sink(settings) as sink:
        until_unready(sink, "Database is temporarily unavailable")
        revoke(skyportal, token)
        skyportal.control.mend()
        until_unready(sink, "SKYPORTAL_TOKEN")
        new_token(token=token)
        hang_up(sink)
        until_ready(sink)


def test_a_sink_that_has_put_aside_the_last_that_it_had_to_send_is_ready(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    bad = whole_alert(obj_id="ZTF26bad")
    skyportal.control.fault("bad_gateway", obj_id=bad.obj_id, path="/api/candidates")
    routes = tmp_path / "routes.toml"
    routes.write_text("[[route]]\ntopic = '*'\nparts = ['candidate']\n")  # what is accepted leaves nothing to be sent
    settings = environment(broker, topic, skyportal, SINK_ROUTES=str(routes), SINK_PATIENCE_S="0", **QUICK)

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, [bad])
        controls = iter(some_alerts(10 * ENOUGH_UNANSWERED))
        tries = number = 0
        while not is_put_aside(sink):
            until(lambda tries=tries: is_put_aside(sink) or refusals(skyportal) >= tries + TRIES, "more tries")
            if not is_put_aside(sink):
                publish_records(broker, topic, [next(controls)])
                number += 1
                until(lambda number=number: metric(sink, ACCEPTED) == number, "the control being accepted")
                tries = refusals(skyportal)
        assert number >= ENOUGH_UNANSWERED // TRIES
        until_settled(broker, topic)

        until_ready(sink)
        assert metric(sink, "sink_skyportal_away_seconds") == 0


def is_put_aside(sink: Command) -> bool:
    return metric(sink, 'sink_dead_letters_total{stage="deliver"}') > 0


def refusals(skyportal: SkyPortal) -> int:
    return sum(one["status"] == 502 for one in skyportal.control.requests())
