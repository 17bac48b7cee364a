"""While the operator has paused the sinks nothing is sent, and nothing is lost or put aside; then all is delivered."""

import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from typer.testing import CliRunner, Result

from demo.skyportal.process import SkyPortal
from runtime import state, topics
from runtime.health import Health
from runtime.publisher import Publisher
from runtime.settings import load
from runtime.state import Listener
from sink.__main__ import app
from sink.delivery.in_flight import InFlight
from sink.delivery.rejections import ENOUGH_UNANSWERED, Rejections
from sink.delivery.shards import Shards
from sink.routing.routes import read
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.client import Request, Unavailable
from sink.skyportal.client import SkyPortal as Client
from sink.skyportal.connection import Connection
from sink.skyportal.gate import Gate
from sink.skyportal.pace import FixedPace
from sink.skyportal.pause import Pause
from sink.skyportal.pause_word import PauseWord, key_of
from sink.skyportal.rate import Pace, Rate
from sink.skyportal.sender import Sender, Unanswered
from sink.skyportal.under_way import UnderWay
from sink.skyportal.verdicts import Answer
from support.clock import Clock
from support.in_flight import in_flight
from support.kafka import PATIENCE_S, publish_records, until
from support.records import some_alerts
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
from support.skyportal import accepted, answered
from support.whole import assert_whole

NEVER_S = 600.0
"""A pause that no test waits for."""

SAID = r"pause: paused by the operator, .*@.* since 20\d\d-\S+\+00:00: an upgrade; `python -m sink resume` goes on"


@pytest.fixture
def settings(broker: str, topic: str, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch) -> SinkSettings:
    """Give the settings of a sink, in the environment too, and a broker with its topics."""
    for name, value in environment(broker, topic, skyportal).items():
        monkeypatch.setenv(name, value)
    settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
    topics.prepare(settings)
    return settings


@pytest.fixture
def operator(settings: SinkSettings) -> PauseWord:
    return PauseWord(settings, Publisher(settings))


@pytest.fixture
def health() -> Health:
    health = Health()
    health.ready("start")
    return health


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heard(settings: SinkSettings, health: Health, clock: Clock) -> Iterator[Pause]:
    """Give the pause as one sink hears it."""
    listener = Listener(settings)
    yield Pause(health, key=key_of(settings), listener=listener, clock=clock)
    listener.close()


def command(*arguments: str) -> Result:
    """Run one command in this process, and let the log be the tests' own again."""
    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        return CliRunner().invoke(app, arguments)
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)


