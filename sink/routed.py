"""A record in flight and where it goes."""

from dataclasses import dataclass

from schemas.record import SkyPortalAlert
from sink.directory import Destination
from sink.held import Held
from sink.offsets import Holding, InFlight


@dataclass(frozen=True, slots=True)
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
