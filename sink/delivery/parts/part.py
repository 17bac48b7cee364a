"""What the parts of an alert have in common: who wants one, and what becomes of a request that is not accepted."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, ClassVar, Protocol

from sink import metrics
from sink.delivery.fates import MOST_RESTARTS, Desk, Fates
from sink.routing.routed import Routed
from sink.skyportal.client import Request
from sink.skyportal.sender import Changed, Refused, RouteBroken, Unanswered, UnknownObject
from sink.skyportal.under_way import Withdrawn


class Outcome(Enum):
    """What became of a write that one record of an object is the author of."""

    ACCEPTED = "accepted"
    LOST = "lost"
    """It will never be accepted: the author is done with it, and another record may be the author."""
    REFUSED = "refused"
    """The author is tried again later, or put aside; another record may be the author."""
    PUT_OFF = "put off"
    """All records of the object are tried again later."""


class Part(Protocol):
    """One part of alerts, as SkyPortal takes it."""

    name: ClassVar[str]

    def wanted(self, one: Routed) -> bool:
        """Say whether the record's route sends this part."""

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Deliver this part of ``records`` and return those that are done with it. The others have their fate."""


class PartOf:
    """A part in one round."""

    name: ClassVar[str]

    def __init__(self, fates: Fates) -> None:
        self.fates = fates
        self._has_asked = False
        """Whether SkyPortal was asked anything: what it was not asked it has not accepted."""

    @property
    def desk(self) -> Desk:
        """What every round works with."""
        return self.fates.desk

    def wanted(self, one: Routed) -> bool:
        """Say whether the record's route sends this part."""
        return self.name in one.destination.parts

    def count(self, outcome: str, number: int = 1) -> None:
        """Count what became of this part of some alerts."""
        metrics.PARTS.labels(self.name, outcome).inc(number)

    def send(self, request: Request, records: Iterable[Routed]) -> Any:
        """Send what may be repeated for ``records``. Raises as `Sender.send` does."""
        answer = self.desk.sender.send(request, [one.item for one in records])
        self._has_asked = True
        return answer

    def send_once(self, request: Request, records: Iterable[Routed]) -> Any:
        """Send what must be looked for before it is repeated. Raises as `Sender.send_once` does."""
        answer = self.desk.sender.send_once(request, [one.item for one in records])
        self._has_asked = True
        return answer

    def objects(self, records: Iterable[Routed]) -> Iterator[list[Routed]]:
        """Yield records object by object, but for those whose object is to be looked at again first."""
        for group in by_object(records):
            if group[0].held.is_disproved:
                self.fates.later(group)
            else:
                yield group

    def attempt(self, records: list[Routed], send: Callable[[list[Routed]], None]) -> list[Routed]:
        """Send this part of ``records`` in one request and return those that are done with it.

        A refused request is sent again in halves, until the record that is to blame stands alone.
        """
        self._has_asked = False
        try:
            send(records)
        except Withdrawn:
            held = self.fates.withdrawn(records)
            return self.attempt(held, send) if held else []
        except Refused as refusal:
            if len(records) > 1:
                middle = len(records) // 2
                return self.attempt(records[:middle], send) + self.attempt(records[middle:], send)
            return self._refused(records[0], refusal)
        if self._has_asked:
            for one in records:
                self.desk.rejections.accepted(self.name, one.obj_id)
        return records

    def write(self, author: Routed, records: Sequence[Routed], send: Callable[[], object]) -> Outcome:
        """Write something of one object, which ``author`` says, for ``records``, all that are here of the object."""
        self._has_asked = False
        try:
            send()
        except Withdrawn:
            self.fates.later(self.fates.withdrawn(records))
            return Outcome.PUT_OFF
        except Refused as refusal:
            return self._not_accepted(author, records, refusal)
        if self._has_asked:
            self.desk.rejections.accepted(self.name, author.obj_id)
        return Outcome.ACCEPTED

    def _not_accepted(self, author: Routed, records: Sequence[Routed], refusal: Refused) -> Outcome:
        begun_anew = author.item.restarts
        if isinstance(refusal, Unanswered):
            return self._unanswered(author, records, refusal)
        another_object = isinstance(refusal, UnknownObject | Changed) and begun_anew < MOST_RESTARTS
        # It may be a group that we remember, and that is gone.
        another_group = isinstance(refusal, RouteBroken) and not begun_anew
        if another_object or another_group:
            for one in records:
                one.item.alone |= another_group
            self.fates.start_over(records)
            return Outcome.PUT_OFF
        self.desk.memory.forget(author.obj_id)
        if isinstance(refusal, RouteBroken):
            self.fates.route_broken(author, refusal)
            return Outcome.REFUSED
        return self._outcome(author, refusal)

    def unanswered_s(self, refusal: Refused) -> float:
        """Return for how long SkyPortal may yet apply a request that was refused, or not answered."""
        may_come_yet = isinstance(refusal, Unanswered) and refusal.may_come_yet and refusal.request.method != "GET"
        return self.desk.unanswered_s if may_come_yet else 0.0

    def _refused(self, one: Routed, refusal: Refused) -> list[Routed]:
        if isinstance(refusal, RouteBroken):
            self.fates.route_broken(one, refusal)
        elif isinstance(refusal, UnknownObject | Changed) and one.item.restarts < MOST_RESTARTS:
            self.fates.start_over([one])
        elif self._outcome(one, refusal) is Outcome.LOST:
            return [one]
        return []

    def _outcome(self, one: Routed, refusal: Refused) -> Outcome:
        return Outcome.LOST if self.fates.refused(one, refusal, self.name) else Outcome.REFUSED

    def _unanswered(self, author: Routed, records: Sequence[Routed], silence: Unanswered) -> Outcome:
        seconds = self.unanswered_s(silence)
        author.held.is_disproved = True
        self.desk.memory.pause(author.obj_id, seconds)
        if self._outcome(author, silence) is Outcome.LOST:
            return Outcome.LOST
        for one in records:
            self.fates.put_off(one.item, seconds)
        self.fates.later(one for one in records if one is not author)
        return Outcome.PUT_OFF


def by_object(records: Iterable[Routed]) -> list[list[Routed]]:
    """Group records by their object; one that is to be alone is a group of its own."""
    objects: defaultdict[object, list[Routed]] = defaultdict(list)
    for one in records:
        objects[one.obj_id, id(one.item) if one.item.alone else None].append(one)
    return list(objects.values())


def groups_of(records: Iterable[Routed]) -> frozenset[int]:
    """Return the groups that the routes of ``records`` name."""
    return frozenset(one.destination.group_id for one in records)
