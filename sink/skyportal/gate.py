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
MOST_OTHERS = 20
"""More tries than there are workers. If so many others were accepted, nobody has anything for the halted endpoint."""


class Gate:
    """Lets requests pass while SkyPortal answers. Thread-safe.

    One failure closes it for everybody. Then one worker at a time waits, probes, and sends its real request: only an
    accepted write opens the gate, since a database that cannot be written to answers a probe. Who fails queues again
    behind the others: what keeps failing may be that one request, and not SkyPortal.

    An outage is tried again soon, then ever more rarely. Where the set-up is wrong the sink is *halted*: one try a
    minute, or as soon as somebody has mended it; only the endpoint that halted it shows that it is mended. What the
    guard has stopped goes on only when somebody says so. While the operator has paused the sinks nobody even probes.
    """

    def __init__(
        self,
        health: Health,
        *,
        probe: Callable[[], bool],
        longest_pause_s: float,
        halted_pause_s: float = 60.0,
        mended: Callable[[], bool] = lambda: False,
        paused: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``probe`` asks SkyPortal for something that needs the token and the database, and says if it was given.

        ``mended`` says whether something has changed since it was asked last, so that it is worth trying at once;
        ``paused`` whether the operator wants nothing to be sent; patience is measured by ``clock``, which stands still
        meanwhile.
        """
        self._health = health
        self._probe = probe
        self._longest = longest_pause_s
        self._halted_pause = halted_pause_s
        self._mended = mended
        self.paused = paused
        self.clock = clock
        self._changed = threading.Condition()
        self._closed_at: float | None = None
        self._halted = False
        self._halted_by = ""
        self._until_accepted = False
        self._others_passed = 0
        self._guarded = False
        self._closings = 0
        self._entered: dict[int, int] = {}
        """By thread, how often the gate had been closed when it was let in."""
        self._queue: deque[int] = deque()
        """Threads that wait; the first one tries."""
        self._let_in: int | None = None
        """The first one, once its probe was answered: it may ask more before it writes."""
        self._ceiling = FIRST_PAUSE_S
        self._pushed = False

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
            if self._guarded:
                self._mended()
            paused = self.paused()
            with self._changed:
                if paused:
                    self._pushed = not self._is_open()  # afterwards it is worth trying at once
                    self._ceiling = FIRST_PAUSE_S
                if paused or self._guarded:
                    self._changed.wait(LOOK_EVERY_S)
                    continue
                if self._is_open() or self._let_in == me:
                    self._entered[me] = self._closings
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
            if not self._is_open() and not self.paused() and self._probe():
                with self._changed:
                    self._let_in = None if self._is_open() else me
        self.step_back()
        return False

    def tend(self, given_up: Callable[[], bool]) -> None:
        """Find out whether SkyPortal is back where nobody has anything to send; until ``given_up`` becomes true.

        Then a probe must do: there is nothing to write.
        """
        if not self._is_open() and not self._guarded and not self._queue and self.enter(given_up):
            self.passed(self._halted_by)

    def passed(self, endpoint: str = "", *, accepted: bool = True) -> None:
        """Note that SkyPortal accepted a request or refused it for what it said: it is there.

        A request from before the gate was closed says nothing, nor does another endpoint than the one that halted us.
        """
        with self._changed:
            if self._closed_at is None or self._entered.get(threading.get_ident()) != self._closings:
                return
            another = self._halted_by not in {"", endpoint} and self._others_passed < MOST_OTHERS
            if self._halted and (another or (self._until_accepted and not accepted)):
                self._others_passed += 1
                self._leave_the_queue()
                return
            what = "not halted any more" if self._halted else "skyportal is back"
            log.warning("%s after_s=%.1f", what, time.monotonic() - self._closed_at)
            self._closed_at = self._let_in = None
            self._halted, self._halted_by = False, ""
            self._queue.clear()
            self._ceiling = FIRST_PAUSE_S
            self._changed.notify_all()
            self._health.ready(PART)  # before anybody closes it again, and says why

    def failed(self, reason: str) -> None:
        """Close the gate for an outage; ``reason`` is a sentence for whoever asks why nothing flows."""
        self._close(reason, halted=False)

    def halt(self, reason: str, endpoint: str = "", *, until_accepted: bool = False) -> None:
        """Close the gate until somebody mends what ``reason`` names; ``endpoint`` is that of the refused write.

        ``until_accepted``: another refusal for what a request says does not open it.
        """
        with self._changed:
            self._halted_by, self._others_passed = endpoint, 0
            self._until_accepted = until_accepted
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
            self._pushed = True
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
            self._halted = halted
            self._closings += 1
            self._leave_the_queue()
            if news and halted:
                log.error("halted: %s", reason)
            elif news:
                log.warning("skyportal is away: %s", reason)
            self._health.unready(PART, reason)

    def _pause(self, seconds: float, given_up: Callable[[], bool]) -> bool:
        """Wait, unless somebody has mended something or the gate is open; say whether the caller still wants in."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self._pushed and not self._is_open():
            if given_up():
                return False
            if self._halted and self._mended():
                break
            with self._changed:
                self._changed.wait(min(left, LOOK_EVERY_S))
        self._pushed = False
        return True

    def _leave_the_queue(self) -> None:
        me = threading.get_ident()
        if self._let_in == me:
            self._let_in = None
        if me in self._queue:
            self._queue.remove(me)
            self._changed.notify_all()

    def _is_open(self) -> bool:
        return self._closed_at is None
