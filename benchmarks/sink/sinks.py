"""The sink as a contestant: one or more processes of a group, and a backlog in a real Kafka."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.sink.account import Key
from benchmarks.sink.local_topic import LocalTopic
from benchmarks.sink.portal import Parts
from benchmarks.sink.process import Sink
from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert

PATIENCE_S = 900.0
"""For sinks to settle what they have been given."""

SETTLED = 'sink_alerts_settled_total{outcome="accepted"}'
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where sinks run, and what they have delivered before anything is measured."""

    portal: SkyPortal
    parts: Parts
    known: Sequence[SkyPortalAlert] = ()
    bootstrap_servers: str
    folder: Path
    """For logs and routes."""


class Sinks:
    """So many sinks of one group, and records that wait for them in the local topic; both end with the block."""

    def __init__(
        self,
        place: Place,
        backlog: Iterable[SkyPortalAlert] = (),
        *,
        count: int = 1,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Deliver ``backlog``; alerts of ``place.known`` are delivered before, by the same processes."""
        self.topic = LocalTopic(place.bootstrap_servers)
        self.processes: list[Sink] = []
        self.place = place
        self.backlog = backlog
        self._count = count
        self._settings = settings or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.topic.delete()

    def learn(self) -> None:
        """Publish the backlog; where objects are to be known, let the sinks deliver each once before."""
        if self.place.known:
            self.topic.publish(self.place.known)
            self.run()
            self.until_settled(len(self.place.known))
        else:
            self.topic.publish(self.backlog)

    def start(self) -> None:
        """Let the sinks begin with the backlog."""
        if self.place.known:
            self.topic.publish(self.backlog)
        else:
            self.run()

    def run(self) -> None:
        """Start the processes."""
        for _ in range(self._count):
            folder = self.place.folder / f"{self.topic.group}-{time.monotonic_ns()}"
            self.processes.append(Sink(self.topic, self.place.portal, self.place.parts, folder, self._settings))

    def until_settled(self, alerts: int) -> None:
        """Wait until the processes that run have settled so many alerts. Raises `Lost`."""
        deadline = time.monotonic() + PATIENCE_S
        while (settled := self.settled()) < alerts:
            self.check()
            if time.monotonic() > deadline:
                raise self.processes[0].lost(f"{settled:.0f} of {alerts} alerts are settled, and no more")
            time.sleep(_LOOK_EVERY_S)

    def check(self) -> None:
        """Raise `Lost` if a sink has ended, or has put something aside."""
        for one in self.processes:
            one.check()

    def has_more(self) -> bool:
        """Say whether something is left to deliver."""
        return self.settled() < len(self.topic.published_at)

    def settled(self) -> float:
        """Return how many alerts the processes that run have settled."""
        return sum(one.metric(SETTLED) for one in self.processes)

    def stop(self) -> None:
        """Let the sinks commit what is settled and leave."""
        self.end()

    def end(self) -> None:
        """End the processes, whatever they are at."""
        for one in self.processes:
            one.stop()

    def delivered(self) -> set[Key]:
        """Return the alerts that the sinks let Kafka forget. Raises `Lost` if any was put aside."""
        if letters := self.topic.dead_letters():
            raise self.processes[0].lost(f"{letters} alerts were put aside")
        return self.topic.settled()
