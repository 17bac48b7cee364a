"""What a process does that is sent a signal, seen from outside."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.kafka import PATIENCE_S
from support.processes import ROOT

BEGIN = """
import threading
from runtime import log, signals
log.configure("INFO")
"""
WAIT = "print('ready', flush=True)\nthreading.Event().wait(60)\n"
LOOP = """
stop = threading.Event()
signals.leave_at_once()
signals.stop_on_signals(stop)
print("ready", flush=True)
while not stop.wait(0.05):
    pass
print("tidying", flush=True)
"""


@contextmanager
def program(text: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that says when it is ready."""
    child = subprocess.Popen(
        [sys.executable, "-c", BEGIN + text],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert says(child) == "ready"
        yield child
    finally:
        child.kill()
        child.communicate()


def says(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_at_the_start_a_signal_ends_the_process_in_order(number: signal.Signals) -> None:
    with program("signals.leave_at_once()\n" + WAIT) as child:
        child.send_signal(number)
        _, said = child.communicate(timeout=PATIENCE_S)

    assert child.returncode == 0
    assert f"stopped at the start signal={number.name}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_the_loop_to_end(number: signal.Signals) -> None:
    with program(LOOP) as child:
        child.send_signal(number)
        assert says(child) == "tidying"
        _, said = child.communicate(timeout=PATIENCE_S)

    assert child.returncode == 0
    assert said.count(f"stopping signal={number.name}") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_the_process_whatever_it_is_tidying(number: signal.Signals) -> None:
    with program(LOOP + "threading.Event().wait()\n") as child:
        child.send_signal(signal.SIGTERM)
        assert says(child) == "tidying"
        child.send_signal(number)
        child.communicate(timeout=PATIENCE_S)

    assert child.returncode == 128 + number


def test_a_hangup_is_heard_each_time_and_ends_nothing() -> None:
    text = """
heard = threading.Event()
signals.note_hangups(heard)
print("ready", flush=True)
for _ in range(2):
    heard.wait(60)
    heard.clear()
    print("heard", flush=True)
"""

    with program(text) as child:
        for _ in range(2):
            child.send_signal(signal.SIGHUP)
            assert says(child) == "heard"
        child.communicate(timeout=PATIENCE_S)

    assert child.returncode == 0
