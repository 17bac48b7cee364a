"""Candidates: an object passed filters at a time. Creates the object in SkyPortal."""

from collections.abc import Sequence
from typing import ClassVar

from sink.delivery import coalesce, payloads
from sink.delivery.parts.part import PartOf
from sink.routing.routed import Routed
from sink.skyportal.sender import Rejected, RouteBroken
from sink.skyportal.verdicts import strange


class Candidates(PartOf):
    """One request for each detection, whatever the number of its topics."""

    name: ClassVar[str] = "candidate"

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Make each record a candidate. Sent for every alert, in any order."""
        return [one for group in coalesce.candidates(records) for one in self.attempt(group, self._send)]

    def _send(self, records: list[Routed]) -> None:
        request = payloads.candidate(records)
        data = self.send(request, records)
        ids = data.get("ids") if isinstance(data, dict) else None
        if not isinstance(ids, list):
            raise Rejected(request, strange(f"accepted, but without candidate ids: {data}"))
        wanted = len({one.destination.filter_id for one in records})
        if len(ids) != wanted:  # SkyPortal drops the filters that it does not know, and says nothing
            raise RouteBroken(request, strange(f"only {len(ids)} of {wanted} filters exist and are open to the bot"))
        for one in records:
            one.held.exists = True
        self.count("sent", len(records))
