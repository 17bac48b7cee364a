"""What happens to a sink, and what it does: its rate from its own metrics, everything else from SkyPortal's log."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.lines import remark
from benchmarks.sink import portal as portals
from benchmarks.sink.account import ACCEPTED, REFUSED, accepted
from benchmarks.sink.alerts import Sky
from benchmarks.sink.contest import check_delivered, first_accepted
from benchmarks.sink.entry import World
from benchmarks.sink.portal import ESSENTIAL, LIMIT
from benchmarks.sink.process import Sink
from benchmarks.sink.sinks import Sinks
from demo.skyportal.process import SkyPortal

LINGER_S = 17.0
"""After an outage SkyPortal's nginx goes on refusing writers for so long, as was seen."""

MOST_PER_S = 60
"""More alerts than a sink delivers in a second."""

_SAMPLE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Phases:
    """How long each phase lasts, in seconds."""

    limited: float = 75.0
    outage: float = 60.0
    recovery: float = 105.0
    whitelisted: float = 90.0


@dataclass(frozen=True, kw_only=True)
class Course:
    """Moments, in seconds since the first alert was accepted."""

    phases: Phases
    limit: float
    """Requests per second that SkyPortal takes until it is told otherwise."""
    rate: Sequence[tuple[float, float]]
    """Moments and the requests per second that the sink allowed itself."""
    accepted: Sequence[float]
    """Alerts."""
    taken: Sequence[float]
    """Requests that SkyPortal accepted."""
    refused: Sequence[float]
    """Requests that were too many: 429."""


def run(world: World, phases: Phases) -> Course:
    """Let a sink go through the phases, with more alerts in the local topic than it can deliver. Raises `Lost`."""
    seconds = phases.limited + phases.outage + phases.recovery
    count = int(seconds * LIMIT + phases.whitelisted * MOST_PER_S) + 200
    with portals.skyportal() as portal, Sinks(world.place(portal, ESSENTIAL), Sky().new(count)) as sinks:
        portals.begin(portal, LIMIT)
        sinks.learn()
        sinks.start()
        start = first_accepted(portal, 0, sinks)
        (sink,) = sinks.processes
        rate = _go_through(phases, portal, sink, start)
        sinks.stop()
        check_delivered(sinks, portal)
        log = portal.control.requests()
    return Course(
        phases=phases,
        limit=LIMIT,
        rate=rate,
        accepted=sorted(moment - start for moment in accepted(log).values()),
        taken=_moments(log, start, lambda status: status == ACCEPTED),
        refused=_moments(log, start, lambda status: status == REFUSED),
    )


def _go_through(phases: Phases, portal: SkyPortal, sink: Sink, start: float) -> list[tuple[float, float]]:
    """Return the sink's rate, looked at every second."""
    rate: list[tuple[float, float]] = []

    def watch(what: str, seconds: float) -> None:
        remark(f"{what}, {seconds:.0f} s")
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            sink.check()
            rate.append((now - start, sink.requests_per_s))
            time.sleep(max(0.0, min(_SAMPLE_S, end - time.monotonic())))

    watch(f"limited to {LIMIT:g} requests per second", start + phases.limited - time.monotonic())
    portal.control.fault("outage", seconds=phases.outage, linger=LINGER_S)
    watch("SkyPortal is away", phases.outage)
    watch("SkyPortal is back", phases.recovery)
    portal.control.limit(0)
    watch("no limit any more", phases.whitelisted)
    return rate


def _moments(log: Sequence[Mapping[str, Any]], start: float, wanted: Callable[[int], bool]) -> list[float]:
    """Return when the wanted requests came in."""
    return [one["monotonic"] - start for one in log if one["status"] is not None and wanted(one["status"])]
