"""The object as SkyPortal holds it, asked once: what is there need not be sent."""

from collections.abc import Sequence
from typing import ClassVar

from sink.delivery import held, payloads
from sink.delivery.parts.part import Outcome, PartOf
from sink.routing.routed import Routed
from sink.skyportal.sender import Rejected
from sink.skyportal.verdicts import strange

NEEDED_FOR = frozenset({"annotation", "classification", "thumbnail"})


class Objects(PartOf):
    """One question for each object that is not in memory."""

    name: ClassVar[str] = "object"

    def wanted(self, one: Routed) -> bool:
        """Say whether something is to be written that SkyPortal may have already."""
        return not one.held.is_read and not NEEDED_FOR.isdisjoint(one.destination.parts)

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Ask for each object. Where SkyPortal will never say, the parts that need it are lost."""
        return [one for group in self.objects(records) for one in self._ask(group)]

    def _ask(self, records: list[Routed]) -> list[Routed]:
        first = records[0]
        if (self.name, "") in first.item.given_up:
            first.item.done |= NEEDED_FOR
            return [first, *(self._ask(records[1:]) if records[1:] else [])]
        outcome = self.write(first, records, lambda: self._read(records))
        if outcome is Outcome.ACCEPTED:
            return records
        if outcome is Outcome.PUT_OFF:
            return []
        self.fates.later(records[1:])
        if outcome is Outcome.REFUSED:
            return []
        first.item.given_up.add((self.name, ""))
        first.item.done |= NEEDED_FOR
        return [first]

    def _read(self, records: Sequence[Routed]) -> None:
        first = records[0]
        request = payloads.show(first.obj_id)
        shown = self.send(request, records)
        try:
            author_id, origins = first.destination.author_id, self.desk.annotation_origins
            held.read(first.held, shown, author_id=author_id, origins=origins)
        except held.Unreadable as error:
            raise Rejected(request, strange(str(error))) from error
