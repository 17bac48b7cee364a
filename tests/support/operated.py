"""The product as an operator has it before him: what he types, and what the commands answer."""

import logging
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from typer.testing import CliRunner

from demo.skyportal.process import SkyPortal
from processor.__main__ import app as processor_app
from runtime.settings import NOT_SETTINGS
from sink.__main__ import app as sink_app
from support import processor, sink
from support.processes import PATIENCE_S, ROOT

APPS = {"sink": sink_app, "processor": processor_app}
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
PREFIXES = ("FINK_", "KAFKA_", "PROCESSOR_", "SINK_", "SKYPORTAL_")
HELP_COLUMNS = "80"

LOCAL_TOPIC, FINK_TOPIC = "fink.alerts.v1", "fink_sn_candidates_ztf"
"""As the README calls the topics, which have other names here."""

LONGEST_REQUEST = 116
"""Columns of a request that a dry run prints."""


class Operated:
    """One machine; everything that was answered is kept, in the names of the README instead of those of the test."""

    def __init__(self, broker: str, skyportal: SkyPortal) -> None:
        # As long as the names that the README has for them: tables keep their columns.
        self.topic = f"t{secrets.token_hex(8)}"[: len(LOCAL_TOPIC)]
        self.fink_topic = f"fink_{secrets.token_hex(8)[:13]}_ztf"
        self.skyportal = skyportal
        self.answers: dict[str, str] = {}
        named = {"SINK_GROUP_ID": f"sink-{self.topic}", "FINK_GROUP_ID": f"processor-{self.topic}"}
        self.settings = (
            processor.environment(broker, self.topic, self.fink_topic) | sink.environment(broker, self.topic, skyportal)
        ) | named
        del self.settings["SKYPORTAL_REQUESTS_PER_SECOND"]  # SkyPortal's limit is met, as by everybody
        self._names = {
            skyportal.url: "https://skyportal.example.org",
            broker: "localhost:9092",
            self.fink_topic: FINK_TOPIC,
            named["SINK_GROUP_ID"]: "fink-skyportal-sink",
            named["FINK_GROUP_ID"]: "fink-skyportal",
            self.topic: LOCAL_TOPIC,
        }

    def typed(self, command: str) -> None:
        """Run ``command`` in this process, and keep its answer."""
        _python, _m, program, *words = shlex.split(command)
        self.answers[command] = self._shown(answered(program, [self._real(word) for word in words], self.settings))

    def started(self, command: str) -> None:
        """Run ``command`` as a process of its own until it ends, and keep its answer."""
        clean = {name: value for name, value in os.environ.items() if name not in _strangers()}
        ended = subprocess.run(
            [sys.executable, *map(self._real, shlex.split(command)[1:])],
            cwd=ROOT,
            env=clean | self.settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        self.answers[command] = self._shown(ended.stdout)

    def _shown(self, text: str) -> str:
        assert self.skyportal.token not in text, "a command says the token"
        for real, shown in self._names.items():
            text = text.replace(real, shown)
        text = re.sub(r"\b[\w.-]+@[\w.-]+(?= since)", "anna@alerts", text)
        text = text.replace(f"  {socket.gethostname()}:", "  alerts:")
        text = re.sub(r"/\S*/kafka-\w+[\w/.-]*", "/var/lib/kafka", text)
        lines = (line.rstrip() for line in text.splitlines())
        return "\n".join(_cut(line) if line.startswith(("POST /", "PUT /")) else line for line in lines).strip("\n")

    def _real(self, word: str) -> str:
        for real, shown in self._names.items():
            word = word.replace(shown, real)
        return word


def answered(program: str, words: list[str], settings: Mapping[str, str]) -> str:
    """Return what ``python -m program words`` writes, from this process."""
    environment = {**_strangers(), **settings, "COLUMNS": HELP_COLUMNS if "--help" in words else "100"}
    with _own_log_and_signals():
        return CliRunner().invoke(APPS[program], words, env=environment, prog_name=f"python -m {program}").output


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_REQUEST else f"{line[:LONGEST_REQUEST]} …"


def _strangers() -> dict[str, None]:
    """Return the developer's own settings, to be taken away."""
    return dict.fromkeys(name for name in os.environ if name.startswith(PREFIXES) and name not in NOT_SETTINGS)


@contextmanager
def _own_log_and_signals() -> Iterator[None]:
    """Give back what a command takes for itself."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    heard = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for number, handler in heard.items():
            signal.signal(number, handler)
