"""Records as the sink carries them, without a Kafka that they came from."""

import itertools
from typing import Any

from confluent_kafka import Message

from schemas import codec
from sink.delivery.held import Held
from sink.delivery.in_flight import InFlight, Suspicion
from sink.routing.directory import Destination, Taxonomy
from sink.routing.routed import Routed
from sink.topic.offsets import Holding
from support.records import skyportal_alert

_offsets = itertools.count()


def in_flight(**changes: Any) -> InFlight:
    """Return a record in flight whose alert is ordinary but for ``changes``."""
    alert = skyportal_alert(**changes)
    offset = next(_offsets)
    holding = Holding("alerts", 0)
    holding.collected(offset)
    message = Message(topic="alerts", partition=0, offset=offset, key=alert.obj_id.encode(), value=codec.encode(alert))
    return InFlight(message=message, decoded=alert, holding=holding, collected_at=0.0)


def destination(**changes: Any) -> Destination:
    """Return a route by SkyPortal's ids."""
    ids: dict[str, Any] = {"filter_id": 2, "group_id": 7, "stream_id": 1, "instrument_id": 1}
    rest: dict[str, Any] = {"parts": ("candidate", "photometry"), "save": False, "author_id": 2}
    rest["taxonomy"] = Taxonomy(id=1, name="Fink", classes=frozenset({"SN candidate", "Ambiguous"}))
    return Destination(**(ids | rest | changes))


def routed(*, to: Destination | None = None, suspect: bool = False, held: Held | None = None, **changes: Any) -> Routed:
    """Return a record and where it goes; ``suspect``: SkyPortal has refused it once."""
    item = in_flight(**changes)
    if suspect:
        item.suspicion = Suspicion(message="", part="candidate", since=0.0, latest=0.0, attempts=1)
    return Routed(item, to or destination(), held or Held())
