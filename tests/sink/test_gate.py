"""Closed while SkyPortal is away: who tries, and who waits."""

import threading
from collections.abc import Callable

import pytest

from runtime.health import Health
from sink.gate import Gate

PATIENCE_S = 60.0


class Visitor:
    """A worker that wants to send, on a thread of its own."""

    def __init__(self, gate: Gate) -> None:
        self.let_in = threading.Event()
        self.gave_up = threading.Event()
        self.may_go = threading.Event()
        self._gate = gate
        self._then: Callable[[], object] = gate.passed
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self._thread.start()

    def goes(self, then: Callable[[], object]) -> None:
        """Say how the request went, and end."""
        self._then = then
        self.may_go.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _visit(self) -> None:
        if self._gate.enter(self.gave_up.is_set):
            self.let_in.set()
            self.may_go.wait(PATIENCE_S)
            self._then()


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


def test_who_fails_queues_again_behind_the_others(gate: Gate, there: threading.Event) -> None:
    gate.failed("it is away")
    there.set()
    first = Visitor(gate)
    assert first.let_in.wait(PATIENCE_S)
    second = Visitor(gate)
    assert not second.let_in.wait(1)  # long enough for it to queue

    first.goes(lambda: gate.failed("only this one fails"))
    first_again = Visitor(gate)

    assert second.let_in.wait(PATIENCE_S)
    assert not first_again.let_in.wait(0.3)
    second.goes(gate.passed)
    assert first_again.let_in.wait(PATIENCE_S)
