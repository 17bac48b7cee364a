"""Send one request until SkyPortal has said something about it, however long that takes."""

import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from schemas.dead_letters import Answer as LetterAnswer
from sink import metrics
from sink.delivery.in_flight import InFlight
from sink.skyportal.client import Misconfigured, Request, SkyPortal, Unavailable
from sink.skyportal.gate import Gate
from sink.skyportal.rate import Rate
from sink.skyportal.under_way import UnderWay, Withdrawn
from sink.skyportal.verdicts import Answer, Verdict, judge

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

    def for_letter(self, *, attempts: int) -> LetterAnswer:
        """Return the answer as a dead letter tells it."""
        return LetterAnswer(
            endpoint=self.request.endpoint, status=self.answer.status, body=self.answer.text, attempts=attempts
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


class Changed(Refused):
    """SkyPortal holds something else than we believed: read the object again."""

    verdict = Verdict.CHANGED


class RouteBroken(Refused):
    """A filter, group, stream or instrument is missing or closed to us: let the route wait."""

    verdict = Verdict.ROUTE


class Unanswered(Refused):
    """Tried several times and answered each time as in an outage: send fewer records at once, then others first."""

    verdict = Verdict.OUTAGE

    def __init__(
        self, request: Request, answer: Answer, *, since: float, tries: int = TRIES, may_come_yet: bool = False
    ) -> None:
        super().__init__(request, answer)
        self.since = since
        """Time of the gate's clock before the first try."""
        self.tries = tries
        self.may_come_yet = may_come_yet
        """Whether SkyPortal may still apply it."""


_REFUSALS = {refusal.verdict: refusal for refusal in (Rejected, TooMuch, UnknownObject, Changed, RouteBroken)}


def explain(request: Request, answer: Answer) -> str:
    """Return the sentence for an answer that keeps everything from flowing: what is wrong, and what to do."""
    if answer.status == 401:  # noqa: PLR2004  # unauthorized
        return (
            f"SkyPortal refuses the token for {request.endpoint} ({answer.message}): SKYPORTAL_TOKEN must be a valid "
            f"token with the permission '{_permission(request)}'"
        )
    if judge(answer) is Verdict.MISCONFIGURED:
        return f"{request.endpoint} answers {answer.message}: are SKYPORTAL_URL and the bot's account right?"
    return f"{request.endpoint} answers {answer.message}"


def _permission(request: Request) -> str:
    if request.label.partition("/api/")[2].startswith("classification"):
        return "Classify"
    return "Annotate" if "/annotations" in request.path else "Upload data"


def getting(path: str) -> Request:
    """Return the request for ``path``, counted under a name without ids."""
    return Request(method="GET", path=path, endpoint_label=re.sub(r"/\d+", "/{id}", path))


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
        self._threads = threading.local()

    @property
    def requests_of_this_thread(self) -> int:
        """How many requests of the calling thread SkyPortal has accepted."""
        return getattr(self._threads, "requests", 0)

    def send(self, request: Request, items: Sequence[InFlight] = ()) -> Any:
        """Return the ``data`` of SkyPortal's acceptance of a request that may be repeated.

        Waits through throttling and a wrong set-up without end, and through outages: without end if it is for no
        record, else for some tries, and then raises `Unanswered`. Raises another `Refused` if SkyPortal does not take
        the request, and `Withdrawn` if a partition of ``items`` is taken away or the process leaves: then nothing is
        known.
        """
        return self._send(request, items, tries=TRIES if items else 0, repeatable=True)

    def send_once(self, request: Request, items: Sequence[InFlight]) -> Any:
        """Return the ``data`` of SkyPortal's acceptance of a request that is looked for before it is repeated.

        As `send`, but raises `Unanswered` as soon as the request has reached SkyPortal and nothing is known of it.
        """
        return self._send(request, items, tries=TRIES, repeatable=False)

    def get(self, path: str) -> Any:
        """Return the ``data`` of a GET that is for no record. Raises as `send` does."""
        return self.send(getting(path))

    def ask(self, request: Request) -> Answer:
        """Send a request past the gate and the budget, count it, and return its answer. Raises `Unavailable`."""
        answer, _verdict = self._ask(request, ())
        return answer

    def rest(self) -> None:
        """Say that this worker has nothing to send for now: another one may try whether SkyPortal is back."""
        self._gate.step_back()

    def _send(self, request: Request, items: Sequence[InFlight], *, tries: int, repeatable: bool) -> Any:
        began = self._gate.clock()
        tried = 0

        def given_up() -> bool:
            return self._stop.is_set() or not all(item.holding.held for item in items)

        while True:
            if not self._gate.enter(given_up):
                raise Withdrawn
            try:
                self._wait_for_budget(given_up)
                if self._gate.paused():
                    continue
                return self._once(request, items)
            except Withdrawn:
                self._gate.step_back()
                raise
            except Throttled:
                self._stop.wait(random.uniform(0.5, 1.5) * AFTER_A_429_S)  # noqa: S311  # jitter
            except Misconfigured as error:
                self._gate.halt(str(error), "" if request.method == "GET" else request.label)
            except Unavailable as error:
                self._gate.failed(str(error))
                tried += 1
                if (tries and tried >= tries) or (error.sent and not repeatable):
                    raise Unanswered(
                        request, error.answer, since=began, tries=tried, may_come_yet=error.may_come_yet
                    ) from error

    def _once(self, request: Request, items: Sequence[InFlight]) -> Any:
        """Send ``request`` once. Raises, besides what `send` raises, `Throttled`, `Unavailable`, `Misconfigured`."""
        answer, verdict = self._ask(request, items)
        if verdict is Verdict.THROTTLED:
            raise Throttled
        if verdict is Verdict.MISCONFIGURED:
            raise Misconfigured(explain(request, answer), answer)
        # A database that cannot be written to answers a GET: only a write tells that SkyPortal is back.
        reading = request.method == "GET"
        if verdict is Verdict.OUTAGE or (reading and verdict not in {Verdict.ACCEPTED, Verdict.UNKNOWN_OBJECT}):
            raise Unavailable(explain(request, answer), answer)
        if not reading:
            self._gate.passed(request.label, accepted=verdict is Verdict.ACCEPTED)
        if verdict is not Verdict.ACCEPTED:
            raise _REFUSALS[verdict](request, answer)
        return answer.json["data"]

    def _ask(self, request: Request, items: Sequence[InFlight]) -> tuple[Answer, Verdict]:
        """Send ``request`` for ``items``, count it, and return the answer and what it means."""
        started = time.monotonic()
        try:
            with self._under_way.request(items) as make_sure:
                answer = self._skyportal.ask_when_sure(request, make_sure)
        except Unavailable as error:
            wrong = isinstance(error, Misconfigured)
            self._count(request, Verdict.MISCONFIGURED if wrong else Verdict.OUTAGE, started)
            raise
        verdict = judge(answer, of_one_object=bool(items and request.endpoint_label))
        self._rate.answered(throttled=verdict is Verdict.THROTTLED)
        self._threads.requests = self.requests_of_this_thread + (verdict is Verdict.ACCEPTED)
        self._count(request, verdict, started)
        return answer, verdict

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
    def _count(request: Request, verdict: Verdict, started: float) -> None:
        metrics.requested(request.label, verdict, time.monotonic() - started)
