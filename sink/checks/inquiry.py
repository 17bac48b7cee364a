"""Questions to SkyPortal that change nothing, within its limit of requests."""

import time
from collections.abc import Callable

from sink.pace import START, FixedPace
from sink.rate import BURST, Rate
from sink.settings import SinkSettings
from sink.skyportal import Request, SkyPortal
from sink.verdicts import Answer

LONGEST_ANSWER_S = 20.0
"""To wait for: somebody waits for the check."""

THROTTLED = 429

AFTER_A_429_S = 0.25
TRIES = 40
"""After so many refusals, ten seconds of them, the last one is the answer."""


class Inquiry(SkyPortal):
    """SkyPortal for one check: each GET is sent once, and its answer remembered. Not thread-safe."""

    def __init__(
        self,
        settings: SinkSettings,
        *,
        pause: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        wait_s = min(settings.skyportal_read_timeout_s, LONGEST_ANSWER_S)
        super().__init__(settings.model_copy(update={"skyportal_read_timeout_s": wait_s}))
        self._pause = pause
        self._clock = clock
        self._rate = Rate(FixedPace(START), clock=clock)
        self._answers: dict[str, Answer] = {}
        self._began = clock()
        self.sent = 0
        """Requests that SkyPortal has not refused for their number."""
        self.was_throttled = False

    @property
    def allowance(self) -> float:
        """Requests that SkyPortal's usual limit would have let pass by now."""
        return 1 + BURST + START * (self._clock() - self._began)

    def ask(self, request: Request) -> Answer:
        """Send ``request`` as `SkyPortal.ask` does, as soon as the limit lets it pass; a sink may be using it up."""
        if request.method == "GET" and request.path in self._answers:
            return self._answers[request.path]
        self._pause(self._rate.reserve())
        answer = self.ask_at_once(request)
        for _ in range(TRIES):
            if answer.status != THROTTLED:
                break
            self._pause(AFTER_A_429_S)
            answer = self.ask_at_once(request)
        if request.method == "GET" and answer.status != THROTTLED:
            self._answers[request.path] = answer
        return answer

    def ask_at_once(self, request: Request) -> Answer:
        """Send ``request`` whatever the limit; nothing is remembered but whether it was too much."""
        answer = super().ask(request)
        if answer.status == THROTTLED:
            self.was_throttled = True
        else:
            self.sent += 1
        return answer
