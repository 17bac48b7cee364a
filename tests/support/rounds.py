"""A sink without Kafka: its rounds, one after the other, against a SkyPortal that answers."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Message

from demo.skyportal.process import SkyPortal as Server
from runtime.health import Health
from runtime.publisher import Publisher
from runtime.settings import load
from schemas import codec
from schemas.record import Classification, SkyPortalAlert
from sink.dead_letters import DeadLetters
from sink.directory import Directory
from sink.fates import Desk
from sink.gate import Gate
from sink.guard import Guard
from sink.memory import Memory
from sink.offsets import Holding, InFlight
from sink.parts.annotation import data_of
from sink.parts.classification import MOVED
from sink.parts.thumbnail import CUTOUTS
from sink.rank import rank_of
from sink.rate import Rate
from sink.rejections import Rejections
from sink.round import Round
from sink.router import Router
from sink.routes import Routes, RoutesFile
from sink.sender import Sender
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal import SkyPortal
from sink.under_way import UnderWay
from support.kafka import until
from support.sink import environment
from support.skyportal import assert_each_once

MOST_ROUNDS = 20
"""A record that is tried again so often goes round in circles."""

INTERVAL_S = 0.1


class Rounds:
    """One sink's rounds. The objects of a test belong to one partition, which may go away and come back."""

    def __init__(
        self,
        broker: str,
        topic: str,
        server: Server,
        *routes: dict[str, object],
        clock: Callable[[], float] = time.monotonic,
        **changes: str,
    ) -> None:
        """``routes`` are the tables of ``routes.toml``, ``clock`` is the memory's."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(broker, topic, server, **changes).items():
                patch.setenv(name, value)
            settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
        self._clock = clock
        self._topic = topic
        self._offset = 0
        self.stop = threading.Event()
        self.under_way = UnderWay()
        health = Health()
        gate = Gate(health, probe=lambda: True, longest_pause_s=0.05)
        sender = Sender(SkyPortal(settings), gate=gate, rate=Rate(0), under_way=self.under_way, stop=self.stop)
        directory = Directory(stale_after_s=0)
        directory.read(sender.get)
        table = Routes(RoutesFile.model_validate({"route": routes}))
        self.desk = Desk(
            sender=sender,
            router=Router(table, directory, health=health, rest_s=0.05),
            rejections=Rejections(INTERVAL_S, patience_s=settings.sink_patience_s),
            dead_letters=DeadLetters(Publisher(settings), settings.rejected_topic),
            memory=self._memory(),
            gate=gate,
            guard=Guard(in_a_row=0, percent=100),
            annotation_origin=settings.sink_annotation_origin,
            patience_s=1.0,
            look_again_s=0.05,
            unanswered_s=INTERVAL_S,
            room_to_wait=lambda: 1e9,
        )
        self.holding = Holding(topic, 0)

    def _memory(self) -> Memory:
        return Memory(10_000, clock=self._clock)

    def restart(self) -> None:
        """Forget everything, as a new process does."""
        self.desk = replace(self.desk, memory=self._memory())
        self.lose()

    def lose(self) -> Holding:
        """Let the partition go away and come back; return what it was."""
        gone = self.holding
        self.under_way.withdraw([gone])
        self.holding = Holding(self._topic, 0)
        return gone

    def collect(self, *alerts: SkyPortalAlert) -> list[InFlight]:
        """Return ``alerts`` as they come from the partition that is held now."""
        return [self._item(alert) for alert in alerts]

    def round(self, batch: Sequence[InFlight]) -> list[InFlight]:
        """Deliver one batch and return what is to be tried again."""
        return Round(self.desk).deliver(batch)

    def deliver(self, *alerts: SkyPortalAlert, then: Callable[[], object] = lambda: None) -> list[InFlight]:
        """Deliver ``alerts`` as one batch, in as many rounds as that takes; return the records.

        ``then`` is done between the first round and the second.
        """
        records = batch = self.collect(*alerts)
        for number in range(MOST_ROUNDS):
            if number == 1:
                then()
            if not (batch := self.round(batch)):
                return records
            until(lambda: _may_be_tried(batch), "the records that are to be tried again")  # noqa: B023  # not kept
        raise AssertionError(f"{len(batch)} records go round and round, such as {batch[0].alert}")

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
        return InFlight(message=message, alert=alert, holding=self.holding, collected_at=time.monotonic())


def _may_be_tried(batch: Iterable[InFlight]) -> bool:
    return all(item.not_before <= time.monotonic() for item in batch)


def assert_newest(server: Server, alerts: Iterable[SkyPortalAlert], groups: Mapping[str, str]) -> None:
    """See that SkyPortal holds each candidate and point of ``alerts`` once, and of the rest what the newest say.

    ``groups`` are the groups that the topics' routes name: each sees at least what its alerts say.
    """
    alerts = list(alerts)
    assert_each_once(server, alerts)
    state = server.control.state()
    ids = {one["name"]: one["id"] for one in state["groups"]}
    audience = {topic: ids[name] for topic, name in groups.items()}
    _assert_points_are_seen(state, alerts, audience)
    wanted: dict[tuple[str, str], SkyPortalAlert] = {}
    classes: dict[tuple[str, str], tuple[SkyPortalAlert, Classification]] = {}
    seen_by: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    pictures = set()
    for alert in sorted(alerts, key=rank_of):
        origin = "Fink multi-messenger" if ":" in alert.alert_id else "Fink"
        wanted[alert.obj_id, origin] = alert
        seen_by[alert.obj_id, origin].add(audience[alert.topic])
        for found in alert.classifications:
            classes[alert.obj_id, found.origin] = alert, found
            seen_by[alert.obj_id, found.origin].add(audience[alert.topic])
        pictures |= {(alert.obj_id, kind) for kind, cutout in CUTOUTS if getattr(alert, cutout) is not None}
    found = {(row["obj_id"], row["origin"]): (row["data"], set(row["groups"])) for row in state["annotations"]}
    assert found == {key: (data_of(alert), seen_by[key]) for key, alert in wanted.items()}
    rows = {(row["obj_id"], row["origin"]): row for row in state["classifications"]}
    assert len(rows) == len(state["classifications"]), "a class is there more than once"
    assert {key: row["classification"] for key, row in rows.items()} == {
        key: one.name for key, (_, one) in classes.items()
    }
    assert {key: set(row["groups"]) for key, row in rows.items()} == {key: seen_by[key] for key in classes}
    for key, (_, one) in classes.items():
        assert _is_near(rows[key]["probability"], one.probability), (key, rows[key], one)
    assert sorted((row["obj_id"], row["type"]) for row in state["thumbnails"]) == sorted(pictures)


def _assert_points_are_seen(
    state: Mapping[str, Any], alerts: Iterable[SkyPortalAlert], audience: Mapping[str, int]
) -> None:
    points = {
        (row["obj_id"], row["mjd"], row["flux"], row["fluxerr"]): set(row["groups"]) for row in state["photometry"]
    }
    for alert in alerts:
        curve = alert.photometry
        for row in zip(curve.mjd, curve.flux, curve.fluxerr, strict=True):
            assert audience[alert.topic] in points[(alert.obj_id, *row)], f"{alert.topic} does not see {row}"


def _is_near(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return abs(found - wanted) < MOVED
