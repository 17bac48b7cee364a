"""What could be had at best: a loop that knows what SkyPortal holds and guarantees nothing.

It has the sink's connections, batches and requests, and none of its duties: no Kafka, no answer looked at twice, no
object read again, no records to decode, no pictures to make.
"""

import functools
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock

from confluent_kafka import Message

from benchmarks.sink import portal as portals
from benchmarks.sink.connection import Connection
from benchmarks.sink.contestant import Loop
from benchmarks.sink.portal import ALL, Parts
from demo.fink.samples import Case
from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from sink.delivery import payloads
from sink.delivery.held import Held
from sink.delivery.in_flight import InFlight
from sink.delivery.parts.annotation import data_of
from sink.delivery.parts.classification import MOST_IN_ONE_REQUEST
from sink.delivery.parts.thumbnail import CUTOUTS
from sink.delivery.round_size import LARGEST_ROUND, ROUND_S, SMALLEST_ROUND
from sink.delivery.thumbnails import png
from sink.routing.routed import Routed
from sink.skyportal.client import Request
from sink.topic.offsets import Holding

CONNECTIONS = 4

ORIGIN = "Fink"
_NOWHERE = Holding("none", 0)
_EMPTY = Message()


class Ideal(Loop):
    """Candidates one by one, everything else together as far as SkyPortal takes it together."""

    def __init__(
        self,
        portal: SkyPortal,
        alerts: Iterable[SkyPortalAlert],
        *,
        known: Iterable[SkyPortalAlert] = (),
        shape: Case = "ztf",
        parts: Parts = ALL,
        limit: float = 0,
    ) -> None:
        """Deliver ``alerts``; the objects of ``known`` are in SkyPortal before, and their annotations' ids known."""
        super().__init__(portal, CONNECTIONS, limit=limit)
        self._alerts = iter(alerts)
        self._known = known
        self._all = parts is ALL
        self._to = portals.destination(portal, shape, parts.parts)
        self._annotations: dict[str, int] = {}
        self._limit = limit
        self._lock = Lock()
        self._waiting: list[deque[SkyPortalAlert]] = [deque() for _ in range(CONNECTIONS)]

    def learn(self) -> None:
        """Make the known objects, and remember the ids of their annotations."""
        connection = Connection(self.portal.url, self.portal.token)
        for alert in self._known:
            connection.ask(payloads.candidate([self._routed(alert)]))
            for request in payloads.photometry([self._routed(alert)], self._audience):
                connection.ask(request)
            made = connection.ask(self._new_annotation(alert))
            self._annotations[alert.obj_id] = made["annotation_id"]
        connection.close()

    @functools.cached_property
    def batch_size(self) -> int:
        """Alerts of one batch: the sink's, once it has learned what an alert of the case costs."""
        if not self._limit:
            return LARGEST_ROUND
        each = (2 if self._annotations else 6) if self._all else 1
        return int(min(max(ROUND_S * self._limit / each, SMALLEST_ROUND), LARGEST_ROUND))

    def batches(self, number: int) -> Iterator[Sequence[SkyPortalAlert]]:
        """Yield alerts of objects that are the connection's own."""
        while True:
            with self._lock:
                batch = list(islice(self._own(number), self.batch_size))
            if not batch:
                return
            yield batch

    def _own(self, number: int) -> Iterator[SkyPortalAlert]:
        """Take the next alerts of a connection's own objects, and leave the others to theirs."""
        while True:
            if self._waiting[number]:
                yield self._waiting[number].popleft()
                continue
            alert = next(self._alerts, None)
            if alert is None:
                return
            self._waiting[zlib.crc32(alert.obj_id.encode()) % CONNECTIONS].append(alert)

    def deliver(self, batch: Sequence[SkyPortalAlert], connection: Connection) -> None:
        """Send what a batch needs."""
        routed = [self._routed(alert) for alert in batch]
        for one in routed:
            connection.ask(payloads.candidate([one]))
        for request in payloads.photometry(routed, self._audience):
            connection.ask(request)
        if not self._all:
            return
        for alert in batch:
            if number := self._annotations.get(alert.obj_id):
                groups = [self._to.group_id]
                connection.ask(payloads.changed_annotation(alert.obj_id, number, data_of(alert), groups))
            else:
                self._introduce(alert, connection)
        self._classify([alert for alert in batch if alert.obj_id not in self._annotations], connection)

    def _introduce(self, alert: SkyPortalAlert, connection: Connection) -> None:
        connection.ask(payloads.show(alert.obj_id))
        connection.ask(self._new_annotation(alert))
        for kind, cutout in CUTOUTS:
            image = getattr(alert, cutout)
            connection.ask(payloads.thumbnail(alert.obj_id, kind, alert.survey, _picture(image, alert.survey, kind)))

    def _classify(self, alerts: Sequence[SkyPortalAlert], connection: Connection) -> None:
        taxonomy, groups = self._to.taxonomy.id, [self._to.group_id]
        items = [
            payloads.new_classification(alert.obj_id, found, taxonomy, groups)
            for alert in alerts
            for found in alert.classifications
        ]
        for first in range(0, len(items), MOST_IN_ONE_REQUEST):
            connection.ask(payloads.new_classifications(items[first : first + MOST_IN_ONE_REQUEST]))

    def _new_annotation(self, alert: SkyPortalAlert) -> Request:
        return payloads.new_annotation(alert.obj_id, ORIGIN, data_of(alert), [self._to.group_id])

    @property
    def _audience(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (self._to.group_id,), (self._to.stream_id,)

    def _routed(self, alert: SkyPortalAlert) -> Routed:
        held = Held(exists=alert.obj_id in self._annotations)
        return Routed(InFlight(message=_EMPTY, decoded=alert, holding=_NOWHERE, collected_at=0), self._to, held)


_picture = functools.lru_cache(maxsize=256)(lambda image, survey, kind: png(image, survey=survey, kind=kind))
"""Pictures are made once: the ideal loop has nothing to do but to send."""
