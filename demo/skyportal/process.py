"""A stand-in SkyPortal as a child process: for tests, benchmarks and the demo."""

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from demo.skyportal.client import Control

LOOPBACK = "127.0.0.1"

START_S = 120.0
"""A child that has not said its port by then is killed."""

STOP_S = 20.0
"""And one that has not ended."""


class SkyPortal:
    """A server on a loopback port, and what a client needs to use it.

    The port and the tokens stay the same over ``kill`` and ``start``; the tables do not, unless ``data`` names a file
    for them: then ``stop`` keeps them, ``kill`` does not. ``filters`` are ``(name, group, stream)``, ``taxonomies`` are
    ``(name, version, classes)``. The child ends with this process, however that ends. ``start`` raises RuntimeError if
    the port or the file cannot be used.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = LOOPBACK,
        token: str = "",
        data: Path | None = None,
        whitelist: bool = False,
        service_times: bool = False,
        workers: int = 2,
        filters: Iterable[Sequence[str]] = (),
        taxonomies: Iterable[tuple[str, str, Sequence[str]]] = (),
    ) -> None:
        self.port = port
        self.token = token or str(uuid.uuid4())
        self.admin_token = str(uuid.uuid4())
        self._wishes = {
            "host": host,
            "data": str(data or ""),
            "whitelist": whitelist,
            "service_times": service_times,
            "workers": workers,
            "filters": [list(one) for one in filters],
            "taxonomies": [[name, version, list(classes)] for name, version, classes in taxonomies],
            "token": self.token,
            "admin_token": self.admin_token,
        }
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        if self._child is None:
            raise RuntimeError("SkyPortal is not running: start it first")
        return self._child.pid

    @property
    def url(self) -> str:
        """Return the address, without a path."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def control(self) -> Control:
        """Return the way behind the scenes."""
        return Control(self.url)

    def start(self) -> None:
        """Start the server and return when it answers."""
        if self._child is not None:
            raise RuntimeError(f"SkyPortal is running already, on {self.url}")
        child = subprocess.Popen(
            [sys.executable, "-m", "demo.skyportal"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        watchdog = threading.Timer(START_S, child.kill)
        watchdog.start()
        try:
            if child.stdin is None or child.stdout is None:
                raise RuntimeError("SkyPortal's process has no pipes")
            child.stdin.write(json.dumps({**self._wishes, "port": self.port}).encode() + b"\n")
            child.stdin.flush()
            said = json.loads(child.stdout.readline() or b'{"error": "its process ended, see standard error"}')
            if "error" in said:
                raise RuntimeError(f"SkyPortal does not start: {said['error']}")
        except BaseException:
            _end(child)
            raise
        finally:
            watchdog.cancel()
        self._child, self.port = child, said["port"]

    def kill(self) -> None:
        """End the server at once; open connections are reset. It can be started again, empty."""
        if self._child is not None:
            _end(self._child)
            self._child = None

    def stop(self) -> None:
        """End the server; its tables are kept if they have a file."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_S)
        self.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    child.wait()
