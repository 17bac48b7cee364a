"""Who takes part in which case, and how much there is to deliver."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.sink import portal as portals
from benchmarks.sink.account import Account
from benchmarks.sink.alerts import Sky
from benchmarks.sink.contest import Window, measure
from benchmarks.sink.contestant import Contestant
from benchmarks.sink.ideal import Ideal
from benchmarks.sink.portal import Parts
from benchmarks.sink.predecessor import Predecessor
from benchmarks.sink.sinks import Place, Sinks
from demo.fink.samples import Case as Shape
from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert

Who = Literal["predecessor", "ideal", "sink", "two_sinks"]
Ready = Callable[[], object]
"""Returns when a measurement may begin; others begin then too."""


def at_once() -> None:
    """Wait for nobody."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is delivered."""

    name: str
    parts: Parts
    objects: int = 0
    """Known before, each seen once; 0: every alert is of a new object."""
    most_per_s: float
    """More alerts than anybody delivers in a second, without a limit."""
    shape: Shape = "ztf"
    points: int = 10


@dataclass(frozen=True, kw_only=True)
class World:
    """Where and for how long."""

    bootstrap_servers: str
    folder: Path
    window: Window

    def place(self, portal: SkyPortal, parts: Parts, known: Sequence[SkyPortalAlert] = ()) -> Place:
        """Return where sinks deliver to ``portal``."""
        return Place(
            portal=portal, parts=parts, known=known, bootstrap_servers=self.bootstrap_servers, folder=self.folder
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One contestant in one case."""

    case: Case
    who: Who
    limit: float

    @property
    def text(self) -> str:
        """Say what it is."""
        return f"case={self.case.name} who={self.who} limit={limit_text(self.limit)} parts={self.case.parts.name}"


def run(entry: Entry, world: World, ready: Ready = at_once) -> Account:
    """Measure one entry. Raises as `measure` does."""
    with contestant(entry, world) as (portal, one):
        return measure(one, portal, limit=entry.limit, window=world.window, ready=ready)


@contextmanager
def contestant(entry: Entry, world: World) -> Iterator[tuple[SkyPortal, Contestant]]:
    """Yield a SkyPortal and who delivers to it, with a backlog that lasts longer than the window."""
    case, limit = entry.case, entry.limit
    sky = Sky(case.shape, points=case.points)
    fastest = min(limit * 1.2, case.most_per_s) if limit else case.most_per_s
    count = int(fastest * (world.window.all_s + 5)) + 200
    backlog = sky.seen_again(count, case.objects) if case.objects else sky.new(count)
    known = list(sky.new(case.objects))
    with portals.skyportal() as portal:
        if entry.who == "predecessor":
            yield portal, Predecessor(portal, backlog, known=known, limit=limit)
        elif entry.who == "ideal":
            yield portal, Ideal(portal, backlog, known=known, shape=case.shape, parts=case.parts, limit=limit)
        else:
            count = 2 if entry.who == "two_sinks" else 1
            with Sinks(world.place(portal, case.parts, known), backlog, count=count) as sinks:
                yield portal, sinks


def limit_text(limit: float) -> str:
    """Return a limit as it is printed."""
    return f"{limit:g}" if limit else "none"
