"""Questions to SkyPortal beside the sinks, one after the other: what does not answer is said, and not waited for."""

import time
from collections.abc import Callable
from typing import Any

from sink.pace import START, FixedPace
from sink.rate import Rate
from sink.sender import explain, getting
from sink.settings import AUTO, SinkSettings
from sink.skyportal import Request, SkyPortal, Unavailable
from sink.verdicts import Answer, Verdict, judge

TRIES = 3
"""Of a question that is answered as in an outage: one of them may be a moment's."""

TRIES_OF_THROTTLED = 60
PAUSE_S = 1.0


class NotAnswered(Exception):
    """SkyPortal is away, or refuses us; the text says which, and what to do."""


class Questions:
    """Asks within the rate, without the gate that a sink waits at. Changes nothing. Used by one thread."""

    def __init__(
        self, settings: SinkSettings, skyportal: SkyPortal, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        fixed = settings.skyportal_requests_per_second
        self.per_second = START if fixed == AUTO or not fixed else float(fixed)
        """The limit that a sink has; SkyPortal's own where the settings name none."""
        self.rate = Rate(FixedPace(START if fixed == AUTO else fixed))
        self._ask = skyportal.ask
        self._pause = pause

    def get(self, path: str) -> Any:
        """Return the ``data`` of a GET. Raises `NotAnswered` also for a refusal."""
        request = getting(path)
        answer = self.ask(request)
        if judge(answer) is not Verdict.ACCEPTED:
            raise NotAnswered(explain(request, answer))
        return answer.json["data"]

    def ask(self, request: Request) -> Answer:
        """Return SkyPortal's own answer to a GET: what it has, or why it does not show it. Raises `NotAnswered`."""
        outages = 0
        reason = ""
        for _ in range(TRIES_OF_THROTTLED):
            self._pause(self.rate.reserve())
            try:
                answer = self._ask(request)
            except Unavailable as error:
                verdict, reason = Verdict.OUTAGE, str(error)
            else:
                verdict = judge(answer, of_one_object=bool(request.endpoint_label))
                reason = explain(request, answer)
                if verdict is Verdict.MISCONFIGURED:
                    raise NotAnswered(reason)
                if verdict not in {Verdict.OUTAGE, Verdict.THROTTLED}:
                    return answer
            outages += verdict is Verdict.OUTAGE
            if outages == TRIES:
                break
            self._pause(PAUSE_S)
        raise NotAnswered(reason)
