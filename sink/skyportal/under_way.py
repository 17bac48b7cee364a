"""Requests that SkyPortal has not answered yet: a partition is given away when none of them is for it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from sink.delivery.in_flight import InFlight
from sink.topic.offsets import Holding

STOOD_STILL_S = 5.0
"""Without a turn of the loop for so long, the process may have been frozen, its partitions given to others."""

NEWS_TAKE_S = 4.0
"""After it goes on: a heartbeat, its answer, and the callback. librdkafka sends one every three seconds."""


def since_boot() -> float:
    """Return seconds of a clock that goes on while the machine is suspended, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Withdrawn(Exception):
    """A partition was taken away or the process is leaving: nothing more is sent for these records."""


class UnderWay:
    """Counts the requests under way for each partition. Thread-safe."""

    def __init__(self, *, clock: Callable[[], float] = since_boot) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._requests: Counter[Holding] = Counter()
        self._turned_at: float | None = None
        self._sure_from = 0.0

    def turned(self) -> None:
        """Note that the consumer has been asked for messages: it would have told what was taken away before.

        A process that stood still for longer than a session has lost its partitions, and is told so some time after it
        goes on: until then it takes itself for the owner.
        """
        with self._changed:
            now = self._clock()
            if self._turned_at is not None and now - self._turned_at > STOOD_STILL_S:
                self._sure_from = now + NEWS_TAKE_S
            self._turned_at = now

    @contextmanager
    def request(self, items: Iterable[InFlight]) -> Iterator[Callable[[], None]]:
        """Hold the partitions of ``items`` while a request is under way. Raises `Withdrawn` if one is gone already.

        Gives what the request calls last before it leaves, which raises the same: the process may have stood still
        since it was begun.
        """
        holdings = {item.holding for item in items}
        with self._changed:
            self._make_sure(holdings)
            self._requests.update(holdings)

        def make_sure() -> None:
            with self._changed:
                self._make_sure(holdings)

        try:
            yield make_sure
        finally:
            with self._changed:
                self._requests.subtract(holdings)
                self._requests += Counter()  # forgets the partitions without a request
                self._changed.notify_all()

    def _make_sure(self, holdings: Collection[Holding]) -> None:
        while holdings and all(holding.held for holding in holdings) and not self._is_sure():
            self._changed.wait(0.1)
        if not all(holding.held for holding in holdings):
            raise Withdrawn

    def _is_sure(self) -> bool:
        now = self._clock()
        recently = self._turned_at is None or now - self._turned_at <= STOOD_STILL_S
        return recently and now >= self._sure_from

    def withdraw(self, holdings: Sequence[Holding]) -> None:
        """Let no new request start for ``holdings``."""
        with self._changed:
            for holding in holdings:
                holding.held = False

    def wait(self, holdings: Sequence[Holding], timeout: float) -> bool:
        """Wait until no request is under way for ``holdings``; say whether that came true in ``timeout`` seconds."""
        return self._wait(lambda: any(self._requests[holding] for holding in holdings), timeout)

    def wait_for_all(self, timeout: float) -> bool:
        """Wait until no request is under way for any partition; say whether that came true."""
        return self._wait(lambda: bool(self._requests), timeout)

    def _wait(self, busy: Callable[[], bool], timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        with self._changed:
            while busy():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True
