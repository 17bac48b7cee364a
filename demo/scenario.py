"""The demo's story: a night of alerts, some of them late, SkyPortal down in the middle of it, and a sink killed."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from demo.expectation import Account, Expected, compare, expect
from demo.fink import FinkAlert, Published, encode, night
from demo.skyportal.process import SkyPortal
from demo.world import World, running_world

BURSTS, BURST_EVERY_S = 8, 2.5
LATE_BURST, COMES_AFTER = 3, 5
"""One burst comes after a later one: what is older must not take the place of what is newer."""
OUTAGE_S, LINGER_S = 6.0, 4.0
"""SkyPortal is down; then its proxy still turns writers away for some seconds, as the real one does."""
OUTAGE_AT, KILL_AT = 0.25, 0.55
"""Shares of the night that are settled when SkyPortal goes down, and when a sink is killed."""
REPLACED_AFTER_S = 3.0
STUCK_AFTER_S = 120.0
LOOK_EVERY_S = 0.3


class Stuck(Exception):
    """The night does not come to its end; the text says what is wrong, and where the logs are."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the demo's last line says."""

    published: int
    account: Account
    dead_letters: int
    outage_s: float
    seconds: float

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or put aside."""
        return not (self.account.lost or self.account.doubled or self.dead_letters)

    def __str__(self) -> str:
        one = self.account
        return (
            f"demo: published={self.published} objects={one.objects} accepted={one.accepted} points={one.points} "
            f"annotations={one.annotations} classes={one.classes} thumbnails={one.thumbnails} "
            f"dead_letters={self.dead_letters} lost={one.lost} doubled={one.doubled} "
            f"outage_s={self.outage_s:.1f} seconds={self.seconds:.1f}"
        )


def play(*, alerts: int, seed: int, console: Console, at_the_end: Callable[[World, Result], None]) -> Result:
    """Play the night and compare; ``at_the_end`` is called while everything still runs. Raises `Stuck`."""
    started = time.monotonic()
    planned = list(night(seed=seed, alerts=alerts))
    classes = _expected((topic, alert) for alert in planned for topic in alert.topics).names
    with running_world(console, classes) as world:
        story = Story(world, planned, seed)
        story.tell()
        expected = _expected((one.topic, one.alert) for one in story.published)
        state = world.skyportal.control.state()
        result = Result(
            published=alerts,
            account=compare(expected, state),
            dead_letters=story.counts.dead_letters,
            outage_s=_outage_s(world.skyportal),
            seconds=time.monotonic() - started,
        )
        at_the_end(world, result)
    return result


class Story:
    """Publishes the night in bursts, as Fink's micro-batches come, and follows it until everything is settled."""

    def __init__(self, world: World, alerts: Sequence[FinkAlert], seed: int) -> None:
        size = -(-len(alerts) // BURSTS)
        self._world = world
        self._seed = seed
        self._bursts = [alerts[first : first + size] for first in range(0, len(alerts), size)]
        self._late: Sequence[FinkAlert] = ()
        if len(self._bursts) > COMES_AFTER:
            self._late = self._bursts.pop(LATE_BURST)
            self._bursts.insert(COMES_AFTER, self._late)
        self._total = sum(len(alert.topics) for alert in alerts)
        self._next_burst = 0.0
        self._replace_at = 0.0
        self._moved_at = time.monotonic()
        self._killed = ""
        self._steps: list[tuple[Callable[[], bool], Callable[[], object]]] = [
            (lambda: self.counts.settled >= OUTAGE_AT * self._total, self._take_skyportal_down),
            (lambda: self.counts.settled >= KILL_AT * self._total, self._kill_a_sink),
            (lambda: time.monotonic() >= self._replace_at, self._replace_it),
        ]
        self.published: list[Published] = []
        self.counts = world.counts(0)

    def tell(self) -> None:
        """Go on until every alert is settled and everything has happened. Raises `Stuck`."""
        while self._bursts or self._steps or not self.counts.done:
            if self._bursts and time.monotonic() >= self._next_burst:
                self._next_burst = time.monotonic() + BURST_EVERY_S
                self._publish(self._bursts.pop(0))
            self._count()
            if self._steps and self._steps[0][0]():
                self._steps.pop(0)[1]()
            self._world.show(self.counts)
            time.sleep(LOOK_EVERY_S)

    def _publish(self, burst: Sequence[FinkAlert]) -> None:
        self.published += self._world.fink.publish(burst, seed=self._seed + len(self._bursts))
        if burst is self._late:
            self._world.display.event("Fink has published alerts that are older than its last ones")

    def _count(self) -> None:
        before, self.counts = self.counts, self._world.counts(len(self.published))
        if self.counts != before:
            self._moved_at = time.monotonic()
        dead = [one.name for one in self._world.processes if not one.alive and one.name != self._killed]
        if dead or time.monotonic() - self._moved_at > STUCK_AFTER_S:
            what = f"{', '.join(dead)} ended" if dead else f"nothing moved for {STUCK_AFTER_S:.0f} s"
            raise Stuck(f"{what}; the logs are in {self._world.logs}")

    def _take_skyportal_down(self) -> None:
        self._world.skyportal.control.fault("outage", seconds=OUTAGE_S, linger=LINGER_S)
        self._world.display.event(f"SkyPortal goes down for {OUTAGE_S:.0f} s")

    def _kill_a_sink(self) -> None:
        victim = self._world.sinks[0]
        self._killed = victim.name
        victim.kill()
        self._world.display.event(f"{victim.name} is killed (SIGKILL)")
        self._replace_at = time.monotonic() + REPLACED_AFTER_S

    def _replace_it(self) -> None:
        self._world.display.event(f"{self._world.add_sink().name} takes its place")


def _expected(messages: Iterable[tuple[str, FinkAlert]]) -> Expected:
    return expect((topic, *encode(alert)) for topic, alert in messages)


def _outage_s(skyportal: SkyPortal) -> float:
    """Return how long no write was accepted: from the first that the outage met to the first after it."""
    writes = [request for request in skyportal.control.requests() if request["method"] in {"POST", "PUT"}]
    met = [request["monotonic"] for request in writes if request["fault"] is not None]
    after = [request["monotonic"] for request in writes if request["status"] == 200 and met]  # noqa: PLR2004  # accepted
    return next((moment for moment in after if moment > met[-1]), met[-1]) - met[0] if met else 0.0
