"""One sink put together: the loop, the workers, and what they share."""

import math
import threading
import time
from collections.abc import Callable, Sequence

from runtime import kafka
from runtime.health import Health
from runtime.publisher import Publisher
from runtime.reports import Reporter
from runtime.state import StateTopic
from sink.delivery.dead_letters import DeadLetters
from sink.delivery.fates import Desk
from sink.delivery.in_flight import InFlight
from sink.delivery.memory import Memory
from sink.delivery.parts.object import NEEDED_FOR
from sink.delivery.past_letters import refused_lately
from sink.delivery.rejections import Rejections
from sink.delivery.round import Round
from sink.delivery.round_size import RoundSize
from sink.delivery.shards import Shards
from sink.report import Report
from sink.routing.router import Router
from sink.routing.routes import Routes
from sink.routing.watch import RoutesWatch
from sink.run import MIB, health_part, run
from sink.settings import SinkSettings
from sink.shown import Shown
from sink.skyportal.connection import Connection
from sink.topic.local_topic import LocalTopic
from sink.topic.offsets import Holding

REQUESTS_OF_ALL_PARTS = 4.0
"""To expect of one record: six of a new object, two of a known one."""

MOST_IN_FLIGHT = 5_000
"""Records, however small: as many as a quarter of an hour brings at the limit, and more than any round needs."""


def open_desk(
    settings: SinkSettings,
    routes: Routes,
    connection: Connection,
    *,
    health: Health,
    dead_letters: DeadLetters,
    memory: Memory,
    room_to_wait: Callable[[], float] = lambda: math.inf,
) -> Desk:
    """Return what rounds work with, by the settings. ``room_to_wait``: bytes of records that may wait for routes."""
    return Desk(
        sender=connection.sender,
        router=Router(
            routes, connection.directory, health=health, rest_s=connection.look_again_s, clock=connection.gate.clock
        ),
        rejections=Rejections(
            settings.sink_rejection_interval_s,
            patience_s=settings.sink_patience_s,
            patience_clock=connection.gate.clock,
        ),
        dead_letters=dead_letters,
        memory=memory,
        gate=connection.gate,
        guard=connection.guard,
        annotation_origins=settings.annotation_origins,
        unanswered_s=settings.skyportal_unanswered_s,
        patience_s=settings.sink_patience_s,
        look_again_s=connection.look_again_s,
        room_to_wait=room_to_wait,
    )


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
        port: int = 0,
    ) -> None:
        """``mended`` is set when somebody says that what has halted the sink is mended.

        ``port`` is that of its metrics, by which `python -m sink status` calls it.
        """
        self._settings = settings
        self._routes = routes
        self._health = health
        self._stop = stop
        self._connection = Connection(settings, health=health, stop=stop, mended=mended)
        self._publisher = Publisher(settings)
        self._report = Report(settings, self._connection, health=health, port=port)
        self._reporter = Reporter(StateTopic(self._publisher, settings), self._report.words, own=self._report.key)
        self._shown = Shown(settings, health)

    def check(self) -> None:
        """Wait until SkyPortal answers, then see that the token and the routes are right.

        Raises `Misconfigured` with what is to be mended, and `Withdrawn` if the process is asked to leave.
        """
        self._shown.start(self._stop)
        try:
            self._connection.check(self._routes, turned=self._reporter.turned)
        except BaseException:  # SIGTERM raises SystemExit here
            self._reporter.close()
            raise

    def deliver(self) -> None:
        """Join the group and deliver until asked to leave. Raises as `run` does."""
        settings, connection = self._settings, self._connection
        letters = DeadLetters(self._publisher, settings.rejected_topic)
        room = settings.sink_in_flight_mib * MIB / 2
        desk = open_desk(
            settings,
            self._routes,
            connection,
            health=self._health,
            dead_letters=letters,
            memory=Memory(settings.sink_memory_objects),
            room_to_wait=lambda: room - shards.load().waiting,
        )
        all_parts = any(NEEDED_FOR.intersection(route.parts) for route in self._routes.every())
        size = RoundSize(connection.rate, requests_of_one=REQUESTS_OF_ALL_PARTS if all_parts else 1.0)

        def deliver_round(batch: Sequence[InFlight]) -> list[InFlight]:
            before = connection.sender.requests_of_this_thread
            again = Round(desk).deliver(batch)
            size.delivered(len(batch) - len(again), connection.sender.requests_of_this_thread - before)
            return again

        shards = Shards(
            deliver_round,
            count=settings.sink_concurrency,
            collect_s=settings.sink_collect_s,
            fresh_s=settings.sink_fresh_first_s,
            largest=size.records,
            has_room=connection.rate.has_room,
            least_bytes=int(settings.sink_in_flight_mib * MIB / MOST_IN_FLIGHT),
            stop=self._stop,
            paused=connection.gate.paused,
            idle=connection.gate.tend,
        )

        def give_up(holdings: Sequence[Holding], *, wait_s: float) -> None:
            connection.under_way.withdraw(holdings)
            shards.drop(holdings)
            for holding in holdings:
                self._health.ready(health_part(holding))
            connection.under_way.wait(holdings, 0 if self._stop.is_set() else wait_s)  # who leaves has waited already

        def take(routes: Routes) -> None:
            desk.router.change(routes)
            shards.look_again()

        watch = RoutesWatch(
            self._routes,
            look_up=connection.look_up,
            take=take,
            health=self._health,
            again_s=connection.look_again_s,
        )

        def turned() -> None:
            connection.turn()
            watch.check()
            self._reporter.turned()

        connection.guard.remember(refused_lately(settings))
        shards.start()
        watch.start(connection.told_to_look, self._stop)
        topic = LocalTopic(settings, give_up)
        self._shown.follow(topic)
        self._report.partitions = topic.numbers
        self._health.ready("start")
        try:
            run(
                topic,
                shards,
                letters,
                settings=settings,
                health=self._health,
                turned=turned,
                stop=self._stop,
            )
            self._leave(letters)
        finally:
            topic.close()
            self._reporter.close()

    def _leave(self, letters: DeadLetters) -> None:
        """Wait a little for answers and acknowledgements that are under way; what does not come is sent again."""
        deadline = time.monotonic() + kafka.LEAVING_S
        self._connection.under_way.wait_for_all(kafka.LEAVING_S)
        letters.settle_until(deadline)
