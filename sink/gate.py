"""Closed while SkyPortal is away: nothing is sent, nothing is put aside, and one worker at a time tries."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable

from runtime.health import Health

log = logging.getLogger(__name__)

PART = "skyportal"
FIRST_PAUSE_S = 0.5


class Gate:
    """Lets requests pass while SkyPortal answers. Thread-safe.

    One failure closes it for everybody. Then one worker at a time waits, probes, and sends its real request: only an
    accepted write opens the gate, since a database that cannot be written to answers a probe. Who fails queues again
    behind the others: what keeps failing may be that one request, and not SkyPortal.
    """

    def __init__(self, health: Health, *, probe: Callable[[], bool], longest_pause_s: float) -> None:
        """``probe`` asks SkyPortal for something that needs the token and the database, and says if it was given."""
        self._health = health
        self._probe = probe
        self._longest = longest_pause_s
        self._changed = threading.Condition()
        self._closed_at: float | None = None
        self._reason = ""
        self._queue: deque[int] = deque()
        """Threads that wait; the first one tries."""
        self._ceiling = FIRST_PAUSE_S

    @property
    def closed_for_s(self) -> float:
        """Seconds since SkyPortal went away; 0 while it answers."""
        closed_at = self._closed_at
        return 0.0 if closed_at is None else time.monotonic() - closed_at

    def enter(self, given_up: Callable[[], bool]) -> bool:
        """Return True as soon as the caller may send; False if ``given_up`` becomes true before.

        Whoever enters says afterwards how it went: `passed` or `failed`; or `step_back`, if nothing was sent.
        """
        me = threading.get_ident()
        while not given_up():
            with self._changed:
                if self._closed_at is None:
                    return True
                if me not in self._queue:
                    self._queue.append(me)
                if self._queue[0] != me:
                    self._changed.wait(0.2)
                    continue
                pause = random.uniform(0.5, 1) * self._ceiling  # noqa: S311  # jitter
                self._ceiling = min(2 * self._ceiling, self._longest)
            if not self._pause(pause, given_up):
                break
            if self._probe():
                return True
        self.step_back()
        return False

    def passed(self) -> None:
        """Note that SkyPortal accepted a request or refused it for what it said: it is there."""
        with self._changed:
            if self._closed_at is None:
                return
            log.warning("skyportal is back after_s=%.1f", time.monotonic() - self._closed_at)
            self._closed_at = None
            self._queue.clear()
            self._ceiling = FIRST_PAUSE_S
            self._changed.notify_all()
        self._health.ready(PART)

    def failed(self, reason: str) -> None:
        """Close the gate; ``reason`` is a sentence for whoever asks why nothing flows."""
        with self._changed:
            news = reason != self._reason or self._closed_at is None
            if self._closed_at is None:
                self._closed_at = time.monotonic()
            self._reason = reason
            self._leave_the_queue()
        if news:
            log.warning("skyportal is away: %s", reason)
            self._health.unready(PART, reason)

    def _pause(self, seconds: float, given_up: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + seconds
        with self._changed:
            while (left := deadline - time.monotonic()) > 0:
                if given_up():
                    return False
                self._changed.wait(min(left, 0.2))
        return True

    def step_back(self) -> None:
        """Leave the trying to another worker."""
        with self._changed:
            self._leave_the_queue()

    def _leave_the_queue(self) -> None:
        if threading.get_ident() in self._queue:
            self._queue.remove(threading.get_ident())
            self._changed.notify_all()
