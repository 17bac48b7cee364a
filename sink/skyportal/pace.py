"""How many requests a second SkyPortal gets: as many as somebody has set, or as many as it takes."""

import math
import time
from collections import deque
from collections.abc import Callable

START = 5.0
"""SkyPortal's limit for one token, unless its operator says otherwise."""

LEAST = 0.5
"""Requests per second below which no number of 429s brings the rate."""

DOUBLES_S = 3.0
"""While no ceiling is known: a whitelisted address is found by the second ten of a backlog."""

MOST_DOUBLINGS = 12

STEP_BACK = 0.9
"""What is left of the rate after a 429. SkyPortal's proxy does not count what it refuses: to hover at the limit costs
nothing. Its burst of ten makes up for the time below the limit, up to limits of fifty a second; nearer to 1 there are
more refusals and nothing is won."""

SPREAD = 0.004
"""RFC 9438's C, for requests per second: near a ceiling the rate stays for some eight seconds, half a minute later it
has grown by seventy."""

STEP_S = 1.0
"""The 429s of one second are one: those requests were on their way when the first was refused."""

WINDOW_S = 4.0
"""In which refused answers are compared with the others."""


class FixedPace:
    """What somebody has set."""

    def __init__(self, per_second: float) -> None:
        """0 is no limit."""
        self.per_second = per_second or math.inf
        self.ceiling = math.inf

    def kept_waiting(self, seconds: float) -> None:
        """Change nothing."""

    def answered(self, *, throttled: bool) -> None:
        """Change nothing."""


class FoundPace:
    """What SkyPortal takes, found by trying: sinks that share a token share its budget without talking to each other.

    It grows only where there is more to send than it allows. As CUBIC does for TCP (RFC 9438, section 4.2), it doubles
    until the first 429, and from then on follows ``SPREAD * (t - K) ** 3 + ceiling``, with t the seconds of want since
    the latest 429: fast towards the rate that was refused last, slowly around it, and fast again where it is not
    refused any more, as after somebody has whitelisted the address.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = START
        self._clock = clock
        self._from = START
        self.ceiling = math.inf
        """The rate that was refused last."""
        self._wanting_s = 0.0
        self._stepped_at = -math.inf
        self._answers: deque[tuple[float, bool]] = deque()
        """When, and whether it was a 429."""

    def kept_waiting(self, seconds: float) -> None:
        """Grow."""
        self._wanting_s += seconds
        if math.isinf(self.ceiling):
            self.per_second = self._from * 2 ** min(self._wanting_s / DOUBLES_S, MOST_DOUBLINGS)
        else:
            plateau_s = (max(self.ceiling - self._from, 0.0) / SPREAD) ** (1 / 3)
            self.per_second = SPREAD * (self._wanting_s - plateau_s) ** 3 + self.ceiling

    def answered(self, *, throttled: bool) -> None:
        """Step back a little after a 429; to what got through, but at most by half, where most was refused."""
        now = self._clock()
        self._answers.append((now, throttled))
        while now - self._answers[0][0] > WINDOW_S:
            self._answers.popleft()
        if not throttled or now - self._stepped_at < STEP_S:
            return
        refused = sum(was_throttled for _, was_throttled in self._answers)
        taken = len(self._answers) - refused
        self.ceiling = self.per_second
        # Below the usual limit it is another sink that takes the rest: who gives way more would get ever less.
        if refused > taken and self.per_second > START:
            self.ceiling = max(self.per_second / 2, taken / WINDOW_S, START)
        self.per_second = self._from = max(STEP_BACK * self.ceiling, LEAST)
        self._wanting_s = 0.0
        self._stepped_at = now
