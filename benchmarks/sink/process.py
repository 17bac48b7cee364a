"""A sink as an operator starts it, and what it takes of the machine."""

import re
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from benchmarks.command import Command
from benchmarks.sink.contestant import Lost
from benchmarks.sink.local_topic import LocalTopic
from benchmarks.sink.portal import Parts
from demo.skyportal.process import SkyPortal

PATIENCE_S = 60.0

_LOOK_EVERY_S = 0.05


class Sink(Command):
    """One ``python -m sink run``, with default settings but for where everything is."""

    def __init__(
        self, topic: LocalTopic, portal: SkyPortal, parts: Parts, folder: Path, settings: Mapping[str, str]
    ) -> None:
        """Keep log and routes in ``folder``, which is the sink's own; ``settings`` are what is no default."""
        folder.mkdir()
        routes = folder / "routes.toml"
        routes.write_text(f"[defaults]\nparts = {list(parts.parts)}\n")
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": topic.bootstrap_servers,
            "KAFKA_TOPIC": topic.name,
            "SKYPORTAL_URL": portal.url,
            "SKYPORTAL_TOKEN": portal.token,
            "SINK_GROUP_ID": topic.group,
            "SINK_ROUTES": str(routes),
            "SINK_METRICS_PORT": "0",
        }
        super().__init__(["sink", "run"], {**own, **settings}, folder / "log")
        self._port = 0

    @property
    def requests_per_s(self) -> float:
        """How many requests it lets itself send in a second."""
        return self.metric("sink_request_rate")

    def check(self) -> None:
        """Raise `Lost` if it has ended."""
        if not self.runs:
            raise self.lost(f"a sink has ended with status {self.process.returncode}")

    def lost(self, what: str) -> Lost:
        """Return an error that says what has happened, and the end of the log."""
        return Lost(f"{what}\n--- the sink said:\n{self.last_words}")

    def metric(self, name: str) -> float:
        """Return one of its metrics, labels included in its name; 0 if it has none yet. Raises `Lost`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port()}/metrics", timeout=PATIENCE_S) as answer:
            lines = [line.rpartition(" ") for line in answer.read().decode().splitlines()]
        return sum(float(value) for found, _, value in lines if found == name)

    def rss_mb(self) -> float:
        """Return the memory that it has now, in megabytes."""
        return float(self.account.memory_info().rss / 1e6)

    def threads(self) -> int:
        """Return how many threads it has."""
        return int(self.account.num_threads())

    def sockets(self) -> int:
        """Return how many sockets it has open."""
        return len(self.account.net_connections())

    def _metrics_port(self) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while not self._port:
            if found := re.search(r"metrics_port=(\d+)", self.log.read_text(errors="replace")):
                self._port = int(found.group(1))
                break
            self.check()
            if time.monotonic() > deadline:
                raise self.lost("a sink does not start")
            time.sleep(_LOOK_EVERY_S)
        return self._port
