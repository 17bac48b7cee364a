"""Closed while SkyPortal is away: who tries, and who waits."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import ClassVar

import pytest

from runtime.health import Health
from sink.skyportal.gate import Gate
from support.kafka import PATIENCE_S, until

NEVER_S = 600.0
"""A pause that no test waits for."""


class Visitor:
    """A worker that wants to send, on a thread of its own."""

    everybody: ClassVar[list["Visitor"]] = []
    """Who has come in this test."""

    def __init__(self, gate: Gate) -> None:
        self.let_in = threading.Event()
        self.gave_up = threading.Event()
        self.may_go = threading.Event()
        self._gate = gate
        self._then: Callable[[], object] = gate.passed
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self._thread.start()
        self.everybody.append(self)

    def leaves(self) -> None:
        """Go on its way without a word."""
        self._then = lambda: None
        self.gave_up.set()
        self.may_go.set()

    def is_gone(self) -> bool:
        """Say whether its thread has ended."""
        return not self._thread.is_alive()

    @property
    def number(self) -> int | None:
        """The number of its thread."""
        return self._thread.ident

    def goes(self, then: Callable[[], object]) -> None:
        """Say how the request went, and end."""
        self._then = then
        self.may_go.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def gives_up(self) -> None:
        """Leave without having been let in."""
        self.gave_up.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        assert not self.let_in.is_set()

    def _visit(self) -> None:
        if self._gate.enter(self.gave_up.is_set):
            self.let_in.set()
            self.may_go.wait(PATIENCE_S)
            self._then()


class Mender:
    """Says when it is asked whether something was mended; a visitor that has asked it is in its pause."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.mended = threading.Event()

    def __call__(self) -> bool:
        """Say whether something was mended."""
        self.asked.set()
        return self.mended.is_set()


class Pause:
    """An operator's pause that is never there; who has asked for it twice stands in the queue, or was let in."""

    def __init__(self) -> None:
        self.asked: Counter[int | None] = Counter()

    def __call__(self) -> bool:
        """Say that there is none."""
        self.asked[threading.get_ident()] += 1
        return False


@pytest.fixture(autouse=True)
def _everybody_leaves() -> Iterator[None]:
    """Let nobody stay: who says later that its request was accepted speaks in another test's log."""
    yield
    for visitor in Visitor.everybody:
        visitor.leaves()
    until(lambda: all(visitor.is_gone() for visitor in Visitor.everybody), "everybody being gone")
    Visitor.everybody.clear()


def lines(caplog: pytest.LogCaptureFixture, level: int, beginning: str) -> list[str]:
    said = [record for record in caplog.records if record.name == "sink.skyportal.gate" and record.levelno == level]
    return [record.getMessage() for record in said if record.getMessage().startswith(beginning)]


@pytest.fixture
def health() -> Health:
    health = Health()
    health.ready("start")
    return health


@pytest.fixture
def there() -> threading.Event:
    """Say whether SkyPortal answers a probe."""
    return threading.Event()


@pytest.fixture
def gate(health: Health, there: threading.Event) -> Gate:
    return Gate(health, probe=there.is_set, longest_pause_s=0.05)


def test_while_skyportal_answers_everybody_passes(gate: Gate) -> None:
    visitors = [Visitor(gate) for _ in range(3)]

    assert all(visitor.let_in.wait(PATIENCE_S) for visitor in visitors)
    assert gate.closed_for_s == 0


def test_a_failure_closes_it_until_a_real_request_was_accepted(
    gate: Gate, health: Health, there: threading.Event
) -> None:
    gate.failed("it is away")
    assert health.readyz() == (503, "skyportal: it is away\n")
    there.set()
    visitors = [Visitor(gate) for _ in range(3)]
    the_trier = next(visitor for visitor in visitors * 1000 if visitor.let_in.wait(0.02))
    assert [visitor.let_in.is_set() for visitor in visitors].count(True) == 1
    assert gate.closed_for_s > 0

    the_trier.goes(gate.passed)

    assert all(visitor.let_in.wait(PATIENCE_S) for visitor in visitors)
    assert health.readyz() == (200, "ok\n")


def test_nobody_is_let_in_before_a_probe_was_answered(gate: Gate, there: threading.Event) -> None:
    gate.failed("it is away")
    visitor = Visitor(gate)
    assert not visitor.let_in.wait(0.3)

    there.set()

    assert visitor.let_in.wait(PATIENCE_S)