class Scarce(FixedPace):
    """A budget of which the first who has to wait for his share meets what happens meanwhile."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__(10)
        self._happens = happens

    def kept_waiting(self, seconds: float) -> None:
        """Let it happen, once."""
        del seconds
        happens, self._happens = self._happens, lambda: None
        happens()


def used_up(pace: Pace, clock: Clock) -> Rate:
    """Return a budget of which nothing is left, and which stays so while the clock stands still."""
    rate = Rate(pace, clock=clock)
    while rate.has_room():
        rate.reserve()
    return rate


def requests(skyportal: SkyPortal) -> int:
    return len(skyportal.control.requests())


def test_a_paused_sink_sends_nothing_through_hangups_and_restarts_and_then_delivers_all(
    settings: SinkSettings, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = some_alerts(60)
    quick = environment(broker, topic, skyportal, SINK_PATIENCE_S="1", SINK_CONCURRENCY="1")

    with running_sink(quick) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:20])
        until_settled(broker, topic)
        under_way = skyportal.control.fault("hang", path="/api/candidates")
        publish_records(broker, topic, alerts[20:40])
        until(lambda: answered(skyportal, under_way) > 0, "a request being under way")
        assert command("pause", "--reason", "an upgrade").exit_code == 0
        until_unready(sink, SAID)
        skyportal.control.mend()
        until(lambda: skyportal.control.requests()[-1]["duration"] is not None, "its answer")
        before = requests(skyportal)
        until(lambda: metric(sink, "sink_in_flight_alerts") == 20, "the alerts being collected")
        sink.process.send_signal(signal.SIGHUP)
        until(lambda: "told to go on" in sink.output, "the hangup being heard")
        until(lambda: metric(sink, "sink_oldest_undelivered_seconds") > 2, "some time")
        assert metric(sink, "sink_paused") == 1
        assert asked(sink, "/healthz") == (200, "ok\n")
        assert_never_left_the_group(sink)
        assert requests(skyportal) == before
        assert sink.stop() == 0
        assert sink.output.count("WARNING sink.skyportal.pause paused by the operator") == 1

    with running_sink(quick) as sink:
        until_unready(sink, SAID)
        publish_records(broker, topic, alerts[40:])
        assert requests(skyportal) == before
        assert settings.sink_group_id in command("resume").stdout
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_paused") == 0
        assert sink.output.count("WARNING sink.skyportal.pause resumed by the operator") == 1

    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def test_a_pause_does_not_use_up_the_patience_with_a_broken_route_nor_with_a_skyportal_that_is_away(
    operator: PauseWord, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    patience_s = 10.0
    missing = f"fink_{topic}_ztf"
    waiting = some_alerts(5, topic=missing)
    others = some_alerts(20, first=100)
    settings = environment(broker, topic, skyportal, SINK_PATIENCE_S=str(patience_s), SKYPORTAL_LONGEST_PAUSE_S="0.4")

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, waiting)
        until(lambda: "route is broken" in sink.output, "the route being broken")
        operator.pause("an upgrade")
        until_unready(sink, SAID)
        skyportal.control.fault("outage")
        publish_records(broker, topic, others)
        until(lambda: metric(sink, "sink_oldest_undelivered_seconds") > 1.2 * patience_s, "longer than patience")
        operator.resume()
        until(lambda: "skyportal is away" in sink.output, "the first request after the pause")
        skyportal.control.mend()
        until(lambda: accepted(skyportal) > 0, "the others being accepted")
        skyportal.control.setup(filters=[(missing, "Fink", "ZTF Public")])
        until_settled(broker, topic)
        assert_whole(skyportal, [*waiting, *others])
        skyportal.control.setup(remove_filters=[missing])

    assert letters(broker, topic) == []


def test_only_the_sinks_of_the_same_group_are_paused(
    operator: PauseWord, settings: SinkSettings, health: Health, heard: Pause
) -> None:
    other = PauseWord(settings.model_copy(update={"sink_group_id": "another"}), Publisher(settings))

    other.pause("an upgrade")
    heard.begin()
    assert not heard.is_on()
    assert operator.standing() == []

    operator.pause("an upgrade")
    until(heard.is_on, "the pause being heard")
    assert re.match(SAID, health.readyz()[1])
    other.resume()
    assert heard.is_on()


def test_its_clock_stands_still_while_it_is_paused(operator: PauseWord, heard: Pause, clock: Clock) -> None:
    heard.begin()
    for paused_s in (500, 700):
        assert heard.clock() == 1000
        operator.pause("")
        until(heard.is_on, "the pause")
        clock.now += paused_s
        assert heard.clock() == 1000
        operator.resume()
        until(lambda: not heard.is_on(), "the end of the pause")
        assert heard.clock() == 1000

    clock.now += 7
    assert heard.clock() == 1007


def test_a_pause_is_said_when_it_begins_and_when_its_reason_changes(
    operator: PauseWord, heard: Pause, health: Health, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "sink.skyportal.pause"):
        operator.pause("first")
        heard.begin()
        assert heard.is_on()
        operator.pause("second")
        until(lambda: heard.is_on() and "second" in health.readyz()[1], "the other reason")
        operator.pause("second")
        operator.resume()
        until(lambda: not heard.is_on(), "the end of the pause")

    said = [record.getMessage() for record in caplog.records if record.name == "sink.skyportal.pause"]
    assert [re.sub(r" after_s=.*|; .*|, \S+ since \S+(?=: )", "", line) for line in said] == [
        "paused by the operator: first",
        "paused by the operator: second",
        "resumed by the operator",
    ]
    assert health.readyz() == (200, "ok\n")


def test_a_pause_that_was_ended_before_the_start_is_none(operator: PauseWord, heard: Pause) -> None:
    operator.pause("an upgrade")
    operator.resume()

    heard.begin()

    assert not heard.is_on()
    assert heard.wait(lambda: False)


def test_who_waits_for_the_end_of_a_pause_may_give_up(operator: PauseWord, heard: Pause) -> None:
    operator.pause("an upgrade")
    heard.begin()

    assert not heard.wait(lambda: True)


def test_to_pause_again_changes_the_reason_and_not_the_time_and_to_resume_again_changes_nothing(
    settings: SinkSettings,
) -> None:
    first = command("pause", "--reason", "an \n upgrade")
    (word,) = (word for key, word in state.read(settings).items() if key == f"pause/{settings.sink_group_id}")
    assert word.value["reason"] == "an upgrade"
    until(lambda: time.time() > word.appended_at.timestamp() + 1, "another second")
    second = command("pause", "--reason", "a longer one")
    third = command("pause")
    ends = [command("resume"), command("resume")]

    since = str(word.value["since"])
    assert [one.exit_code for one in (first, second, third, *ends)] == [0] * 5
    assert f"since {since}: an upgrade\n" in first.stdout
    assert "already" not in first.stdout
    for again in (second, third):
        assert "were paused already" in again.stdout
        assert f"since {since}: a longer one\n" in again.stdout
    assert f"go on; they were paused by the operator, {word.value['by']} since {since}: a longer" in ends[0].stdout
    assert "are not paused" in ends[1].stdout
    assert state.read(settings) == {}


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_without_a_broker_the_commands_end_with_a_sentence(
    name: str, settings: SinkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_CONNECT_TIMEOUT_S", "0.5")

    result = command(name)

    assert result.exit_code == 1
    assert "KAFKA_BOOTSTRAP_SERVERS right?" in result.stderr
    assert "Traceback" not in result.output
    assert settings.skyportal_token.get_secret_value() not in result.output


class Visit(threading.Thread):
    """A worker at the gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(daemon=True)
        self.is_in = threading.Event()
        self._gate = gate
        self.start()

    def run(self) -> None:
        """Wait to be let in, and say that the request was accepted."""
        if self._gate.enter(lambda: False):
            self.is_in.set()
            self._gate.passed()


