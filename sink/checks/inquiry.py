"""Questions to SkyPortal that change nothing, each of them once."""

import time
from collections.abc import Callable

from sink.settings import SinkSettings
from sink.skyportal.client import Request
from sink.skyportal.pace import START
from sink.skyportal.rate import BURST
from sink.skyportal.unhurried import Unhurried
from sink.skyportal.verdicts import Answer

LONGEST_ANSWER_S = 20.0
"""To wait for: somebody waits for the check."""

THROTTLED = 429

TRIES = 40
"""After so many refusals, ten seconds of them, the last one is the answer."""


class Inquiry(Unhurried):
    """SkyPortal for one check: each GET is sent once, and its answer remembered. Not thread-safe."""

    def __init__(
        self,
        settings: SinkSettings,
        *,
        pause: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        wait_s = min(settings.skyportal_read_timeout_s, LONGEST_ANSWER_S)
        usual = {"skyportal_read_timeout_s": wait_s, "skyportal_requests_per_second": START}
        super().__init__(settings.model_copy(update=usual), tries=TRIES, pause=pause, clock=clock)
        self._clock = clock
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
        """Send ``request`` as `Unhurried.ask` does, unless the answer is known."""
        if request.method == "GET" and request.path in self._answers:
            return self._answers[request.path]
        answer = super().ask(request)
        if request.method == "GET" and answer.status != THROTTLED:
            self._answers[request.path] = answer
        return answer

    def ask_at_once(self, request: Request) -> Answer:
        """Send ``request`` whatever the limit; nothing is remembered but whether it was too much."""
        answer = super().ask_at_once(request)
        if answer.status == THROTTLED:
            self.was_throttled = True
        else:
            self.sent += 1
        return answer
