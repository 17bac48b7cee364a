"""SkyPortal as a command asks it that somebody waits for: within the limit of requests, past any sink's gate."""

import time
from collections.abc import Callable

from sink.settings import AUTO, SinkSettings
from sink.skyportal.client import Request, SkyPortal
from sink.skyportal.pace import START, FixedPace
from sink.skyportal.rate import Rate
from sink.skyportal.verdicts import Answer, Verdict, judge

AFTER_A_429_S = 0.25
TRIES = 240
"""How often a request may meet the limit: for a minute. Sinks of the same token use it up, too."""


class Unhurried(SkyPortal):
    """Sends a request as soon as the limit lets it pass, and again where it was met all the same. Not thread-safe."""

    def __init__(
        self,
        settings: SinkSettings,
        *,
        tries: int = TRIES,
        pause: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep within the limit of ``settings``; within SkyPortal's usual one where they leave it open."""
        super().__init__(settings)
        fixed = settings.skyportal_requests_per_second
        self.rate = Rate(FixedPace(START if fixed == AUTO else fixed), clock=clock)
        self._tries = tries
        self._pause = pause

    def ask(self, request: Request) -> Answer:
        """Return SkyPortal's answer; a 429 only if there was none but that. Raises `Unavailable`."""
        for _ in range(self._tries):
            if (wait_s := self.rate.reserve()) > 0:
                self._pause(wait_s)
            answer = self.ask_at_once(request)
            if judge(answer) is not Verdict.THROTTLED:
                break
            self._pause(AFTER_A_429_S)
        return answer

    def ask_at_once(self, request: Request) -> Answer:
        """Send ``request`` whatever the limit."""
        return super().ask(request)
