"""The services of docker-compose.yml, as one project of their own."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from containers.engine import Broken, compose_command, docker, environment, inspect, run
from demo.kafka.ports import free_ports

NO_SETTINGS = "deploy/compose/demo/demo.env"
LOOK_EVERY_S = 1.0
ANSWER_S = 10.0

Found = TypeVar("Found")


class Stack:
    """A project with ports and volumes that nobody else has."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Start nothing yet. Raises `Broken` if there is no engine."""
        kafka, prometheus, grafana, skyportal = map(str, free_ports(4))
        self.page = f"http://127.0.0.1:{skyportal}"
        self.prometheus_address = f"http://127.0.0.1:{prometheus}"
        self._environment = environment(
            {
                "KAFKA_PORT": kafka,
                "PROMETHEUS_PORT": prometheus,
                "GRAFANA_PORT": grafana,
                "SKYPORTAL_PORT": skyportal,
                **settings,
            }
        )
        name = f"fink-skyportal-test-{os.getpid()}"
        self._words = [*compose_command(), "--project-name", name, "--env-file", NO_SETTINGS, "--profile", "demo"]

    def compose(
        self, *arguments: str, settings: Mapping[str, str] | None = None, ends_with: tuple[int, ...] = (0,)
    ) -> str:
        """Return what a command of Compose prints. Raises `Broken` if its status is none of ``ends_with``."""
        return run(
            [*self._words, *arguments], environment={**self._environment, **(settings or {})}, ends_with=ends_with
        )

    def up(self, services: Sequence[str], sinks: int) -> None:
        """Start the services, and return when what they wait for is there."""
        self.compose("up", "--detach", "--no-build", "--scale", f"sink={sinks}", *services)

    def containers(self, service: str) -> list[dict[str, Any]]:
        """Return what the engine knows of the service's containers, those too that have ended."""
        names = self.compose("ps", "--all", "--quiet", service).split() if service else []
        return inspect(*names) if names else []

    def inside(self, service: str, *command: str, ends_with: tuple[int, ...] = (0,)) -> str:
        """Return what a command prints in the first container of a running service."""
        return self.compose("exec", "-T", service, *command, ends_with=ends_with)

    def fink(self, *arguments: str, ends_with: tuple[int, ...] = (0,)) -> str:
        """Return what a command of the demo prints, in a container of its own."""
        return self.compose("run", "--rm", "-T", "--no-deps", "demo-fink", *arguments, ends_with=ends_with)

    def status(self) -> dict[str, Any]:
        """Return what `python -m sink status` finds."""
        found: dict[str, Any] = json.loads(self.inside("sink", "python", "-m", "sink", "status", "--json"))
        return found

    def skyportal(self, path: str) -> Any:
        """Return what the demo's SkyPortal says behind the scenes."""
        return _get(f"{self.page}/_control/{path}")

    def prometheus(self, path: str) -> Any:
        """Return what Prometheus answers."""
        return _get(f"{self.prometheus_address}/api/v1/{path}")["data"]

    def crash(self, container: str) -> None:
        """Kill what runs in a container from within, as a crash does: the engine sees that it ended."""
        # Of the init process, which is the first: its child ends, and it with it.
        killing = (
            "import os, pathlib, signal; "
            "[os.kill(int(one.name), signal.SIGKILL) for one in pathlib.Path('/proc').iterdir() "
            "if one.name.isdecimal() and int(one.name) not in (1, os.getpid())]"
        )
        docker("exec", container, "python", "-c", killing)

    def end(self) -> None:
        """Remove containers, networks and volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")


def until(what: str, look: Callable[[], Found], *, within_s: float) -> Found:
    """Return what ``look`` finds as soon as it is not false. Raises `Broken` after ``within_s``, naming ``what``."""
    deadline = time.monotonic() + within_s
    while True:
        last = ""
        try:
            if found := look():
                return found
        except (OSError, Broken) as error:
            last = f": {error}"
        if time.monotonic() > deadline:
            raise Broken(f"waited {within_s:.0f} s in vain for {what}{last}")
        time.sleep(LOOK_EVERY_S)


def _get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=ANSWER_S) as answer:  # noqa: S310  # our own
        return json.loads(answer.read())
