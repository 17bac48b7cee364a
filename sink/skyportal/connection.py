"""SkyPortal as a sink speaks to it: when it may, how fast, and what the names of the routes stand for."""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from runtime.gauges import alone
from runtime.health import Health
from runtime.settings import secret_from_file
from runtime.state import Listener
from runtime.topics import BrokerUnreachable
from sink import metrics
from sink.delivery.guard import Guard
from sink.routing.directory import Directory, Unroutable
from sink.routing.routes import Routes
from sink.settings import AUTO, SinkSettings
from sink.skyportal.client import NoSafeWay, SkyPortal, Unavailable
from sink.skyportal.gate import Gate
from sink.skyportal.pace import FixedPace, FoundPace
from sink.skyportal.pause import Pause
from sink.skyportal.pause_word import key_of
from sink.skyportal.rate import Rate
from sink.skyportal.sender import PROBE, Sender, explain, getting
from sink.skyportal.trust import HOW_TO_ENCRYPT, exposed
from sink.skyportal.under_way import UnderWay, Withdrawn
from sink.skyportal.verdicts import Verdict, judge

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 30.0
LOOKS = 20
"""A broken route is looked at every so many seconds, but this often at least before patience with it ends."""

LOOK_AT_FILES_S = 2.0
"""What a file holds is taken when it has held it for so long: it may be written in several steps."""


class Misconfigured(Exception):
    """Nothing can be delivered until somebody mends the set-up; one line for each thing to mend."""


