"""A sink as an operator starts it, and what it takes of the machine."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import psutil

from benchmarks.sink.contestant import Lost
from benchmarks.sink.local_topic import LocalTopic
from benchmarks.sink.portal import Parts
from demo.skyportal.process import SkyPortal

LEAVING_S = 30.0
PATIENCE_S = 60.0

_OWN = ("FINK_", "KAFKA_", "PROCESSOR_", "SINK_", "SKYPORTAL_")
_LOG_LINES = 20
_LOOK_EVERY_S = 0.05


class Sink:
    """One ``python -m sink run``, with default settings but for where everything is."""

    def __init__(
        self, topic: LocalTopic, portal: SkyPortal, parts: Parts, folder: Path, settings: Mapping[str, str]
    ) -> None:
        """Keep log and routes in ``folder``, which is the sink's own; ``settings`` are what is no default."""
        folder.mkdir()
        routes = folder / "routes.toml"
        routes.write_text(f"[defaults]\nparts = {list(parts.parts)}\n")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": topic.bootstrap_servers,
            "KAFKA_TOPIC": topic.name,
            "SKYPORTAL_URL": portal.url,
            "SKYPORTAL_TOKEN": portal.token,
            "SINK_GROUP_ID": topic.group,
            "SINK_ROUTES": str(routes),
            "SINK_METRICS_PORT": "0",
        }
        self._log = folder / "log"
        with self._log.open("wb") as opened:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sink", "run"],
                env={**inherited, **own, **settings},
                stdin=subprocess.DEVNULL,
                stdout=opened,
                stderr=opened,
            )
        self._port = 0

    @property
    def requests_per_s(self) -> float:
        """How many requests it lets itself send in a second."""
        return self.metric("sink_request_rate")

    def check(self) -> None:
        """Raise `Lost` if it has ended."""
        if self._process.poll() is not None:
            raise self.lost(f"a sink has ended with status {self._process.returncode}")

    def lost(self, what: str) -> Lost:
        """Return an error that says what has happened, and the end of the log."""
        said = "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        return Lost(f"{what}\n--- the sink said:\n{said}")

    def metric(self, name: str) -> float:
        """Return one of its metrics, labels included in its name; 0 if it has none yet. Raises `Lost`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port()}/metrics", timeout=PATIENCE_S) as answer:
            lines = [line.rpartition(" ") for line in answer.read().decode().splitlines()]
        return sum(float(value) for found, _, value in lines if found == name)

    def rss_mb(self) -> float:
        """Return the memory that it has now, in megabytes."""
        return float(psutil.Process(self._process.pid).memory_info().rss / 1e6)

    def threads(self) -> int:
        """Return how many threads it has."""
        return int(psutil.Process(self._process.pid).num_threads())

    def sockets(self) -> int:
        """Return how many sockets it has open."""
        return len(psutil.Process(self._process.pid).net_connections())

    def stop(self) -> None:
        """Let it commit what is settled and leave."""
        self._process.terminate()
        try:
            self._process.wait(LEAVING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _metrics_port(self) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while not self._port:
            if found := re.search(r"metrics_port=(\d+)", self._log.read_text(errors="replace")):
                self._port = int(found.group(1))
                break
            self.check()
            if time.monotonic() > deadline:
                raise self.lost("a sink does not start")
            time.sleep(_LOOK_EVERY_S)
        return self._port
