"""One connection to SkyPortal, kept open, and the pace that several of them share. Light: the time is SkyPortal's."""

import http.client
import json
import threading
import time
from typing import Any

from benchmarks.sink.account import ACCEPTED, REFUSED
from sink.skyportal.client import Request

TIMEOUT_S = 65.0

REFUSED_PAUSE_S = 0.2
"""SkyPortal's limit forgives one request in that time."""


class Failed(Exception):
    """SkyPortal answered something that is neither an acceptance nor a 429."""


class Stopped(Exception):
    """Nothing more is to be sent."""


class Pace:
    """Requests at equal distances. Thread-safe."""

    def __init__(self, per_second: float = 0) -> None:
        """Let so many requests begin in a second; 0: any number."""
        self._apart = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may begin."""
        if not self._apart:
            return
        with self._lock:
            mine = max(time.monotonic(), self._next)
            self._next = mine + self._apart
        time.sleep(max(0.0, mine - time.monotonic()))


UNHURRIED = Pace()


class Connection:
    """One request at a time, in one connection that stays open. Used by one thread."""

    def __init__(self, url: str, token: str, *, pace: Pace = UNHURRIED, stop: threading.Event | None = None) -> None:
        self._connection = http.client.HTTPConnection(url.partition("://")[2], timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        self._pace = pace
        self._stop = stop or threading.Event()

    def ask(self, request: Request) -> Any:
        """Send ``request`` until the limit lets it pass; return the answer's data.

        Raises `Failed`, and `Stopped` before a request that would begin after the end.
        """
        body = None if request.body is None else json.dumps(request.body).encode()
        while True:
            self._pace.wait()
            if self._stop.is_set():
                raise Stopped
            self._connection.request(request.method, request.path, body, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
            if answer.status == ACCEPTED:
                return json.loads(text)["data"]
            if answer.status != REFUSED:
                raise Failed(f"{request.endpoint}: {answer.status} {text[:500].decode(errors='replace')}")
            self._stop.wait(REFUSED_PAUSE_S)

    def get(self, path: str) -> Any:
        """Return the data at ``path``."""
        return self.ask(Request(method="GET", path=path))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
