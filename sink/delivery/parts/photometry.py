"""Photometry: the points of many objects in one request."""

from collections.abc import Sequence
from typing import ClassVar

from sink.delivery import coalesce, payloads
from sink.delivery.parts.part import PartOf
from sink.routing.routed import Routed


class Photometry(PartOf):
    """SkyPortal adds the points that it does not have, and its groups to those that it has."""

    name: ClassVar[str] = "photometry"

    def wanted(self, one: Routed) -> bool:
        """Leave out alerts without points: they ask SkyPortal nothing, and their acceptance would prove nothing."""
        return super().wanted(one) and len(one.alert.photometry) > 0

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Send the points of each record, but for those of a long history that SkyPortal is known to have."""
        return [one for chunk in coalesce.photometry(records) for one in self.attempt(chunk, self._send)]

    def _send(self, records: list[Routed]) -> None:
        audience = coalesce.audience(records)
        for request in payloads.photometry(records, audience):
            self.send(request, records)
        long_ones = [one for one in records if one.fingerprints]
        for one in long_ones:
            one.held.points.setdefault(audience, set()).update(one.fingerprints)
        if long_ones:
            self.desk.memory.forget_points()
        self.count("sent", len(records))