def test_what_is_said_last_is_true_though_a_thread_is_slow_to_say_it() -> None:
    says, may_say = threading.Event(), threading.Event()

    class Slow(Health):
        def unready(self, part: str, reason: str) -> None:
            says.set()
            assert may_say.wait(PATIENCE_S)
            super().unready(part, reason)

    health = Slow()
    health.ready("start")
    gate = Gate(health, probe=lambda: True, longest_pause_s=0.05)
    closing = threading.Thread(target=gate.failed, args=["it is away"], daemon=True)
    closing.start()
    assert says.wait(PATIENCE_S)
    visitor = Visitor(gate)
    visitor.may_go.set()
    assert not visitor.let_in.wait(0.5)

    may_say.set()

    until(visitor.is_gone, "the gate being opened")
    assert not closing.is_alive()
    assert health.readyz() == (200, "ok\n")


@pytest.mark.parametrize("leave", ["step back", "give up"])
def test_who_leaves_lets_another_try(leave: str, gate: Gate, there: threading.Event) -> None:
    gate.failed("it is away")
    if leave == "step back":
        there.set()
    first = Visitor(gate)
    if leave == "step back":
        assert first.let_in.wait(PATIENCE_S)
    second = Visitor(gate)
    if leave == "step back":
        assert not second.let_in.wait(0.3)
        first.goes(gate.step_back)
    else:
        first.gave_up.set()
        there.set()

    assert second.let_in.wait(PATIENCE_S)


def test_the_reason_is_always_the_latest(gate: Gate, health: Health) -> None:
    gate.failed("first")
    gate.failed("second")

    assert health.readyz() == (503, "skyportal: second\n")


def test_who_fails_queues_again_behind_the_others(health: Health) -> None:
    pause = Pause()
    gate = Gate(health, probe=lambda: True, longest_pause_s=0.05, paused=pause)
    gate.failed("it is away")
    first = Visitor(gate)
    assert first.let_in.wait(PATIENCE_S)
    second = Visitor(gate)
    until(lambda: pause.asked[second.number] > 1, "the second one queueing")
    assert not second.let_in.is_set()

    first.goes(lambda: gate.failed("only this one fails"))
    first_again = Visitor(gate)

    assert second.let_in.wait(PATIENCE_S)
    assert not first_again.let_in.wait(0.3)
    second.goes(gate.passed)
    assert first_again.let_in.wait(PATIENCE_S)


@pytest.fixture
def mender() -> Mender:
    return Mender()


@pytest.fixture
def patient(health: Health, there: threading.Event, mender: Mender) -> Gate:
    """Give a gate that, once halted, tries by itself only when a test is long over."""
    return Gate(health, probe=there.is_set, longest_pause_s=0.05, halted_pause_s=NEVER_S, mended=mender)


