"""`sink replay`, as an operator sees it."""

import io
import logging
import re
import signal
from collections.abc import Iterator

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from demo.skyportal.process import SkyPortal
from schemas.record import instant
from sink.__main__ import app
from sink.replay.report import Report
from sink.replay.selection import written
from sink.replay.showing import shown
from support.kafka import commit, committed, publish_records
from support.patience import wait_for_busy_brokers
from support.records import MJD, some_alerts, whole_alert
from support.replay import Replays, long_ago, publish_passed, selection
from support.sink import environment
from support.skyportal import accepted
from support.whole import assert_whole

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


@pytest.fixture(autouse=True)
def _own_log_and_signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give back what a command takes for itself."""
    wait_for_busy_brokers(monkeypatch)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    heard = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for number, handler in heard.items():
        signal.signal(number, handler)


def replay(broker: str, topic: str, skyportal: SkyPortal, *options: str) -> Result:
    return CliRunner().invoke(app, ["replay", *options], env=environment(broker, topic, skyportal))


def test_a_dry_run_counts_and_sends_and_keeps_nothing(broker: str, topic: str, skyportal: SkyPortal) -> None:
    early = "fink_early_sn_candidates_ztf"
    alerts = [*some_alerts(30, objects=10), *some_alerts(5, first=30, objects=10, topic=early)]
    publish_passed(broker, topic, [*alerts, whole_alert(is_solar_system=True)])
    wanted, requests_before = selection(), len(skyportal.control.requests())

    result = replay(broker, topic, skyportal, "--since", written(wanted.since), "--dry-run", "--rate", "2")

    assert result.exit_code == 0
    assert len(skyportal.control.requests()) == requests_before
    assert committed(broker, topic, wanted.group(f"sink-{topic}", topic)) == {}
    lines = result.stdout.splitlines()
    assert lines[0] == f"the window holds 36 records, appended since {written(wanted.since)}"
    assert re.fullmatch(r"35 records of 10 objects, 0\.\d MB", lines[1])
    assert [line.split() for line in lines[4:6]] == [["30", "fink_sn_candidates_ztf"], ["5", early]]
    assert lines[7].split() == ["35", "0"]
    assert lines[8:] == [
        "requests: about 47 where SkyPortal has the objects, 89 where it has lost them",
        "time: 24 s to 44 s at 2 requests/s",
        "left out: 1 that no route takes, 0 that cannot be sent",
    ]
    assert max(map(len, lines)) <= 100


def test_a_replay_says_how_to_go_on_and_what_came_of_it(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = [whole_alert(day) for day in range(3)]
    publish_passed(broker, topic, alerts)
    publish_records(broker, topic, [whole_alert(5, obj_id="ZTF26aother")])

    options = ["--observed-since", written(instant(MJD + 1)), "--topic", "fink_sn_*", "--object", alerts[0].obj_id]
    result = replay(broker, topic, skyportal, "--since", "2h", *options, "--rate", "0")

    assert result.exit_code == 0
    assert_whole(skyportal, alerts[1:])
    summary = r"replay: records=3 selected=2 accepted=2 skipped=0 refused=0 unusable=0 lost=0 left_to_sinks=1 "
    assert re.fullmatch(summary + r"requests=\d+ seconds=\d+\n", result.stdout)
    (command,) = re.findall(r"to go on after a stop: (.*)", result.stderr)
    assert re.match(
        r"python -m sink replay --since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z --observed-since ", command
    )
    assert command.endswith(f"--topic 'fink_sn_*' --object {alerts[0].obj_id} --rate 0")
    assert skyportal.token not in result.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is no time"),
        (["--since", "2100-01-01"], "--since: '2100-01-01' is not in the past"),
        (["--since", "1h", "--until", "2h"], "--until: '2h' is not after --since"),
        (["--since", "1h", "--observed-since", "x"], "--observed-since: 'x' is no time"),
    ],
)
def test_options_that_make_no_sense_are_a_sentence(
    options: list[str], sentence: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    result = replay(broker, topic, skyportal, *options)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"sink: {sentence}")


def test_what_keeps_a_replay_from_beginning_is_a_sentence(broker: str, topic: str, skyportal: SkyPortal) -> None:
    nothing = replay(broker, topic, skyportal, "--since", "1h")
    publish_passed(broker, topic, some_alerts(2))
    skyportal.control.fault("token_revoked")
    refused = replay(broker, topic, skyportal, "--since", "1h")

    assert (nothing.exit_code, refused.exit_code) == (1, 1)
    assert nothing.stderr == f"sink: there is no topic {topic}: is KAFKA_TOPIC right?\n"
    assert "SKYPORTAL_TOKEN must be a valid token" in refused.stderr.splitlines()[-1]
    assert accepted(skyportal) == 0


def test_a_window_without_records_ends_well(broker: str, topic: str, skyportal: SkyPortal) -> None:
    publish_passed(broker, topic, some_alerts(2), hours_ago=5)

    result = replay(broker, topic, skyportal, "--since", "1h")

    assert result.exit_code == 0
    assert "nothing to replay" in result.stderr


def test_a_bar_shows_where_it_is_in_a_terminal_and_a_line_where_there_is_none(
    broker: str, topic: str, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")  # one that can draw
    publish_passed(broker, topic, some_alerts(3, objects=3))
    commit(broker, topic, f"sink-{topic}", 3)
    screen = io.StringIO()
    replays = Replays(broker, topic, skyportal)
    skyportal.control.fault("hang", method="POST")  # nothing is accepted before the bar is there

    with shown(Console(file=screen, force_terminal=True, width=120)) as turned:

        def go_on_once_shown(report: Report) -> None:
            turned(report)
            skyportal.control.mend()

        replays.turned = go_on_once_shown
        report = replays.run(selection(since=long_ago(minutes=5)))

    assert "0/3 accepted 0, skipped 0, refused 0" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert report.line().startswith("replayed 3 of 3 records, accepted 3, skipped 0, refused 0, ")
