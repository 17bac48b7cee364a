"""One sink put together: the loop, the workers, and what they share."""

import logging
import threading
import time
from collections.abc import Sequence

from runtime import kafka
from runtime.health import Health
from runtime.publisher import Publisher
from sink import metrics
from sink.dead_letters import DeadLetters
from sink.directory import Directory, Unroutable
from sink.fates import Desk
from sink.gate import Gate
from sink.guard import Guard
from sink.local_topic import LocalTopic
from sink.memory import Memory
from sink.offsets import Holding, InFlight
from sink.pace import FixedPace, FoundPace
from sink.parts.object import NEEDED_FOR
from sink.past_letters import refused_lately
from sink.rate import Rate
from sink.rejections import Rejections
from sink.round import Round
from sink.round_size import RoundSize
from sink.router import Router
from sink.routes import Routes
from sink.run import MIB, health_part, run
from sink.sender import PROBE, Sender, explain
from sink.settings import AUTO, SinkSettings
from sink.shards import Shards
from sink.skyportal import SkyPortal, Unavailable
from sink.under_way import UnderWay, Withdrawn
from sink.verdicts import Verdict, judge

log = logging.getLogger(__name__)

REQUESTS_OF_ALL_PARTS = 4.0
"""To expect of one record: six of a new object, two of a known one."""

MOST_IN_FLIGHT = 5_000
"""Records, however small: as many as a quarter of an hour brings at the limit, and more than any round needs."""

LOOK_AGAIN_S = 30.0
LOOKS = 20
"""A broken route is looked at every so many seconds, but this often at least before patience with it ends."""


class Misconfigured(Exception):
    """Nothing can be delivered until somebody mends the set-up; one line for each thing to mend."""


