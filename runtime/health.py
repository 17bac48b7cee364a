"""``/metrics`` for Prometheus, ``/healthz`` and ``/readyz`` for whoever restarts and routes."""

import errno
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, disable_created_metrics, generate_latest

LONGEST_TURN_S = 60.0
"""A loop that has not turned for this long hangs. Longer than the longest wait of any step."""


class PortTaken(Exception):
    """The port for metrics cannot be listened on: another program does, or it is not ours to take."""


class Health:
    """What a process says of itself. ``/healthz`` asks only whether its loop turns, never whether others are up.

    A process is ready while nobody has given a reason why it is not. Thread-safe.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._reasons = {"start": "starting"}
        self._remarks: dict[str, str] = {}
        self._turned: float | None = None

    def turned(self) -> None:
        """Say that the loop has made a turn."""
        self._turned = self._clock()

    def ready(self, part: str) -> None:
        """Say that ``part`` no longer keeps the process from working."""
        with self._lock:
            self._reasons.pop(part, None)
            self._remarks.pop(part, None)

    def remark(self, part: str, sentence: str) -> None:
        """Say what ``/readyz`` is to show of a process that works all the same."""
        with self._lock:
            self._remarks[part] = sentence

    def unready(self, part: str, reason: str) -> None:
        """Say why the process cannot work: a sentence that says what to change."""
        with self._lock:
            self._reasons[part] = reason

    def healthz(self) -> tuple[int, str]:
        """Return HTTP status and text of ``/healthz``."""
        if self._turned is None:
            return 200, "starting\n"
        idle = self._clock() - self._turned
        if idle > LONGEST_TURN_S:
            return 503, f"the loop has not turned for {idle:.0f} s\n"
        return 200, "ok\n"

    @property
    def is_ready(self) -> bool:
        """Whether ``/readyz`` answers 200."""
        return not self._reasons

    def readyz(self) -> tuple[int, str]:
        """Return HTTP status and text of ``/readyz``: a line for each reason, then one for each remark."""
        with self._lock:
            reasons = [f"{part}: {reason}\n" for part, reason in sorted(self._reasons.items())]
            remarks = [f"{part}: {remark}\n" for part, remark in sorted(self._remarks.items())]
        return 503 if reasons else 200, "".join([*(reasons or ["ok\n"]), *remarks])

    def remarks(self) -> str:
        """Return in one line what keeps the process from working, and what it remarks; empty if nothing."""
        with self._lock:
            found = [*sorted(self._reasons.items()), *sorted(self._remarks.items())]
        return "; ".join(f"{part}: {sentence}" for part, sentence in found)


class HealthServer:
    """The HTTP server of one process, on a thread of its own."""

    def __init__(self, health: Health, *, host: str, port: int, port_variable: str) -> None:
        """Listen at once; port 0 takes any free port. Raises `PortTaken`, naming ``port_variable``."""
        try:
            self._server = _Server((host, port), _handler(health))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            what = "is taken by another program" if taken else f"cannot be listened on ({error.strerror})"
            raise PortTaken(f"{host}:{port} {what}: set {port_variable} to a free port, or to 0 for any") from error
        self._server.daemon_threads = True
        disable_created_metrics()  # type: ignore[no-untyped-call]  # else each counter has a second series
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # that who asked has gone is nobody's concern
            super().handle_error(request, client_address)


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._say(*health.healthz())
            elif path == "/readyz":
                self._say(*health.readyz())
            else:
                self._say(404, "there are /metrics, /healthz and /readyz\n")

        def _say(self, status: int, text: str) -> None:
            self._answer(status, text.encode(), "text/plain; charset=utf-8")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            """Say nothing: a line per scrape would bury everything else."""

    return Handler
