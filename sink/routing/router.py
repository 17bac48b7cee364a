"""Where a record goes now: its route, by SkyPortal's ids, unless the route is broken."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.health import Health
from schemas.record import SkyPortalAlert
from sink.delivery.in_flight import InFlight
from sink.routing.criteria import Unmet
from sink.routing.directory import Destination, Directory, Get, Unroutable
from sink.routing.routes import NoRoute, Route, Routes

log = logging.getLogger(__name__)


TAXONOMY_STALE_S = 600.0
"""A class that is in no taxonomy makes SkyPortal's be read again, but not more often than this."""


class NotWanted(Exception):
    """The route leaves this alert out, such as a solar-system object; the text says what it lacks."""

    def __init__(self, unmet: Sequence[Unmet]) -> None:
        super().__init__("; ".join(one.sentence for one in unmet))
        self.criterion = unmet[0].criterion
        """The first that it does not meet, by its key in ``routes.toml``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trouble:
    since: float
    asked_at: float
    reason: str


class Router:
    """Routes by name, resolved by what SkyPortal says. One broken route stops only itself. Thread-safe."""

    def __init__(
        self,
        routes: Routes,
        directory: Directory,
        *,
        health: Health,
        rest_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Leave a route that SkyPortal refused alone for ``rest_s`` seconds."""
        self._routes = routes
        self._directory = directory
        self._health = health
        self._rest = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._changed_at = clock()
        self._troubles: dict[str, _Trouble] = {}
        self._working: set[str] = set()
        """Topics that have been delivered since the start."""

    def change(self, routes: Routes) -> None:
        """Go by ``routes`` from now on. The trouble of a topic that goes by another route now is forgotten."""
        with self._lock:
            before, self._routes = self._routes, routes
            self._changed_at = self._clock()
            changed = [topic for topic in self._troubles if not routes.leads_as(before, topic)]
            for topic in changed:
                del self._troubles[topic]
                self._health.ready(f"topic {topic}")
            self._tell()

    def destination(self, item: InFlight, get: Get) -> Destination:
        """Return where ``item`` goes. Raises `NotWanted`, or `Unroutable` while its route is broken."""
        alert = item.alert
        trouble = self._troubles.get(alert.topic)
        if trouble and self._clock() < trouble.asked_at + self._rest:
            raise Unroutable(trouble.reason)
        try:
            route = self._routes.route(alert.topic, alert.survey)
            if unmet := list(route.unmet(alert)):
                raise NotWanted(unmet)
            self._directory.read_if_expired(get)
            if trouble:
                self._directory.read_if_older_than(trouble.asked_at, get)  # it was refused by its ids
            return self._classifying(alert, route, get)
        except (NoRoute, Unroutable) as error:
            self.broken(alert.topic, str(error))
            raise Unroutable(str(error)) from error

    def names(self, alert: SkyPortalAlert) -> str:
        """Return what the route of ``alert`` names, for somebody who has to mend it."""
        try:
            route = self._routes.route(alert.topic, alert.survey)
        except NoRoute as error:  # it had one when the request was sent
            return str(error)
        return f"filter {route.filter!r} of group {route.group!r} on stream {route.stream!r}"

    def broken(self, topic: str, reason: str) -> None:
        """Leave the route of ``topic`` alone for a while: SkyPortal does not know what it names, or refuses it."""
        with self._lock:
            known = self._troubles.get(topic)
            now = self._clock()
            self._troubles[topic] = _Trouble(since=known.since if known else now, asked_at=now, reason=reason)
            if known is None or known.reason != reason:
                log.warning("route is broken topic=%s: %s", topic, reason)
                self._health.remark(f"topic {topic}", reason)
            self._tell()

    def works(self, topic: str) -> None:
        """Note that an alert of ``topic`` was accepted."""
        if topic not in self._troubles and topic in self._working:
            return
        with self._lock:
            if self._troubles.pop(topic, None) is not None:
                log.warning("route works again topic=%s", topic)
                self._health.ready(f"topic {topic}")
            self._working.add(topic)
            self._tell()

    def _tell(self) -> None:
        """Say that nothing can flow if no route works: one that is broken beside others is a remark.

        Called with the lock, so that what is said last is true.
        """
        reasons = [trouble.reason for trouble in self._troubles.values()]
        none_works = self._working <= self._troubles.keys()
        if reasons and none_works:
            self._health.unready("routes", f"no route works: {reasons[-1]}")
        else:
            self._health.ready("routes")

    def broken_for_s(self, topic: str) -> float:
        """Return for how many seconds the route of ``topic`` has been broken; 0 while it works."""
        trouble = self._troubles.get(topic)
        return self._clock() - trouble.since if trouble else 0.0

    def waited_s(self, topic: str, since: float) -> float:
        """Return for how many seconds a record has waited that met its route broken at ``since``, a time of the clock.

        Other records of the topic may be accepted all the while; other routes begin anew.
        """
        return max(self.broken_for_s(topic), self._clock() - max(since, self._changed_at))

    def _classifying(self, alert: SkyPortalAlert, route: Route, get: Get) -> Destination:
        """Return where ``route`` leads, in a new version of its taxonomy if the alert's class is in none so far."""
        destination = self._resolve(route, get)
        names = {found.name for found in alert.classifications}
        if "classification" not in destination.parts or names <= destination.taxonomy.classes:
            return destination
        self._directory.read_if_older_than(self._clock() - TAXONOMY_STALE_S, get)
        return self._resolve(route, get)

    def _resolve(self, route: Route, get: Get) -> Destination:
        try:
            return self._directory.resolve(route)
        except Unroutable:
            self._directory.read_if_stale(get)
            return self._directory.resolve(route)
