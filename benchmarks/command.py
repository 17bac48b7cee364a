"""One of the project's commands, started as an operator starts it: its log, and its end."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

LEAVING_S = 30.0

_SETTINGS = ("FINK_", "KAFKA_", "PROCESSOR_", "SINK_", "SKYPORTAL_")
_LOG_LINES = 20


class Command:
    """``python -m <arguments>`` with ``settings``, and with none of those that are set outside."""

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        self.log = log
        with log.open("wb") as opened:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env={**inherited, **settings},
                stdin=subprocess.DEVNULL,
                stdout=opened,
                stderr=opened,
            )

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    @property
    def account(self) -> psutil.Process:
        """What it takes of the machine."""
        return psutil.Process(self.process.pid)

    def stop(self) -> None:
        """Let it finish what is under way and leave its group."""
        self.process.terminate()
        try:
            self.process.wait(LEAVING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
