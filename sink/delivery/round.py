"""One round: deliver a batch of records, part after part."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sink import metrics
from sink.delivery.fates import Desk, Fates
from sink.delivery.held import Held
from sink.delivery.in_flight import InFlight
from sink.delivery.parts import Part, all_parts
from sink.routing.directory import Unroutable
from sink.routing.routed import Routed
from sink.routing.router import NotWanted


class Round:
    """Delivers one batch. Every record ends accepted, put aside, skipped, or among those to try again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fates = Fates(desk)

    def deliver(self, batch: Iterable[InFlight]) -> list[InFlight]:
        """Deliver ``batch`` and return the records that are to be tried again, from their ``not_before`` on.

        Records of partitions that are taken away meanwhile are dropped: whoever has the partition now reads them.
        Raises `Withdrawn` if the process leaves.
        """
        routed = self._route(batch)
        for part in all_parts(self._fates):
            routed = self._hold_to_the_truth(_deliver(part, routed))
        for one in routed:
            self._desk.router.works(one.alert.topic)
            self._accepted(one.item)
        self._desk.sender.rest()
        return self._fates.again

    def _route(self, batch: Iterable[InFlight]) -> list[Routed]:
        routed = []
        known: dict[str, Held] = {}
        for item in batch:
            if not item.holding.held:
                continue
            obj_id = item.alert.obj_id
            if (wait_s := self._desk.memory.paused_for_s(obj_id)) > 0:
                self._fates.put_off(item, wait_s)
                self._fates.again.append(item)
                continue
            try:
                destination = self._desk.router.destination(item, self._desk.sender.get)
            except NotWanted as error:
                metrics.SKIPPED.labels(error.criterion).inc()
                metrics.SETTLED.labels("skipped").inc()
                item.settle("skipped")
            except Unroutable as error:
                self._fates.wait_for_route(item, str(error))
            else:
                held = known.setdefault(obj_id, known.get(obj_id) or self._desk.memory.of(obj_id, item.holding))
                item.begin(held, destination)
                routed.append(Routed(item, destination, held))
        return routed

    def _hold_to_the_truth(self, routed: list[Routed]) -> list[Routed]:
        """Deliver the records of an object again, of which another one has shown that SkyPortal holds it otherwise."""
        self._fates.later(one for one in routed if one.held.is_disproved)
        return [one for one in routed if not one.held.is_disproved]

    def _accepted(self, item: InFlight) -> None:
        if not any(reason.answer for reason in item.lost.values()):
            self._desk.guard.accepted()
        # Counted first: the loop may commit it as soon as it is settled, and whoever sees that looks at the counts.
        metrics.DETECTION_TO_ACCEPTANCE.observe(_seconds_since(item.alert.observed_at))
        if item.alert.published_at is not None:
            metrics.PUBLICATION_TO_ACCEPTANCE.observe(_seconds_since(item.alert.published_at))
        if item.lost:
            reasons = item.lost.values()
            self._desk.dead_letters.put_aside(item.message, item.holding, *reasons, outcome="accepted")
        else:
            metrics.SETTLED.labels("accepted").inc()
            item.settle("accepted")


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())


def _deliver(part: Part, routed: list[Routed]) -> list[Routed]:
    """Deliver a part of the records that need it, and return all that can be gone on with."""
    due: list[Routed] = []
    rest: list[Routed] = []
    for one in routed:
        (due if part.wanted(one) and part.name not in one.item.done else rest).append(one)
    done = part.deliver(due) if due else []
    for one in done:
        one.item.done.add(part.name)
    return rest + done
