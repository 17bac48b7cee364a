"""What a sink's memory, threads and sockets come to when it has met many objects.

It is measured twice. Where alerts come by equal portions, what grows does so with the objects. Where all come at once,
the longer backlog behind the second look takes memory as well, up to SINK_IN_FLIGHT_MIB of it and its decoded form,
and Python does not give that back: the ratio is then one of backlogs too.
"""

import time
from collections.abc import Iterator
from itertools import islice
from statistics import median
from typing import Literal, get_args

from benchmarks.lines import Figure, Target, line, remark
from benchmarks.sink.alerts import Sky
from benchmarks.sink.contest import check_delivered
from benchmarks.sink.contestant import Lost
from benchmarks.sink.entry import World
from benchmarks.sink.portal import ESSENTIAL, skyportal
from benchmarks.sink.process import Sink
from benchmarks.sink.sinks import Sinks
from schemas.record import SkyPortalAlert

FEW, MANY = 5_000, 20_000
"""Objects after which the memory is looked at."""

REMEMBERED = 2_000
"""Objects that the sink may remember, so that it has to forget."""

Arrival = Literal["by_portions", "at_once"]
ARRIVALS: tuple[Arrival, ...] = get_args(Arrival)

PORTIONS = 5
"""So many portions are the objects of the first look, and later ones are as large."""

RATIO = Target(limit=1.1, at_most=True)

IDLE_S = 5.0
_LOOKS = 10


def growth(world: World, arrival: Arrival, few: int = FEW, many: int = MANY, remembered: int = REMEMBERED) -> str:
    """Return the line about a sink that meets so many objects, each once. Raises `Lost`.

    The sink is idle when it is looked at: everything is settled, and nothing has come for `IDLE_S`.
    """
    remark(f"case=growth arrival={arrival}: {many} objects, of which the sink may remember {remembered}")
    alerts = Sky(cutouts=False).new(many)
    settings = {"SINK_MEMORY_OBJECTS": str(remembered)}
    with skyportal() as portal, Sinks(world.place(portal, ESSENTIAL), settings=settings) as sinks:
        sinks.run()
        portion = many if arrival == "at_once" else max(1, few // PORTIONS)
        _meet(sinks, islice(alerts, few), portion)
        first = _look(sinks)
        _meet(sinks, alerts, portion)
        last = _look(sinks)
        sinks.stop()
        check_delivered(sinks, portal)
    facts: dict[str, Figure] = {
        "case": "growth",
        "arrival": arrival,
        f"rss_{few}_mb": first[0],
        f"rss_{many}_mb": last[0],
        "ratio": last[0] / first[0],
        "threads": _both(first[1], last[1]),
        "sockets": _both(first[2], last[2]),
    }
    return line("sink", facts, {"ratio": RATIO})


def _meet(sinks: Sinks, alerts: Iterator[SkyPortalAlert], portion: int) -> None:
    """Let the sink deliver ``alerts``, so many of them waiting at a time."""
    while some := list(islice(alerts, portion)):
        sinks.topic.publish(some)
        sinks.until_settled(len(sinks.topic.published_at))


def _look(sinks: Sinks) -> tuple[float, int, int]:
    """Return megabytes, threads and sockets of the only sink, which has settled all, when it is idle."""
    (sink,) = sinks.processes
    time.sleep(IDLE_S)
    looks = [_sample(sink) for _ in range(_LOOKS)]
    if left := sink.metric("sink_in_flight_alerts"):
        raise Lost(f"{left:.0f} alerts are in flight when all are settled")
    memory, threads, sockets = zip(*looks, strict=True)
    return median(memory), max(threads), max(sockets)


def _sample(sink: Sink) -> tuple[float, int, int]:
    time.sleep(IDLE_S / _LOOKS)
    return sink.rss_mb(), sink.threads(), sink.sockets()


def _both(before: int, after: int) -> str:
    return str(after) if before == after else f"{before}..{after}"
