"""SkyPortal as a sink speaks to it: when it may, how fast, and what the names of the routes stand for."""

import logging
import threading

from runtime.health import Health
from sink import metrics
from sink.directory import Directory, Unroutable
from sink.gate import Gate
from sink.guard import Guard
from sink.pace import FixedPace, FoundPace
from sink.rate import Rate
from sink.routes import Routes
from sink.sender import PROBE, Sender, explain
from sink.settings import AUTO, SinkSettings
from sink.skyportal import SkyPortal, Unavailable
from sink.under_way import UnderWay, Withdrawn
from sink.verdicts import Verdict, judge

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 30.0
LOOKS = 20
"""A broken route is looked at every so many seconds, but this often at least before patience with it ends."""


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
    ) -> None:
        """``mended`` is set when somebody says that what has halted the sink is mended."""
        self._stop = stop
        self._said_mended = mended
        self._skyportal = skyportal or SkyPortal(settings)
        self.under_way = UnderWay()
        self.gate = Gate(
            health,
            probe=self._probe,
            longest_pause_s=settings.skyportal_longest_pause_s,
            halted_pause_s=settings.skyportal_halted_pause_s,
            mended=self._is_mended,
        )
        self.guard = Guard(in_a_row=settings.sink_guard_in_a_row, percent=settings.sink_guard_percent)
        fixed = settings.skyportal_requests_per_second
        self.rate = Rate(FoundPace() if fixed == AUTO else FixedPace(fixed))
        self.sender = Sender(self._skyportal, gate=self.gate, rate=self.rate, under_way=self.under_way, stop=stop)
        self.look_again_s = min(LOOK_AGAIN_S, settings.sink_patience_s / LOOKS)
        self.directory = Directory(stale_after_s=self.look_again_s)
        metrics.RATE.set_function(lambda: self.rate.per_second)
        metrics.AWAY.set_function(lambda: self.gate.closed_for_s)
        metrics.HALTED.set_function(lambda: float(self.gate.halted))

    def check(self, routes: Routes) -> None:
        """Wait until SkyPortal answers, then see that the token and the routes are right.

        Raises `Misconfigured` with what is to be mended, and `Withdrawn` if the process is asked to leave.
        """
        try:
            answer = self.sender.ask(PROBE)
        except Unavailable as error:
            self.gate.failed(str(error))
        else:
            if judge(answer) is Verdict.MISCONFIGURED:
                raise Misconfigured(explain(PROBE, answer))
        if not self.gate.enter(self._stop.is_set):
            raise Withdrawn
        self.gate.passed()
        try:
            self.directory.read(self.sender.get)
        except Unroutable as error:
            raise Misconfigured(str(error)) from error
        self.gate.passed()  # there is nothing to write yet, and all that could be read was
        named = [(self.directory.resolve, route) for route in routes.named()]
        others = [(self.directory.check, route) for route in routes.every()]
        mistakes = []
        for look_up, route in [*named, *others]:
            try:
                look_up(route)
            except Unroutable as error:
                mistakes.append(str(error))
        if mistakes:
            raise Misconfigured("\n".join(dict.fromkeys(mistakes)))

    def turn(self) -> None:
        """Do what every turn of the loop does besides reading."""
        self.under_way.turned()
        self._listen()

    def _listen(self) -> None:
        """Go on at once where somebody says that what has halted the sink is mended."""
        if self._said_mended.is_set():
            self._said_mended.clear()
            log.warning("told to go on new_token=%s", self._renew_token())
            self.guard.clear()
            self.gate.go_on()

    def _is_mended(self) -> bool:
        """Say whether there is another token to try; hear whether somebody says that something is mended."""
        self._listen()
        return self._renew_token()

    def _renew_token(self) -> bool:
        renewed = self._skyportal.renew_token()
        if renewed:
            self.directory.expire()
        return renewed

    def _probe(self) -> bool:
        """Ask for something that needs the token and the database."""
        self.rate.reserve()
        try:
            answer = self.sender.ask(PROBE)
        except Unavailable as error:
            self.gate.failed(str(error))
            return False
        verdict = judge(answer)
        if verdict is Verdict.MISCONFIGURED:
            self.gate.halt(explain(PROBE, answer))
        elif verdict not in {Verdict.ACCEPTED, Verdict.THROTTLED}:
            self.gate.failed(explain(PROBE, answer))
        return verdict is Verdict.ACCEPTED
