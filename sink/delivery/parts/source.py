"""Sources: objects saved to groups, where a route says so."""

from collections.abc import Sequence
from typing import ClassVar

from sink.delivery import payloads
from sink.delivery.parts.part import PartOf, groups_of
from sink.routing.routed import Routed


class Sources(PartOf):
    """An object is saved when it is met first; who takes it out is not contradicted while the sink remembers."""

    name: ClassVar[str] = "source"

    def wanted(self, one: Routed) -> bool:
        """Say whether the record's route saves its objects."""
        return one.destination.save

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Save each object to the groups of its routes."""
        return [one for group in self.objects(records) for one in self.attempt(group, self._send)]

    def _send(self, records: list[Routed]) -> None:
        held, groups = records[0].held, groups_of(records)
        if groups <= held.saved_to:
            self.count("known", len(records))
            return
        self.send(payloads.source(records[0].obj_id, groups), records)
        held.saved_to |= groups
        self.count("sent", len(records))