class Service:
    """One sink, from its settings to its last commit."""

    def __init__(
        self,
        settings: SinkSettings,
        routes: Routes,
        *,
        health: Health,
        stop: threading.Event,
        mended: threading.Event,
    ) -> None:
        """``mended`` is set when somebody says that what has halted the sink is mended."""
        self._settings = settings
        self._routes = routes
        self._health = health
        self._stop = stop
        self._said_mended = mended
        self._skyportal = SkyPortal(settings)
        self._under_way = UnderWay()
        self._gate = Gate(
            health,
            probe=self._probe,
            longest_pause_s=settings.skyportal_longest_pause_s,
            halted_pause_s=settings.skyportal_halted_pause_s,
            mended=self._is_mended,
        )
        self._guard = Guard(in_a_row=settings.sink_guard_in_a_row, percent=settings.sink_guard_percent)
        fixed = settings.skyportal_requests_per_second
        self._rate = Rate(FoundPace() if fixed == AUTO else FixedPace(fixed))
        self._sender = Sender(self._skyportal, gate=self._gate, rate=self._rate, under_way=self._under_way, stop=stop)
        self._look_again_s = min(LOOK_AGAIN_S, settings.sink_patience_s / LOOKS)
        self._directory = Directory(stale_after_s=self._look_again_s)
        metrics.RATE.set_function(lambda: self._rate.per_second)
        metrics.AWAY.set_function(lambda: self._gate.closed_for_s)
        metrics.HALTED.set_function(lambda: float(self._gate.halted))
        metrics.REQUESTS_PER_ALERT.set_function(metrics.requests_per_alert)

    def check(self) -> None:
        """Wait until SkyPortal answers, then see that the token and the routes are right.

        Raises `Misconfigured` with what is to be mended, and `Withdrawn` if the process is asked to leave.
        """
        try:
            answer = self._sender.ask(PROBE)
        except Unavailable as error:
            self._gate.failed(str(error))
        else:
            if judge(answer) is Verdict.MISCONFIGURED:
                raise Misconfigured(explain(PROBE, answer))
        if not self._gate.enter(self._stop.is_set):
            raise Withdrawn
        self._gate.passed()
        try:
            self._directory.read(self._sender.get)
        except Unroutable as error:
            raise Misconfigured(str(error)) from error
        self._gate.passed()  # there is nothing to write yet, and all that could be read was
        named = [(self._directory.resolve, route) for route in self._routes.named()]
        others = [(self._directory.check, route) for route in self._routes.every()]
        mistakes = []
        for look_up, route in [*named, *others]:
            try:
                look_up(route)
            except Unroutable as error:
                mistakes.append(str(error))
        if mistakes:
            raise Misconfigured("\n".join(dict.fromkeys(mistakes)))

    def deliver(self) -> None:
        """Join the group and deliver until asked to leave. Raises as `run` does."""
        settings = self._settings
        publisher = Publisher(settings)
        letters = DeadLetters(publisher, settings.rejected_topic)
        room = settings.sink_in_flight_mib * MIB / 2
        desk = Desk(
            sender=self._sender,
            router=Router(self._routes, self._directory, health=self._health, rest_s=self._look_again_s),
            rejections=Rejections(settings.sink_rejection_interval_s, patience_s=settings.sink_patience_s),
            dead_letters=letters,
            memory=Memory(settings.sink_memory_objects),
            gate=self._gate,
            guard=self._guard,
            annotation_origins=settings.annotation_origins,
            unanswered_s=settings.skyportal_unanswered_s,
            patience_s=settings.sink_patience_s,
            look_again_s=self._look_again_s,
            room_to_wait=lambda: room - shards.load().waiting,
        )
        all_parts = any(NEEDED_FOR.intersection(route.parts) for route in self._routes.every())
        size = RoundSize(self._rate, requests_of_one=REQUESTS_OF_ALL_PARTS if all_parts else 1.0)

        def deliver_round(batch: Sequence[InFlight]) -> list[InFlight]:
            before = self._sender.requests_of_this_thread
            again = Round(desk).deliver(batch)
            size.delivered(len(batch) - len(again), self._sender.requests_of_this_thread - before)
            return again

        shards = Shards(
            deliver_round,
            count=settings.sink_concurrency,
            collect_s=settings.sink_collect_s,
            fresh_s=settings.sink_fresh_first_s,
            largest=size.records,
            has_room=self._rate.has_room,
            least_bytes=int(settings.sink_in_flight_mib * MIB / MOST_IN_FLIGHT),
            stop=self._stop,
            idle=self._gate.tend,
        )

        def give_up(holdings: Sequence[Holding], *, wait_s: float) -> None:
            self._under_way.withdraw(holdings)
            shards.drop(holdings)
            for holding in holdings:
                self._health.ready(health_part(holding))
            self._under_way.wait(holdings, 0 if self._stop.is_set() else wait_s)  # who leaves has waited already

        self._guard.remember(refused_lately(settings))
        shards.start()
        topic = LocalTopic(settings, give_up)
        metrics.OLDEST.set_function(topic.oldest_s)
        self._health.ready("start")
        try:
            run(
                topic,
                shards,
                letters,
                settings=settings,
                health=self._health,
                turned=self._turn,
                stop=self._stop,
            )
            self._leave(letters)
        finally:
            topic.close()

    def _leave(self, letters: DeadLetters) -> None:
        """Wait a little for answers and acknowledgements that are under way; what does not come is sent again."""
        deadline = time.monotonic() + kafka.LEAVING_S
        self._under_way.wait_for_all(kafka.LEAVING_S)
        while letters.waiting() and time.monotonic() < deadline:
            letters.settle()
            time.sleep(0.05)

    def _listen(self) -> None:
        """Go on at once where somebody says that what has halted the sink is mended."""
        if self._said_mended.is_set():
            self._said_mended.clear()
            log.warning("told to go on new_token=%s", self._renew_token())
            self._guard.clear()
            self._gate.go_on()

    def _is_mended(self) -> bool:
        """Say whether there is another token to try; hear whether somebody says that something is mended."""
        self._listen()
        return self._renew_token()

    def _renew_token(self) -> bool:
        renewed = self._skyportal.renew_token()
        if renewed:
            self._directory.expire()
        return renewed

    def _turn(self) -> None:
        """Do what every turn of the loop does besides reading."""
        self._under_way.turned()
        self._listen()

    def _probe(self) -> bool:
        """Ask for something that needs the token and the database."""
        self._rate.reserve()
        try:
            answer = self._sender.ask(PROBE)
        except Unavailable as error:
            self._gate.failed(str(error))
            return False
        verdict = judge(answer)
        if verdict is Verdict.MISCONFIGURED:
            self._gate.halt(explain(PROBE, answer))
        elif verdict not in {Verdict.ACCEPTED, Verdict.THROTTLED}:
            self._gate.failed(explain(PROBE, answer))
        return verdict is Verdict.ACCEPTED
