"""What becomes of the records of one round whose request was not accepted."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sink import metrics
from sink.delivery.dead_letters import DeadLetters
from sink.delivery.guard import Guard
from sink.delivery.in_flight import InFlight
from sink.delivery.memory import Memory
from sink.delivery.reasons import Reason
from sink.delivery.rejections import Rejections
from sink.routing.routed import Routed
from sink.routing.router import Router
from sink.skyportal.gate import Gate
from sink.skyportal.sender import Refused, Sender, Unanswered
from sink.skyportal.under_way import Withdrawn

log = logging.getLogger(__name__)

MOST_RESTARTS = 3
"""So often an object that SkyPortal turns out to hold otherwise is delivered anew at once; then it is a refusal."""

MOST_DOUBTS = 20
"""Objects of which a part was refused in a row, and of none accepted: that is no bad data."""

LOSABLE = frozenset({"object", "annotation", "classification", "thumbnail"})
"""Parts without which an alert is accepted all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every round works with."""

    sender: Sender
    router: Router
    rejections: Rejections
    dead_letters: DeadLetters
    memory: Memory
    gate: Gate
    guard: Guard
    annotation_origins: tuple[str, str]
    """Of ordinary alerts, and of multi-messenger ones: else they would take turns."""
    patience_s: float
    """How long the records of a broken route wait for it."""
    look_again_s: float
    """How often a record whose route is broken asks whether it still is."""
    unanswered_s: float
    """How long SkyPortal may yet apply a request that it did not answer."""
    room_to_wait: Callable[[], float]
    """Bytes of records that may yet wait for a route: the others need room too."""


@dataclass
class Fates:
    """Keeps the records that are to be tried again, and puts aside those that never will be accepted."""

    desk: Desk
    again: list[InFlight] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._room_to_wait = self.desk.room_to_wait()

    def withdrawn(self, records: Iterable[Routed]) -> list[Routed]:
        """Drop the records whose partition is gone and return the others. Raises `Withdrawn` if none is gone."""
        records = list(records)
        held = [one for one in records if one.holding.held]
        if len(held) == len(records):
            raise Withdrawn
        return held

    def later(self, records: Iterable[Routed]) -> None:
        """Try records again in the next round."""
        self.again += [one.item for one in records]

    def start_over(self, records: Iterable[Routed]) -> None:
        """Deliver an object's records again, whole: SkyPortal holds something else of it than we believed."""
        for one in records:
            self.desk.memory.forget(one.obj_id)
            one.held.is_disproved = True
            one.item.restarts += 1
            self.again.append(one.item)

    def put_off(self, item: InFlight, seconds: float) -> None:
        """Leave a record that is tried again alone for so long."""
        item.not_before = max(item.not_before, time.monotonic() + seconds)

    def refused(self, one: Routed, refusal: Refused, part: str) -> bool:
        """Believe a refusal of a record that was alone in its request, or try it again; say if a part of it is lost.

        Then the rest of the record is to be delivered. What makes the guard object is not believed.
        """
        item = one.item
        if not self.desk.rejections.believe(item, refusal, part):
            self._doubt(one, refusal, part)
            self.again.append(item)
            return False
        if reason := self.desk.guard.objection(str(refusal)):
            self.desk.gate.guard(reason)
            self.again.append(item)
            return False
        attempts = item.suspicion.attempts if item.suspicion else 1
        name, answer = type(refusal).__name__, refusal.for_letter(attempts=attempts)
        item.suspicion = None
        self.desk.guard.refused()
        if part in LOSABLE:
            self.lose(one, Reason(stage="part", name=name, text=str(refusal), part=part, answer=answer))
            return True
        self._put_aside(item, Reason(stage="deliver", name=name, text=str(refusal), part=part, answer=answer))
        return False

    def _doubt(self, one: Routed, refusal: Refused, part: str) -> None:
        """Say that nothing is accepted any more, if it looks so: without a proof the records would wait in silence."""
        if isinstance(refusal, Unanswered):
            return
        objects = self.desk.rejections.doubted(part, one.obj_id)
        if objects == 1:
            log.warning("refused, and not believed before others are accepted part=%s: %s", part, str(refusal)[:500])
        if objects >= MOST_DOUBTS:
            self.desk.gate.halt(
                f"SkyPortal has refused the {part} of {objects} objects in a row and has accepted none meanwhile; "
                f"the latest: {str(refusal)[:500]}. Alerts wait until it accepts one",
                refusal.request.label,
                until_accepted=True,
            )

    def lose(self, one: Routed, reason: Reason) -> None:
        """Give up a part of a record; it becomes a dead letter when the rest of the record is accepted."""
        if (reason.part, reason.text) not in one.item.lost:
            metrics.PARTS.labels(reason.part, "lost").inc()
            one.item.lost[reason.part, reason.text] = reason

    def wait_for_route(self, item: InFlight, reason: str) -> None:
        """Let a record wait until its route works again, or put it aside when that has taken too long."""
        self._room_to_wait -= 0 if item.waits_for_route else item.counts_as
        item.waits_for_route = True
        item.route_broken_at = item.route_broken_at or self.desk.gate.clock()
        # Others of the topic may be accepted all the while, as where one record's band is unknown to the instrument.
        waited_s = self.desk.router.waited_s(item.alert.topic, item.route_broken_at)
        if waited_s >= self.desk.patience_s or self._room_to_wait < 0:
            self._put_aside(item, Reason(stage="route", name="Unroutable", text=reason))
        else:
            item.not_before = time.monotonic() + self.desk.look_again_s
            self.again.append(item)

    def route_broken(self, one: Routed, refusal: Refused) -> None:
        """Note that SkyPortal refused what a record's route names."""
        reason = f"{self.desk.router.names(one.alert)}: {refusal}"
        self.desk.router.broken(one.alert.topic, reason)
        self.wait_for_route(one.item, reason)

    def _put_aside(self, item: InFlight, reason: Reason) -> None:
        self.desk.dead_letters.put_aside(item.message, item.holding, *item.lost.values(), reason)