def nothing(_gate: Gate) -> None:
    """Leave the gate open."""


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(nothing, id="open"),
        pytest.param(lambda gate: gate.failed("away"), id="away"),
        pytest.param(lambda gate: gate.halt("mend it"), id="halted"),
    ],
)
def test_nobody_is_let_in_or_probes_while_paused_and_then_it_is_tried_at_once(
    before: Callable[[Gate], object], health: Health
) -> None:
    paused, probes = threading.Event(), threading.Event()

    def probe() -> bool:
        probes.set()
        return True

    gate = Gate(health, probe=probe, longest_pause_s=NEVER_S, halted_pause_s=NEVER_S, paused=paused.is_set)
    paused.set()
    before(gate)
    visits = [Visit(gate) for _ in range(3)]
    gate.go_on()
    assert not any(visit.is_in.wait(0.3) for visit in visits)
    assert not probes.is_set()

    paused.clear()

    assert all(visit.is_in.wait(PATIENCE_S) for visit in visits)


def test_a_worker_that_is_about_to_probe_when_the_pause_comes_does_not(health: Health) -> None:
    paused, waits, probes = threading.Event(), threading.Event(), threading.Event()

    def mended() -> bool:
        waits.set()
        return paused.is_set()  # ends the pause between two tries at the worst moment

    def probe() -> bool:
        probes.set()
        return True

    gate = Gate(health, probe=probe, longest_pause_s=0.1, halted_pause_s=NEVER_S, mended=mended, paused=paused.is_set)
    gate.halt("mend it")
    visit = Visit(gate)
    assert waits.wait(PATIENCE_S)
    paused.set()
    assert not visit.is_in.wait(0.5)
    assert not probes.is_set()

    paused.clear()

    assert visit.is_in.wait(PATIENCE_S)


def test_a_pause_between_two_attempts_is_not_held_against_a_record_that_is_not_answered(clock: Clock) -> None:
    patience_clock = Clock()
    rejections = Rejections(5, patience_s=600, clock=clock, patience_clock=patience_clock)
    item = in_flight(obj_id="ZTF26bad")
    answer = Answer(status=502, content_type="text/html", text="<h1>502 Bad Gateway</h1>")
    request = Request(method="POST", path="/api/candidates")

    def is_believed() -> bool:
        silence = Unanswered(request, answer, since=patience_clock.now)
        patience_clock.now += 1
        rejections.accepted("candidate", "ZTF26good")
        return rejections.believe(item, silence, "candidate")

    for _ in range(2 * ENOUGH_UNANSWERED):
        clock.now += 600
        assert not is_believed()
        assert item.not_before > clock.now

    patience_clock.now += 600
    assert is_believed()


def test_no_round_begins_while_paused() -> None:
    paused, stop, delivered = threading.Event(), threading.Event(), threading.Event()

    def deliver(batch: Sequence[InFlight]) -> list[InFlight]:
        assert batch
        delivered.set()
        return []

    shards = Shards(
        deliver,
        count=1,
        collect_s=0,
        fresh_s=0,
        largest=lambda: 10,
        has_room=lambda: True,
        stop=stop,
        paused=paused.is_set,
    )
    paused.set()
    shards.start()
    try:
        shards.collect(in_flight())
        assert not delivered.wait(0.5)
        paused.clear()
        assert delivered.wait(PATIENCE_S)
    finally:
        stop.set()


def test_a_request_that_waits_for_its_budget_when_the_pause_comes_is_not_sent(
    settings: SinkSettings, skyportal: SkyPortal, health: Health, clock: Clock
) -> None:
    paused, stop, is_sent = threading.Event(), threading.Event(), threading.Event()
    gate = Gate(health, probe=lambda: True, longest_pause_s=0.1, paused=paused.is_set)
    rate = used_up(Scarce(paused.set), clock)
    sender = Sender(Client(settings), gate=gate, rate=rate, under_way=UnderWay(), stop=stop)
    before = requests(skyportal)

    def send() -> None:
        sender.get("/api/groups")
        is_sent.set()

    threading.Thread(target=send, daemon=True).start()
    assert paused.wait(PATIENCE_S)
    assert not is_sent.wait(1)
    assert requests(skyportal) == before

    paused.clear()

    assert is_sent.wait(PATIENCE_S)


def test_routes_are_not_looked_up_while_paused_though_their_turn_comes(
    settings: SinkSettings, skyportal: SkyPortal, operator: PauseWord, health: Health, clock: Clock
) -> None:
    connection = Connection(settings, health=health, stop=threading.Event(), mended=threading.Event())
    connection.pause.begin()
    before = requests(skyportal)

    def pause() -> None:
        operator.pause("an upgrade")
        until(connection.pause.is_on, "the pause being heard")

    connection.rate = used_up(Scarce(pause), clock)
    with pytest.raises(Unavailable, match="SkyPortal is away, or the sink halted or paused"):
        connection.look_up(read(None))

    assert connection.pause.is_on()
    assert requests(skyportal) == before
