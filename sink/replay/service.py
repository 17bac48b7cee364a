"""One replay put together, from the settings to its last commit."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime import kafka
from runtime.health import Health
from runtime.publisher import Publisher
from sink.delivery.in_flight import InFlight
from sink.delivery.memory import Memory
from sink.delivery.round_size import RoundSize
from sink.delivery.shards import Shards
from sink.replay.beside import Beside
from sink.replay.counts import Counts
from sink.replay.letters import Letters
from sink.replay.preview import Preview, preview
from sink.replay.progress import Plan, Progress
from sink.replay.reading import Reading, client
from sink.replay.report import Report
from sink.replay.run import run, taking
from sink.replay.selection import Selection
from sink.replay.tail import Tail
from sink.replay.window import Window, find
from sink.routing.routes import Routes
from sink.run import MIB
from sink.service import REQUESTS_OF_ALL_PARTS, open_desk
from sink.settings import SinkSettings
from sink.skyportal.connection import Connection


class Replay:
    """Delivers a selection of the local topic again. Nothing of it disturbs the live sinks but the requests.

    It has a consumer group of its own, which nobody joins, and a memory of its own.
    """

    def __init__(self, settings: SinkSettings, routes: Routes, selection: Selection, *, per_second: float) -> None:
        """At most ``per_second`` requests are sent; 0: no limit."""
        self._settings = settings.model_copy(update={"skyportal_requests_per_second": per_second})
        self._routes = routes
        self._selection = selection
        self._consumer = client(settings, selection.group(settings.sink_group_id, settings.kafka_topic))
        self._progress = Progress(self._consumer, settings.kafka_topic)

    def look(self) -> tuple[Window, Plan]:
        """Return what the topic holds of the selection, and what is left to do of it. Raises `Unreplayable`."""
        window = find(self._settings, self._selection, self._consumer)
        return window, self._progress.plan(window)

    def preview(self, plan: Plan) -> Preview:
        """Return what `deliver` would send, and send and keep nothing. Raises `Unreadable`."""
        try:
            return preview(Reading(self._consumer, self._settings.kafka_topic, plan), self._selection, self._routes)
        finally:
            self._consumer.close()

    def deliver(
        self,
        window: Window,
        plan: Plan,
        *,
        health: Health,
        stop: threading.Event,
        mended: threading.Event,
        turned: Callable[[Report], None],
    ) -> Report:
        """Deliver ``plan`` until it is done or ``stop`` is set, and return what came of it.

        Waits through outages as a sink does, and for routes without end: nothing is put aside for a name that somebody
        can mend. ``turned`` is called in each turn of the loop. Raises `Misconfigured`, `Unreplayable`, `Unreadable`,
        `NotPublished`, and `Withdrawn` if it is to stop before it has begun.
        """
        settings, routes, topic = self._settings, self._routes, self._settings.kafka_topic
        connection = Connection(settings, health=health, stop=stop, mended=mended)
        connection.check(routes)
        self._progress.begin(plan)
        reading = Reading(self._consumer, topic, plan)
        counts = Counts(reading=reading)
        letters = Letters(Publisher(settings), settings.rejected_topic, counts.refused)
        memory = Memory(settings.sink_memory_objects)
        desk = replace(
            open_desk(settings, routes, connection, health=health, dead_letters=letters, memory=memory),
            patience_s=math.inf,
        )
        tail = Tail(settings, {number: one.passed for number, one in plan.stretches.items()})
        beside = Beside(desk, tail, counts, topic=topic, routes=routes, is_resumed=plan.is_resumed, stop=stop)

        def deliver_round(batch: Sequence[InFlight]) -> list[InFlight]:
            return beside.deliver(batch, shards)

        shards = Shards(
            deliver_round,
            count=1,
            collect_s=settings.sink_collect_s,
            fresh_s=0,
            largest=RoundSize(connection.rate, requests_of_one=REQUESTS_OF_ALL_PARTS).records,
            has_room=connection.rate.has_room,
            stop=stop,
            idle=connection.gate.tend,
        )
        report = Report(window=window, plan=plan, counts=counts, beside=beside, health=health)

        def turn() -> None:
            connection.turn()
            turned(report)

        health.ready("start")
        shards.start()
        try:
            report.is_done = run(
                reading,
                shards,
                letters,
                beside,
                self._progress,
                take=taking(self._selection, routes, shards, counts),
                room=settings.sink_in_flight_mib * MIB,
                turned=turn,
                stop=stop,
            )
            self._leave(connection, letters, beside)
        finally:
            stop.set()  # whatever ended the loop, the worker ends too
            beside.close()
            self._consumer.close()
        return report

    def _leave(self, connection: Connection, letters: Letters, beside: Beside) -> None:
        """Wait a little for answers and acknowledgements that are under way; what does not come is sent again."""
        deadline = time.monotonic() + kafka.LEAVING_S
        connection.under_way.wait_for_all(kafka.LEAVING_S)
        beside.rest()
        letters.settle_until(deadline)
        self._progress.passed(beside.settled())
