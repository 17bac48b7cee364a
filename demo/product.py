"""The product's processes, as an operator runs them: commands and environment, each with a log of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PATIENCE_S = 20.0


class Process:
    """One ``python -m`` command; it is ended when the demo ends."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], env=os.environ | environment, stdout=log, stderr=log
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """See that it ends."""
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()


def processor(survey: str, topics: tuple[str, ...], bootstrap_servers: str, logs: Path) -> Process:
    """Start the processor of one survey."""
    environment = {
        "FINK_SURVEY": survey,
        "FINK_SERVERS": bootstrap_servers,
        "FINK_TOPICS": ",".join(topics),
        "FINK_GROUP_ID": f"demo-{survey}",
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "PROCESSOR_METRICS_PORT": "0",
    }
    return Process(f"processor-{survey}", ["processor", "run"], environment, logs)


def sink(number: int, bootstrap_servers: str, url: str, token: str, logs: Path) -> Process:
    """Start one of the sinks."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "SKYPORTAL_URL": url,
        "SKYPORTAL_TOKEN": token,
        "SINK_METRICS_PORT": "0",
    }
    return Process(f"sink-{number}", ["sink", "run"], environment, logs)
