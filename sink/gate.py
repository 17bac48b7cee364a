"""Closed while SkyPortal is away, or refuses us: nothing is sent or put aside, and one worker at a time tries."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable

from runtime.health import Health

log = logging.getLogger(__name__)

PART = "skyportal"
GUARD = "guard"
FIRST_PAUSE_S = 0.5
LOOK_EVERY_S = 0.2


class Gate:
    """Lets requests pass while SkyPortal answers. Thread-safe.

    One failure closes it for everybody. Then one worker at a time waits, probes, and sends its real request: only an
    accepted write opens the gate, since a database that cannot be written to answers a probe. Who fails queues again
    behind the others: what keeps failing may be that one request, and not SkyPortal.

    An outage is tried again soon, then ever more rarely. Where the set-up is wrong the sink is *halted*: one try a
    minute, or as soon as somebody has mended it. What the guard has stopped goes on only when somebody says so.
    """

    def __init__(
        self,
        health: Health,
        *,
        probe: Callable[[], bool],
        longest_pause_s: float,
        halted_pause_s: float = 60.0,
        mended: Callable[[], bool] = lambda: False,
    ) -> None:
        """``probe`` asks SkyPortal for something that needs the token and the database, and says if it was given.

        ``mended`` says whether something has changed since it was asked last, so that it is worth trying at once.
        """
        self._health = health
        self._probe = probe
        self._longest = longest_pause_s
        self._halted_pause = halted_pause_s
        self._mended = mended
        self._changed = threading.Condition()
        self._closed_at: float | None = None
        self._reason = ""
        self._halted = False
        self._guarded = False
        self._queue: deque[int] = deque()
        """Threads that wait; the first one tries."""
        self._let_in: int | None = None
        """The first one, once its probe was answered: it may ask more before it writes."""
        self._ceiling = FIRST_PAUSE_S
        self._pushes = 0

    @property
    def closed_for_s(self) -> float:
        """Seconds since SkyPortal went away; 0 while it answers."""
        closed_at = self._closed_at
        return 0.0 if closed_at is None else time.monotonic() - closed_at

    @property
    def halted(self) -> bool:
        """Whether somebody has to do something before alerts flow again."""
        return self._guarded or (self._halted and self._closed_at is not None)

    def enter(self, given_up: Callable[[], bool]) -> bool:
        """Return True as soon as the caller may send; False if ``given_up`` becomes true before.

        Whoever enters says afterwards how it went: `passed`, `failed` or `halt`; or `step_back`, if it writes nothing.
        """
        me = threading.get_ident()
        while not given_up():
            with self._changed:
                if self._guarded:
                    self._changed.wait(LOOK_EVERY_S)
                    continue
                if self._closed_at is None or self._let_in == me:
                    return True
                if me not in self._queue:
                    self._queue.append(me)
                if self._queue[0] != me:
                    self._changed.wait(LOOK_EVERY_S)
                    continue
                ceiling = self._halted_pause if self._halted else self._ceiling
                pause = random.uniform(0.5, 1) * ceiling  # noqa: S311  # jitter
                self._ceiling = min(2 * self._ceiling, self._longest)
            if not self._pause(pause, given_up):
                break
            if self._probe():
                with self._changed:
                    self._let_in = me
                return True
        self.step_back()
        return False

    def passed(self) -> None:
        """Note that SkyPortal accepted a request or refused it for what it said: it is there."""
        with self._changed:
            if self._closed_at is None:
                return
            log.warning("skyportal is back after_s=%.1f", time.monotonic() - self._closed_at)
            self._closed_at = self._let_in = None
            self._halted = False
            self._queue.clear()
            self._ceiling = FIRST_PAUSE_S
            self._changed.notify_all()
        self._health.ready(PART)

    def failed(self, reason: str) -> None:
        """Close the gate for an outage; ``reason`` is a sentence for whoever asks why nothing flows."""
        self._close(reason, halted=False)

    def halt(self, reason: str) -> None:
        """Close the gate until somebody mends what ``reason`` names."""
        self._close(reason, halted=True)

    def guard(self, reason: str) -> None:
        """Let nobody in, whatever SkyPortal answers, until `go_on`."""
        with self._changed:
            if self._guarded:
                return
            self._guarded = True
        log.error("halted: %s", reason)
        self._health.unready(GUARD, reason)

    def go_on(self) -> None:
        """Try at once, because somebody has mended something."""
        with self._changed:
            self._guarded = False
            self._pushes += 1
            self._changed.notify_all()
        self._health.ready(GUARD)

    def step_back(self) -> None:
        """Leave the trying to another worker."""
        with self._changed:
            self._leave_the_queue()

    def _close(self, reason: str, *, halted: bool) -> None:
        with self._changed:
            news = self._closed_at is None or halted != self._halted
            if self._closed_at is None:
                self._closed_at = time.monotonic()
            self._reason, self._halted = reason, halted
            self._leave_the_queue()
        if news and halted:
            log.error("halted: %s", reason)
        elif news:
            log.warning("skyportal is away: %s", reason)
        self._health.unready(PART, reason)

    def _pause(self, seconds: float, given_up: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + seconds
        pushes = self._pushes
        while (left := deadline - time.monotonic()) > 0 and pushes == self._pushes:
            if given_up():
                return False
            if self._halted and self._mended():
                break
            with self._changed:
                self._changed.wait(min(left, LOOK_EVERY_S))
        return True

    def _leave_the_queue(self) -> None:
        me = threading.get_ident()
        if self._let_in == me:
            self._let_in = None
        if me in self._queue:
            self._queue.remove(me)
            self._changed.notify_all()