def test_what_has_halted_it_is_one_error_and_the_reason_for_being_unready(
    gate: Gate, health: Health, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        gate.halt("change the token")

    assert lines(caplog, logging.ERROR, "halted") == ["halted: change the token"]
    assert health.readyz() == (503, "skyportal: change the token\n")
    assert gate.halted
    assert gate.closed_for_s > 0


def test_while_it_is_halted_one_of_all_tries_and_then_nobody_for_a_pause(health: Health) -> None:
    tries: list[float] = []

    def probe() -> bool:
        tries.append(time.monotonic())
        gate.halt("change the token")
        return False

    gate = Gate(health, probe=probe, longest_pause_s=0.01, halted_pause_s=0.6)
    began = time.monotonic()
    gate.halt("change the token")
    visitors = [Visitor(gate) for _ in range(4)]
    until(lambda: len(tries) >= 4, "four tries")
    for visitor in visitors:
        visitor.gives_up()

    moments = [began, *tries]
    assert all(later - earlier >= 0.3 for earlier, later in pairwise(moments))


def test_once_it_is_mended_an_accepted_write_ends_the_halt(
    patient: Gate, health: Health, there: threading.Event, mender: Mender, caplog: pytest.LogCaptureFixture
) -> None:
    patient.halt("change the token")
    visitor = Visitor(patient)
    assert mender.asked.wait(PATIENCE_S)
    assert not visitor.let_in.is_set()
    there.set()
    mender.mended.set()
    assert visitor.let_in.wait(PATIENCE_S)
    assert patient.halted

    visitor.goes(patient.passed)

    assert not patient.halted
    assert health.readyz() == (200, "ok\n")
    assert len(lines(caplog, logging.WARNING, "not halted any more")) == 1


def test_who_says_that_it_is_mended_ends_the_pause(patient: Gate, there: threading.Event, mender: Mender) -> None:
    patient.halt("change the token")
    visitor = Visitor(patient)
    assert mender.asked.wait(PATIENCE_S)
    there.set()
    assert not visitor.let_in.wait(0.3)

    patient.go_on()

    assert visitor.let_in.wait(PATIENCE_S)


def test_what_is_said_during_a_try_is_not_lost(health: Health) -> None:
    answers = [threading.Event(), threading.Event()]
    asked = [threading.Event(), threading.Event()]
    number = iter(range(2))
    mender = Mender()

    def probe() -> bool:
        mine = next(number)
        asked[mine].set()
        answers[mine].wait(PATIENCE_S)
        return mine == 1  # the first was sent before it was mended

    gate = Gate(health, probe=probe, longest_pause_s=0.05, halted_pause_s=NEVER_S, mended=mender)
    gate.halt("change the token")
    visitor = Visitor(gate)
    assert mender.asked.wait(PATIENCE_S)
    gate.go_on()
    assert asked[0].wait(PATIENCE_S)

    gate.go_on()
    for answer in answers:
        answer.set()

    assert visitor.let_in.wait(PATIENCE_S)


def test_who_was_let_in_may_read_as_often_as_it_likes_before_it_writes(health: Health) -> None:
    probes = []

    def probe() -> bool:
        probes.append(time.monotonic())
        return True

    gate = Gate(health, probe=probe, longest_pause_s=0.05, halted_pause_s=0.1)
    gate.halt("change the token")

    assert all(gate.enter(lambda: False) for _ in range(20))

    assert len(probes) == 1
    gate.passed()
    assert not gate.halted


def test_what_the_guard_has_stopped_goes_on_only_when_somebody_says_so(
    gate: Gate, health: Health, there: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    there.set()
    for _ in range(3):
        gate.guard("too many refusals")
    visitors = [Visitor(gate) for _ in range(3)]
    gate.passed()  # of a request that was under way
    assert not any(visitor.let_in.wait(0.2) for visitor in visitors)
    assert gate.halted
    assert health.readyz() == (503, "guard: too many refusals\n")
    assert lines(caplog, logging.ERROR, "halted") == ["halted: too many refusals"]

    gate.go_on()

    assert all(visitor.let_in.wait(PATIENCE_S) for visitor in visitors)
    assert not gate.halted
    assert health.readyz() == (200, "ok\n")


def test_an_outage_does_not_make_the_guard_forget_and_going_on_does_not_end_the_outage(
    gate: Gate, health: Health, there: threading.Event
) -> None:
    gate.guard("too many refusals")
    gate.failed("it is away")
    assert health.readyz() == (503, "guard: too many refusals\nskyportal: it is away\n")
    there.set()
    visitor = Visitor(gate)
    assert not visitor.let_in.wait(0.3)

    gate.go_on()

    assert visitor.let_in.wait(PATIENCE_S)
    assert health.readyz() == (503, "skyportal: it is away\n")
    visitor.goes(gate.passed)
    assert health.readyz() == (200, "ok\n")


@pytest.mark.parametrize("stopped_by", ["guard", "halt", "failed"])
def test_who_leaves_need_not_wait_for_anything(stopped_by: str, patient: Gate) -> None:
    getattr(patient, stopped_by)("nobody is let in")
    visitor = Visitor(patient)

    visitor.gives_up()


def test_an_outage_is_one_line_however_often_its_reason_changes(
    gate: Gate, health: Health, there: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(10):
        gate.failed(f"reason {number}")
    assert lines(caplog, logging.WARNING, "") == ["skyportal is away: reason 0"]
    assert health.readyz() == (503, "skyportal: reason 9\n")
    there.set()
    visitor = Visitor(gate)
    assert visitor.let_in.wait(PATIENCE_S)

    visitor.goes(gate.passed)
    gate.passed()

    assert [line.partition(" after_s")[0] for line in lines(caplog, logging.WARNING, "")] == [
        "skyportal is away: reason 0",
        "skyportal is back",
    ]
    assert lines(caplog, logging.ERROR, "") == []


def test_an_outage_that_turns_out_to_be_a_wrong_set_up_is_said_and_so_is_the_other_way_round(
    patient: Gate, there: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    patient.failed("it is away")
    assert not patient.halted
    patient.halt("change the token")
    assert patient.halted
    patient.failed("it is away again")
    assert not patient.halted

    assert lines(caplog, logging.WARNING, "skyportal is away") == [
        "skyportal is away: it is away",
        "skyportal is away: it is away again",
    ]
    assert lines(caplog, logging.ERROR, "") == ["halted: change the token"]
    there.set()
    assert Visitor(patient).let_in.wait(PATIENCE_S)  # an outage is tried soon, whatever it was before


def test_what_was_under_way_before_does_not_open_it(patient: Gate, mender: Mender) -> None:
    assert patient.enter(lambda: False)
    patient.halt("change the token")
    visitor = Visitor(patient)
    assert mender.asked.wait(PATIENCE_S)

    patient.passed()  # sent before the token was refused

    assert patient.halted
    assert not visitor.let_in.is_set()
