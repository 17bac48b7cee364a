"""Alerts that arrive one by one, as in a night, and how long each takes to SkyPortal."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.lines import line
from benchmarks.sink.account import accepted
from benchmarks.sink.alerts import Sky
from benchmarks.sink.contest import Window, measure
from benchmarks.sink.contestant import LEAVING_S
from benchmarks.sink.entry import Case, Entry, Ready, World
from benchmarks.sink.outcome import facts
from benchmarks.sink.portal import skyportal
from benchmarks.sink.sinks import Place, Sinks
from schemas.record import SkyPortalAlert

APART_S = 1.0


class Live(Sinks):
    """A sink that has nothing to do, and alerts that come one a second."""

    def __init__(self, place: Place, alerts: Iterator[SkyPortalAlert]) -> None:
        """Publish ``alerts`` one after the other; ``place.known`` are known before."""
        super().__init__(place)
        self._alerts = alerts
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._publish, daemon=True)

    def learn(self) -> None:
        """Let the sink come up, and deliver what is to be known."""
        self.topic.publish(self.place.known)
        self.run()
        self.until_settled(len(self.place.known))

    def start(self) -> None:
        """Publish from now on."""
        self._thread.start()

    def has_more(self) -> bool:
        """Say yes: another alert will come."""
        return True

    def stop(self) -> None:
        """Publish no more, and let the sink leave when it has delivered all. Raises `Lost` if it does not."""
        self._over.set()
        if self._thread.ident:
            self._thread.join(LEAVING_S)
            self.until_settled(len(self.topic.published_at))
        super().stop()

    def end(self) -> None:
        """Publish no more, and end the sink."""
        self._over.set()
        super().end()

    def _publish(self) -> None:
        for alert in self._alerts:
            self.topic.publish([alert])
            if self._over.wait(APART_S):
                return


def live(case: Case, limit: float, world: World, ready: Ready) -> str:
    """Return the line about alerts that come one a second. Raises as `measure` does."""
    entry, window = Entry(case=case, who="sink", limit=limit), world.window
    sky = Sky(case.shape, points=case.points)
    count = int(window.all_s / APART_S) + 1000
    alerts = sky.seen_again(count, case.objects) if case.objects else sky.new(count)
    known = list(sky.new(case.objects))
    with skyportal() as portal, Live(world.place(portal, case.parts, known), alerts) as sinks:
        found = measure(sinks, portal, limit=limit, window=window, ready=ready)
        took = latencies(sinks, portal.control.requests(), window)
    return line("sink", facts(entry, found, latency_median_s=median(took), latency_worst_s=max(took)))


def latencies(sinks: Live, log: Sequence[Mapping[str, Any]], window: Window) -> list[float]:
    """Return the seconds from publication to acceptance, of the alerts that were published in the window."""
    taken = accepted(log)
    to_wall = log[-1]["wall"] - log[-1]["monotonic"]
    known = len(sinks.place.known)
    published = list(sinks.topic.published_at.items())[known:]
    start = published[0][1] + window.warm_up_s
    return [taken[alert] + to_wall - moment for alert, moment in published if start <= moment < start + window.seconds]
