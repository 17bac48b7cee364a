"""The project's own commands, started as an operator starts them."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

PATIENCE_S = 120.0
"""For the end of a process, where a test is not about how long that takes."""

LEAVING_S = 30.0
"""That a pod has to leave in. What the process would have to wait for takes longer in every test."""


class Command:
    """One running command of the project's; its log is kept for the assertion that fails."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # `close` closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,  # a service has no terminal
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        """Everything that the command has said so far."""
        # Not by seek and read: the command writes where we would have left off, for it shares the file's position.
        log = self._log.fileno()
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")

    def close(self) -> None:
        """End it if it still runs, and forget what it said."""
        if self.process.poll() is None:
            self.kill()
        self._log.close()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def freeze(self) -> None:
        """Let it do nothing more, until `thaw` or `kill`."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self, patience_s: float = PATIENCE_S) -> int:
        """Ask it to stop, and return its exit status."""
        self.ask_to_stop()
        return self.process.wait(patience_s)

    def ended(self, patience_s: float = PATIENCE_S) -> int:
        """Wait for its end, and return its exit status."""
        return self.process.wait(patience_s)


@contextmanager
def running(arguments: list[str], environment: Mapping[str, str]) -> Iterator[Command]:
    """Run ``python -m <arguments>`` until the block ends; what it said follows if the block fails."""
    command = Command(arguments, environment)
    try:
        yield command
    except BaseException:
        sys.stderr.write(f"--- {' '.join(arguments)} said:\n{command.output}\n")
        raise
    finally:
        command.close()
