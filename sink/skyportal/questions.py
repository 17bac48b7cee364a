"""Questions to SkyPortal beside the sinks, one after the other: what does not answer is said, and not waited for."""

import time
from collections.abc import Callable
from typing import Any

from sink.settings import AUTO, SinkSettings
from sink.skyportal.client import NoSafeWay, Request, Unavailable
from sink.skyportal.pace import START
from sink.skyportal.rate import Rate
from sink.skyportal.sender import explain, getting
from sink.skyportal.unhurried import Unhurried
from sink.skyportal.verdicts import Answer, Verdict, judge

TRIES = 3
"""Of a question that is answered as in an outage: one of them may be a moment's."""

PAUSE_S = 1.0


class NotAnswered(Exception):
    """SkyPortal is away, or refuses us; the text says which, and what to do."""


class Questions:
    """Asks without the gate that a sink waits at. Changes nothing. Used by one thread."""

    def __init__(self, settings: SinkSettings, *, pause: Callable[[float], object] = time.sleep) -> None:
        fixed = settings.skyportal_requests_per_second
        self.per_second = START if fixed == AUTO or not fixed else float(fixed)
        """The limit that a sink has; SkyPortal's own where the settings name none."""
        self._skyportal = Unhurried(settings, pause=pause)
        self._pause = pause

    @property
    def rate(self) -> Rate:
        """The budget that the questions are asked within."""
        return self._skyportal.rate

    def get(self, path: str) -> Any:
        """Return the ``data`` of a GET. Raises `NotAnswered` also for a refusal."""
        request = getting(path)
        answer = self.ask(request)
        if judge(answer) is not Verdict.ACCEPTED:
            raise NotAnswered(explain(request, answer))
        return answer.json["data"]

    def ask(self, request: Request) -> Answer:
        """Return SkyPortal's own answer to a GET: what it has, or why it does not show it. Raises `NotAnswered`."""
        reason = ""
        for _ in range(TRIES):
            try:
                answer = self._skyportal.ask(request)
            except NoSafeWay as error:
                raise NotAnswered(str(error)) from error
            except Unavailable as error:
                reason = str(error)
            else:
                verdict = judge(answer, of_one_object=bool(request.endpoint_label))
                reason = explain(request, answer)
                if verdict in {Verdict.MISCONFIGURED, Verdict.THROTTLED}:
                    break
                if verdict is not Verdict.OUTAGE:
                    return answer
            self._pause(PAUSE_S)
        raise NotAnswered(reason)
