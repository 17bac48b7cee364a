"""SkyPortal's request budget: a token bucket."""

import threading
import time
from collections.abc import Callable

BURST = 10
"""Requests that SkyPortal's proxy takes at once before it counts."""


class Rate:
    """At most so many requests a second, after a burst. Thread-safe."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow ``per_second`` requests; 0 allows any number."""
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(BURST)
        self._counted_at = clock()

    def reserve(self) -> float:
        """Take one request out of the budget; return the seconds to wait before it may be sent."""
        if not self._per_second:
            return 0.0
        with self._lock:
            self._refill()
            self._tokens -= 1
            return max(0.0, -self._tokens / self._per_second)

    def throttled(self) -> None:
        """Note a 429: somebody else spends the same token's budget, so the burst is gone."""
        with self._lock:
            self._refill()
            self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(BURST, self._tokens + (now - self._counted_at) * self._per_second)
        self._counted_at = now
