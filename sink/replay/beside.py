"""Delivering rounds beside the live sinks, so that the newest still wins and nothing is doubled."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from confluent_kafka import KafkaException, TopicPartition

from runtime import kafka
from sink.delivery.fates import Desk
from sink.delivery.in_flight import InFlight
from sink.delivery.round import Round
from sink.delivery.shards import Shards
from sink.replay.counts import Counts
from sink.replay.reading import Replayed
from sink.replay.tail import Tail
from sink.replay.wanted import Unusable, decode, way_of
from sink.routing.router import NotWanted
from sink.routing.routes import NoRoute, Routes
from sink.skyportal.under_way import Withdrawn
from sink.topic.offsets import offset_of

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

ENOUGH_DOUBTS = 5
"""Attempts, each twice as long after the last."""

LOOK_AGAIN_S = 1.0
"""For an object that the live sinks have at hand."""


class Beside:
    """Keeps out of the live sinks' way: SkyPortal cannot compare and set, so of two writers the later one wins.

    An object of which the live sinks have a record that they have not passed waits until they have. Every object is
    read anew in each round, right before something of it is overwritten. Where a record of an object of the round was
    appended meanwhile, it is delivered again once the live sinks have passed it: whatever came last, SkyPortal ends
    with the newest, and a class that both have made is found and deleted. Until then no progress is kept, so that a
    crash repeats all that.
    """

    def __init__(
        self,
        desk: Desk,
        tail: Tail,
        counts: Counts,
        *,
        topic: str,
        routes: Routes,
        is_resumed: bool,
        stop: threading.Event,
    ) -> None:
        """``is_resumed``: an earlier process may have been killed in the middle of a round, of whichever objects."""
        self._desk = desk
        self._tail = tail
        self._counts = counts
        self._topic = topic
        self._routes = routes
        self._is_resumed = is_resumed
        self._stop = stop
        self._met: set[str] = set()
        self._lock = threading.Lock()
        self._working = threading.Lock()
        self._is_clean = True
        self._again: list[Replayed] = []
        self._moved: dict[int, TopicPartition] = {}
        self.waiting = 0
        """Records of the latest round that wait for the live sinks."""
        self.redelivered = 0
        """Records behind the window that were delivered again."""

    def deliver(self, batch: Sequence[InFlight], shards: Shards) -> list[InFlight]:
        """Deliver ``batch`` and return what is to be tried again. Raises `Withdrawn` if the process leaves."""
        with self._working:
            return self._deliver(batch, shards)

    def rest(self) -> bool:
        """Wait a little until no round is under way, and say if that came true; the process is to leave already."""
        is_resting = self._working.acquire(timeout=kafka.LEAVING_S)
        if is_resting:
            self._working.release()
        return is_resting

    def close(self) -> None:
        """Let go of Kafka, unless a round is under way even now."""
        if self.rest():
            self._tail.close()

    def _deliver(self, batch: Sequence[InFlight], shards: Shards) -> list[InFlight]:
        self._patiently(self._tail.look)
        waiting = [item for item in batch if self._tail.waits(item.alert.obj_id)]
        ready = [item for item in batch if not self._tail.waits(item.alert.obj_id)]
        self.waiting = len(waiting)
        for item in waiting:
            item.not_before = time.monotonic() + LOOK_AGAIN_S
        if not ready:
            return waiting
        objects = {item.alert.obj_id for item in ready}
        for obj_id in objects:
            self._desk.memory.forget(obj_id)
        known = {obj_id: self._known(obj_id) for obj_id in objects}
        with self._lock:
            self._advance()
            self._is_clean = False
        again = Round(self._desk).deliver(ready)
        self._patiently(self._tail.look)
        self._deliver_again(known, shards)
        self._met |= objects
        with self._lock:
            self._is_clean = True
            self._advance()
        return [*(item for item in again if not self._is_given_up(item)), *waiting]

    def settled(self) -> list[TopicPartition]:
        """Return below which offsets nothing is left to do, where that has moved. Thread-safe."""
        with self._lock:
            if self._is_clean:
                self._advance()
            moved, self._moved = self._moved, {}
        return list(moved.values())

    def _advance(self) -> None:
        """Note what is settled, between two rounds, unless something is still to be delivered again."""
        self._again = [one for one in self._again if one.advance() is None]
        if not self._again:
            found = [one.advance() for one in self._counts.reading.holdings.values()]
            self._moved |= {moved.partition: moved for moved in found if moved is not None}

    def _is_given_up(self, item: InFlight) -> bool:
        """Say whether a refusal is left alone that cannot be believed, since no other record is left to compare with.

        A sink would wait for the next alert.
        """
        doubt = item.suspicion
        if doubt is None or doubt.attempts < ENOUGH_DOUBTS or not self._counts.reading.is_done:
            return False
        log.warning("given up obj_id=%s part=%s: %s", item.alert.obj_id, doubt.part, doubt.message[:500])
        self._counts.refused.append(
            f"{item.alert.obj_id} (partition {item.holding.partition}, offset {item.offset}): the {doubt.part}, "
            f"{doubt.attempts} times: {doubt.message[:300]}. Nothing else was accepted meanwhile: no dead letter"
        )
        item.settle("rejected")
        return True

    def _known(self, obj_id: str) -> int:
        """Return how many records behind the window were there before this round, and are as they should be."""
        return 0 if self._is_resumed and obj_id not in self._met else self._tail.count(obj_id)

    def _deliver_again(self, known: Mapping[str, int], shards: Shards) -> None:
        places = {place for obj_id, count in known.items() for place in self._tail.places(obj_id)[count:]}
        for message in self._patiently(lambda: self._tail.fetch(places)) if places else ():
            try:
                alert = decode(message)
                way_of(alert, self._routes)
            except (Unusable, NotWanted, NoRoute):  # not the live sinks' to write either
                continue
            holding = Replayed(self._topic, message.partition() or 0)
            holding.collected(offset_of(message))
            with self._lock:
                self._again.append(holding)
            self.redelivered += 1
            log.info("delivered again behind the live sinks obj_id=%s alert_id=%s", alert.obj_id, alert.alert_id)
            shards.collect(InFlight(message=message, decoded=alert, holding=holding, collected_at=time.monotonic()))

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Return what Kafka says, as soon as it does. Raises `Withdrawn` if the process leaves before."""
        while True:
            try:
                return ask()
            except KafkaException as error:
                kafka.log_error(error.args[0])
                if self._stop.wait(LOOK_AGAIN_S):
                    raise Withdrawn from error
