"""SkyPortal's request budget: a token bucket, filled at a pace that is set or found."""

import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

BURST = 10
"""Requests that SkyPortal's proxy takes at once before it counts."""

LONGEST_TURN_S = 1.0
"""Between two requests; a longer silence was no want of budget."""


class Pace(Protocol):
    """How many requests a second the bucket gets."""

    @property
    def per_second(self) -> float:
        """The present rate; infinite without a limit."""

    @property
    def ceiling(self) -> float:
        """The rate that was refused last; infinite if none was."""

    def kept_waiting(self, seconds: float) -> None:
        """Note that for so long there was more to send than the present rate allowed."""

    def answered(self, *, throttled: bool) -> None:
        """Note an answer, and whether it was a 429."""


class Rate:
    """At most so many requests a second, after a burst. Thread-safe."""

    def __init__(self, pace: Pace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(BURST)
        self._counted_at = self._reserved_at = clock()

    @property
    def per_second(self) -> float:
        """The present rate; infinite without a limit."""
        return self._pace.per_second

    @property
    def ceiling(self) -> float:
        """The rate that was refused last; infinite if none was."""
        return self._pace.ceiling

    def reserve(self) -> float:
        """Take one request out of the budget; return the seconds to wait before it may be sent."""
        with self._lock:
            self._refill()
            if self._tokens < 1:
                self._pace.kept_waiting(min(self._counted_at - self._reserved_at, LONGEST_TURN_S))
            self._reserved_at = self._counted_at
            self._tokens -= 1
            return max(0.0, -self._tokens / self._pace.per_second)

    def has_room(self) -> bool:
        """Say whether one more request could be sent at once: what is under way does not use all of the budget."""
        with self._lock:
            self._refill()
            return self._tokens >= 1 or math.isinf(self._pace.per_second)

    def answered(self, *, throttled: bool) -> None:
        """Note an answer; after a 429 the burst is gone, for somebody else spends the same token's budget."""
        with self._lock:
            self._refill()
            self._pace.answered(throttled=throttled)
            if throttled:
                self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> None:
        now = self._clock()
        if now > self._counted_at:
            self._tokens = min(BURST, self._tokens + (now - self._counted_at) * self._pace.per_second)
            self._counted_at = now
