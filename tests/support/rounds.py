"""A sink without Kafka: its rounds, one after the other, against a SkyPortal that answers."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Message

from demo.skyportal.process import SkyPortal as Server
from runtime.health import Health
from runtime.publisher import Publisher
from runtime.settings import load
from schemas import codec
from schemas.record import SkyPortalAlert
from sink.delivery.dead_letters import DeadLetters
from sink.delivery.fates import Desk
from sink.delivery.guard import Guard
from sink.delivery.in_flight import InFlight
from sink.delivery.memory import Memory
from sink.delivery.rejections import Rejections
from sink.delivery.round import Round
from sink.routing.directory import Directory
from sink.routing.router import Router
from sink.routing.routes import read
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.client import SkyPortal
from sink.skyportal.gate import Gate
from sink.skyportal.pace import FixedPace
from sink.skyportal.rate import Rate
from sink.skyportal.sender import Sender
from sink.skyportal.under_way import UnderWay, Withdrawn
from sink.topic.offsets import Holding
from support.kafka import PATIENCE_S, until
from support.sink import environment
from support.skyportal import answered

MOST_ROUNDS = 20
"""A record that is tried again so often goes round in circles."""

PACE = {"SINK_REJECTION_INTERVAL_S": "0.1", "SKYPORTAL_UNANSWERED_S": "0.1"}


class Rounds:
    """One sink's rounds. The objects of a test belong to one partition, which may go away and come back."""

    def __init__(
        self,
        broker: str,
        topic: str,
        server: Server,
        *,
        routes: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        **changes: str,
    ) -> None:
        """``routes`` is a ``routes.toml``, ``clock`` the memory's."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(broker, topic, server, **PACE | changes).items():
                patch.setenv(name, value)
            settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
        self._most_objects = settings.sink_memory_objects
        self._clock = clock
        self._server = server
        self._topic = topic
        self._offset = 0
        self.stop = threading.Event()
        self.under_way = UnderWay()
        health = Health()
        gate = Gate(health, probe=lambda: True, longest_pause_s=0.05)
        rate = Rate(FixedPace(0))
        sender = Sender(SkyPortal(settings), gate=gate, rate=rate, under_way=self.under_way, stop=self.stop)
        directory = Directory(stale_after_s=0)
        directory.read(sender.get)
        self.desk = Desk(
            sender=sender,
            router=Router(read(routes), directory, health=health, rest_s=0.05),
            rejections=Rejections(settings.sink_rejection_interval_s, patience_s=settings.sink_patience_s),
            dead_letters=DeadLetters(Publisher(settings), settings.rejected_topic),
            memory=self._memory(),
            gate=gate,
            guard=Guard(in_a_row=0, percent=100),
            annotation_origins=settings.annotation_origins,
            patience_s=settings.sink_patience_s,
            look_again_s=0.05,
            unanswered_s=settings.skyportal_unanswered_s,
            room_to_wait=lambda: 1e9,
        )
        self.holding = Holding(topic, 0)

    def _memory(self) -> Memory:
        return Memory(self._most_objects, clock=self._clock)

    def restart(self) -> None:
        """Forget everything, as a new process does."""
        self.desk = replace(self.desk, memory=self._memory())
        self.lose()

    def lose(self) -> None:
        """Let the partition go away and come back."""
        self.under_way.withdraw([self.holding])
        self.holding = Holding(self._topic, 0)

    def collect(self, *alerts: SkyPortalAlert) -> list[InFlight]:
        """Return ``alerts`` as they come from the partition that is held now."""
        return [self._item(alert) for alert in alerts]

    def round(self, batch: Sequence[InFlight]) -> list[InFlight]:
        """Deliver one batch and return what is to be tried again."""
        return Round(self.desk).deliver(batch)

    def deliver_while(self, meanwhile: Callable[[], object], *alerts: SkyPortalAlert, **held: object) -> None:
        """Deliver ``alerts``; the first request that matches ``held``, a fault's options, waits for ``meanwhile``."""
        fault = self._server.control.fault("hang", **held)
        with ThreadPoolExecutor(1) as pool:
            delivering = pool.submit(self.deliver, *alerts)
            try:
                until(lambda: answered(self._server, fault) > 0 or delivering.done(), f"a request {held}")
                meanwhile()
            finally:
                self._server.control.mend()
            delivering.result(PATIENCE_S)
        assert answered(self._server, fault) == 1, f"no request {held}"

    def deliver(self, *alerts: SkyPortalAlert) -> None:
        """Deliver ``alerts`` as one batch, in as many rounds as that takes."""
        batch = self.collect(*alerts)
        for _ in range(MOST_ROUNDS):
            if not (batch := self.round(batch)):
                return
            until(lambda: may_be_tried(batch), "the records that are to be tried again")
        raise AssertionError(f"{len(batch)} records go round and round, such as {batch[0].alert}")

    def die_amid(self, request: int, *alerts: SkyPortalAlert) -> None:
        """Deliver ``alerts`` and die when so many requests are answered and one more is under way; then restart."""
        fault = self._server.control.fault("hang", after=request, path="/api/")
        with ThreadPoolExecutor(1) as pool:
            delivering = pool.submit(self.deliver, *alerts)
            until(lambda: answered(self._server, fault) > 0 or delivering.done(), "a request to die in")
            self.stop.set()
            self._server.control.mend()
            if not isinstance(delivering.exception(PATIENCE_S), Withdrawn):
                delivering.result()
        self.stop.clear()
        self.restart()

    @property
    def settled(self) -> bool:
        """Whether everything that was collected since the last call is settled, the acknowledged letters too."""
        self.desk.dead_letters.settle()
        moved = self.holding.advance()
        return moved is not None and moved.offset == self._offset

    def _item(self, alert: SkyPortalAlert) -> InFlight:
        message = Message(
            topic=self._topic, partition=0, offset=self._offset, key=alert.obj_id.encode(), value=codec.encode(alert)
        )
        self.holding.collected(self._offset)
        self._offset += 1
        return InFlight(message=message, decoded=alert, holding=self.holding, collected_at=time.monotonic())


def may_be_tried(batch: Iterable[InFlight]) -> bool:
    """Say whether the pause of each record is over."""
    return all(item.not_before <= time.monotonic() for item in batch)


@contextmanager
def second_group(server: Server, name: str, folder: Path, *, more: str = "") -> Iterator[Path]:
    """Give a second group a filter of its own, and a ``routes.toml`` that sends it the early supernovae.

    Both are called ``name``. ``more`` is said of both routes.
    """
    server.control.setup(groups=[name], filters=[(name, name, "ZTF Public")])
    routes = folder / "routes.toml"
    second = f'topic = "fink_early_sn_candidates_ztf"\ngroup = "{name}"\nfilter = "{name}"'
    routes.write_text(f'[[route]]\n{second}\n{more}\n[[route]]\ntopic = "*"\n{more}\n')
    try:
        yield routes
    finally:
        server.control.setup(remove_filters=[name])
        if any(group["name"] == name for group in server.control.state()["groups"]):
            server.control.setup(remove_groups=[name])
