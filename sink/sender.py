"""Send one request until SkyPortal has said something about it, however long that takes."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from schemas.dead_letters import Answer as LetterAnswer
from sink import metrics
from sink.gate import Gate
from sink.offsets import InFlight
from sink.rate import Rate
from sink.skyportal import Request, SkyPortal, Unavailable
from sink.under_way import UnderWay, Withdrawn
from sink.verdicts import Answer, Verdict, judge

PROBE = Request(method="GET", path="/api/filters")
"""Needs the token and the database; ``/api/sysinfo`` answers without either."""

AFTER_A_429_S = 0.2

TRIES = 3
"""After so many outages of one request another one is tried: it may be the only one that fails."""


class Throttled(Exception):
    """Too many requests: send it again in a moment."""


class Refused(Exception):
    """SkyPortal does not take the request. The subclass says what the caller must do."""

    verdict: ClassVar[Verdict]

    def __init__(self, request: Request, answer: Answer) -> None:
        super().__init__(f"{request.endpoint}: {answer.message}")
        self.request = request
        self.answer = answer

    def for_letter(self, *, part: str, attempts: int) -> LetterAnswer:
        """Return the answer as a dead letter tells it."""
        return LetterAnswer(
            endpoint=self.request.endpoint,
            status=self.answer.status,
            body=self.answer.text,
            part=part,
            attempts=attempts,
        )


class Rejected(Refused):
    """Refused for what it says: put the record aside, once that is believed."""

    verdict = Verdict.REJECTED


class TooMuch(Refused):
    """Too large, or its rows exclude each other: send fewer records at once."""

    verdict = Verdict.SPLIT


class UnknownObject(Refused):
    """The object is gone: send its candidate again."""

    verdict = Verdict.UNKNOWN_OBJECT


class RouteBroken(Refused):
    """A filter, group, stream or instrument is missing or closed to us: let the route wait."""

    verdict = Verdict.ROUTE


class Unanswered(Refused):
    """Tried several times and answered each time as in an outage: send fewer records at once, then others first."""

    verdict = Verdict.OUTAGE

    def __init__(self, request: Request, answer: Answer, *, since: float) -> None:
        super().__init__(request, answer)
        self.since = since
        """time.monotonic() of the first try."""


_REFUSALS = {refusal.verdict: refusal for refusal in (Rejected, TooMuch, UnknownObject, RouteBroken)}


def explain(request: Request, answer: Answer) -> str:
    """Return the sentence for an answer that keeps everything from flowing: what is wrong, and what to do."""
    if answer.status == 401:  # noqa: PLR2004  # unauthorized
        return (
            f"SkyPortal refuses the token for {request.endpoint} ({answer.message}): SKYPORTAL_TOKEN must be a valid "
            "token with the permission 'Upload data'"
        )
    if judge(answer) is Verdict.MISCONFIGURED:
        return f"{request.endpoint} answers {answer.message}: are SKYPORTAL_URL and the bot's account right?"
    return f"{request.endpoint} answers {answer.message}"


class Sender:
    """Sends requests through the gate and within the budget. Thread-safe."""

    def __init__(
        self, skyportal: SkyPortal, *, gate: Gate, rate: Rate, under_way: UnderWay, stop: threading.Event
    ) -> None:
        self._skyportal = skyportal
        self._gate = gate
        self._rate = rate
        self._under_way = under_way
        self._stop = stop

    def send(self, request: Request, items: Sequence[InFlight] = ()) -> Any:
        """Return the ``data`` of SkyPortal's acceptance.

        Waits through throttling without end, and through outages: a GET without end, a write for some tries, and then
        raises `Unanswered`. Raises another `Refused` if SkyPortal does not take the request, and `Withdrawn` if a
        partition of ``items`` is taken away or the process leaves: then nothing is known.
        """
        began = time.monotonic()
        tries = 0

        def given_up() -> bool:
            return self._stop.is_set() or not all(item.holding.held for item in items)

        while True:
            if not self._gate.enter(given_up):
                raise Withdrawn
            try:
                self._wait_for_budget(given_up)
                return self._once(request, items)
            except Withdrawn:
                self._gate.step_back()
                raise
            except Throttled:
                self._rate.throttled()
                self._stop.wait(random.uniform(0.5, 1.5) * AFTER_A_429_S)  # noqa: S311  # jitter
            except Unavailable as error:
                self._gate.failed(str(error))
                tries += 1
                if items and tries >= TRIES:
                    raise Unanswered(request, error.answer, since=began) from error

    def get(self, path: str) -> Any:
        """Return the ``data`` of a GET. Raises as `send` does."""
        return self.send(Request(method="GET", path=path))

    def _once(self, request: Request, items: Sequence[InFlight]) -> Any:
        """Send ``request`` once. Raises, besides what `send` raises, `Throttled` and `Unavailable`."""
        try:
            with self._under_way.request(items):
                answer = self._skyportal.ask(request)
        except Unavailable:
            self._count(request, Verdict.OUTAGE)
            raise
        verdict = judge(answer)
        self._count(request, verdict)
        if verdict is Verdict.THROTTLED:
            raise Throttled
        # A database that cannot be written to answers a GET: only a write tells that SkyPortal is back.
        reading = request.method == "GET"
        if verdict in {Verdict.OUTAGE, Verdict.MISCONFIGURED} or (reading and verdict is not Verdict.ACCEPTED):
            raise Unavailable(explain(request, answer), answer)
        if reading:
            self._gate.step_back()
        else:
            self._gate.passed()
        if verdict is not Verdict.ACCEPTED:
            raise _REFUSALS[verdict](request, answer)
        return answer.json["data"]

    def _wait_for_budget(self, given_up: Callable[[], bool]) -> None:
        pause = self._rate.reserve()
        while pause > 0:
            if given_up():
                raise Withdrawn
            self._stop.wait(min(pause, 0.2))
            pause -= 0.2
        if given_up():
            raise Withdrawn

    @staticmethod
    def _count(request: Request, verdict: Verdict) -> None:
        endpoint = f"{request.method} {'/'.join(request.path.split('?')[0].split('/')[:3])}"
        metrics.REQUESTS.labels(endpoint, verdict.value).inc()
