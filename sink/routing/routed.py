"""A record in flight and where it goes."""

from dataclasses import dataclass
from functools import cached_property

from schemas.record import SkyPortalAlert
from sink.delivery.held import Held, fingerprint
from sink.delivery.in_flight import InFlight
from sink.routing.directory import Destination
from sink.topic.offsets import Holding

LONG_HISTORY = 100
"""Points up to which a light curve is sent whole each time: thirty known points cost what one costs."""


@dataclass(frozen=True)
class Routed:
    """A record in flight, where it goes, and what SkyPortal holds of its object."""

    item: InFlight
    destination: Destination
    held: Held

    @property
    def alert(self) -> SkyPortalAlert:
        """The record."""
        return self.item.alert

    @property
    def obj_id(self) -> str:
        """Its object."""
        return self.item.alert.obj_id

    @property
    def holding(self) -> Holding:
        """Its partition."""
        return self.item.holding

    def point_key(self, row: int) -> tuple[object, ...]:
        """Return what SkyPortal tells points apart by; the bandpass is not in it."""
        curve = self.alert.photometry
        return (
            self.obj_id,
            self.destination.instrument_id,
            curve.origin[row] or None,
            curve.mjd[row],
            curve.fluxerr[row],
            curve.flux[row],
        )

    @cached_property
    def fingerprints(self) -> list[int]:
        """What to remember the points of a long history by; nothing of a short one, which is sent whole."""
        count = len(self.alert.photometry)
        return [fingerprint(self.point_key(row)) for row in range(count)] if count > LONG_HISTORY else []