class Connection:
    """One process' requests to one SkyPortal. Thread-safe, but for `turn`."""

    def __init__(
        self,
        settings: SinkSettings,
        *,
        health: Health,
        stop: threading.Event,
        mended: threading.Event,
        skyportal: SkyPortal | None = None,
        heeds_pause: bool = True,
    ) -> None:
        """``mended`` is set when somebody says that what has halted the sink is mended.

        ``heeds_pause``: nothing is sent while the operator has paused the sinks of the group.
        """
        self._stop = stop
        self._said_mended = mended
        self.told_to_look = threading.Event()
        """Set when somebody says that something is mended: it may be a file."""
        self._look_at = 0.0
        self._token_seen = ""
        if sentence := exposed(settings.skyportal_url):
            log.warning("%s; %s", sentence, HOW_TO_ENCRYPT)
        self._skyportal = skyportal or SkyPortal(settings)
        self.under_way = UnderWay()
        self.pause = Pause(health, key=key_of(settings), listener=Listener(settings) if heeds_pause else None)
        self.gate = Gate(
            health,
            probe=self._probe,
            longest_pause_s=settings.skyportal_longest_pause_s,
            halted_pause_s=settings.skyportal_halted_pause_s,
            mended=self._is_mended,
            paused=self.pause.is_on,
            clock=self.pause.clock,
        )
        self.guard = Guard(in_a_row=settings.sink_guard_in_a_row, percent=settings.sink_guard_percent)
        fixed = settings.skyportal_requests_per_second
        self.rate = Rate(FoundPace() if fixed == AUTO else FixedPace(fixed))
        self.sender = Sender(self._skyportal, gate=self.gate, rate=self.rate, under_way=self.under_way, stop=stop)
        self.look_again_s = min(LOOK_AGAIN_S, settings.sink_patience_s / LOOKS)
        self.directory = Directory(stale_after_s=self.look_again_s, clock=self.pause.clock)
        metrics.RATE.set_function(lambda: self.rate.per_second)
        metrics.RATE_CEILING.set_function(lambda: alone(self.rate.ceiling, known=math.isfinite(self.rate.ceiling)))
        metrics.AWAY.set_function(lambda: self.gate.closed_for_s)
        metrics.PAUSED.set_function(lambda: float(self.pause.is_on()))
        metrics.HALTED.set_function(lambda: float(self.gate.halted))

    def check(self, routes: Routes, *, turned: Callable[[], object] = lambda: None) -> None:
        """Wait for the end of a pause and for SkyPortal's answer, then see that the token and the routes are right.

        ``turned`` is called now and then meanwhile.
        Raises `Misconfigured` with what is to be mended, and `Withdrawn` if the process is asked to leave.
        """
        try:
            self.pause.begin()
        except BrokerUnreachable as error:
            raise Misconfigured(str(error)) from error

        def given_up() -> bool:
            turned()
            return self._stop.is_set()

        if not self.pause.wait(given_up):
            raise Withdrawn
        self._is_there()
        if not self.gate.enter(given_up):
            raise Withdrawn
        self.gate.passed()
        try:
            self.directory.read(self.sender.get)
        except Unroutable as error:
            raise Misconfigured(str(error)) from error
        self.gate.passed()  # there is nothing to write yet, and all that could be read was
        if mistakes := self._missing(routes):
            raise Misconfigured("\n".join(mistakes))

    def _is_there(self) -> bool:
        """Ask for something that needs the token and the database; close the gate if SkyPortal is away.

        Raises `Misconfigured`.
        """
        try:
            answer = self.sender.ask(PROBE)
        except NoSafeWay as error:
            raise Misconfigured(str(error)) from error
        except Unavailable as error:
            self.gate.failed(str(error))
            return False
        verdict = judge(answer)
        if verdict is Verdict.MISCONFIGURED:
            raise Misconfigured(explain(PROBE, answer))
        if verdict not in {Verdict.ACCEPTED, Verdict.THROTTLED}:
            self.gate.failed(explain(PROBE, answer))
        return verdict is Verdict.ACCEPTED

    def look_up(self, routes: Routes) -> Sequence[str]:
        """Ask SkyPortal at once for what ``routes`` name; return a sentence for each name that it does not know.

        Raises `Unavailable` while SkyPortal is away, or nobody is let in, and waits for neither.
        """
        try:
            self.directory.read(self._get_at_once)
        except Unroutable as error:
            return [str(error)]
        return self._missing(routes)

    def _missing(self, routes: Routes) -> list[str]:
        named = [(self.directory.resolve, route) for route in routes.named()]
        others = [(self.directory.check, route) for route in routes.every()]
        mistakes = []
        for look_up, route in [*named, *others]:
            try:
                look_up(route)
            except Unroutable as error:
                mistakes.append(str(error))
        return list(dict.fromkeys(mistakes))

    def _get_at_once(self, path: str) -> Any:
        request = getting(path)
        while not self._stop.wait(self.rate.reserve()):
            if self.gate.closed_for_s or self.gate.halted or self.pause.is_on():
                raise Unavailable("SkyPortal is away, or the sink halted or paused", sent=False)
            answer = self.sender.ask(request)
            verdict = judge(answer)
            if verdict is Verdict.ACCEPTED:
                return answer.json["data"]
            if verdict is not Verdict.THROTTLED:
                raise Unavailable(explain(request, answer), answer)
        raise Unavailable("the sink leaves", sent=False)

    def turn(self) -> None:
        """Do what every turn of the loop does besides reading."""
        self.under_way.turned()
        self.pause.is_on()  # hears what is new, though nobody may have anything to send
        self._listen()
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_AT_FILES_S
            self._look_at_token()

    def _listen(self) -> None:
        """Go on at once where somebody says that what has halted the sink is mended."""
        if self._said_mended.is_set():
            self._said_mended.clear()
            self.told_to_look.set()
            log.warning("told to go on new_token=%s", self._renew_token())
            self.guard.clear()
            self.gate.go_on()

    def _is_mended(self) -> bool:
        """Say whether there is another token to try; hear whether somebody says that something is mended."""
        self._listen()
        return self._renew_token()

    def _look_at_token(self) -> None:
        """Take another token from its file before SkyPortal refuses the old one, once the file is written whole."""
        token = secret_from_file("skyportal_token")
        is_whole, self._token_seen = token == self._token_seen, token
        if is_whole and self._renew_token():
            log.info("another token stands in the file of SKYPORTAL_TOKEN_FILE: it is used from now on")

    def _renew_token(self) -> bool:
        renewed = self._skyportal.renew_token()
        if renewed:
            self.directory.expire()
        return renewed

    def _probe(self) -> bool:
        """Say whether SkyPortal is there, within the budget; a wrong set-up halts."""
        self.rate.reserve()
        try:
            return self._is_there()
        except Misconfigured as error:
            self.gate.halt(str(error))
            return False
