"""Requests that SkyPortal has not answered yet: a partition is given away when none of them is for it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from sink.offsets import Holding, InFlight


class Withdrawn(Exception):
    """A partition was taken away or the process is leaving: nothing more is sent for these records."""


class UnderWay:
    """Counts the requests under way for each partition. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: Counter[Holding] = Counter()

    @contextmanager
    def request(self, items: Iterable[InFlight]) -> Iterator[None]:
        """Hold the partitions of ``items`` while a request is under way. Raises `Withdrawn` if one is gone already."""
        holdings = {item.holding for item in items}
        with self._changed:
            if not all(holding.held for holding in holdings):
                raise Withdrawn
            self._requests.update(holdings)
        try:
            yield
        finally:
            with self._changed:
                self._requests.subtract(holdings)
                self._requests += Counter()  # forgets the partitions without a request
                self._changed.notify_all()

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
