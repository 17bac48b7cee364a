"""One round: deliver a batch of records, candidates first, then photometry, then sources."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.dead_letters import Answer as LetterAnswer
from sink import coalesce, metrics, payloads
from sink.dead_letters import DeadLetters
from sink.directory import Unroutable
from sink.offsets import InFlight
from sink.payloads import Routed
from sink.rejections import Rejections
from sink.router import NotWanted, Router
from sink.sender import Refused, Rejected, RouteBroken, Sender
from sink.skyportal import Request
from sink.under_way import Withdrawn
from sink.verdicts import Answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every round works with."""

    sender: Sender
    router: Router
    rejections: Rejections
    dead_letters: DeadLetters
    patience_s: float
    """How long the records of a broken route wait for it."""
    look_again_s: float
    """How often a record whose route is broken asks whether it still is."""
    room_to_wait: Callable[[], float]
    """Bytes of records that may yet wait for a route: the others need room too."""


class Round:
    """Delivers one batch. Every record ends accepted, put aside, skipped, or among those to try again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._again: list[InFlight] = []
        self._room_to_wait = desk.room_to_wait()

    def deliver(self, batch: Iterable[InFlight]) -> list[InFlight]:
        """Deliver ``batch`` and return the records that are to be tried again, from their ``not_before`` on.

        Records of partitions that are taken away meanwhile are dropped: whoever has the partition now reads them.
        Raises `Withdrawn` if the process leaves.
        """
        routed = self._route(batch)
        for part in (self._candidates, self._photometry, self._sources):
            routed = part(routed)
        for one in routed:
            self._desk.router.works(one.alert.topic)
            _accepted(one.item)
        return self._again

    def _route(self, batch: Iterable[InFlight]) -> list[Routed]:
        routed = []
        for item in batch:
            if not item.holding.held:
                continue
            try:
                routed.append(Routed(item, self._desk.router.destination(item, self._desk.sender.get)))
            except NotWanted:
                item.settle()
                metrics.SETTLED.labels("skipped").inc()
            except Unroutable as error:
                self._wait_for_route(item, str(error))
        return routed

    def _candidates(self, routed: Iterable[Routed]) -> list[Routed]:
        wanted, done = _split(routed, lambda one: "candidate" in one.destination.parts)
        for group in coalesce.candidates(wanted):
            done += self._attempt("candidate", group, self._candidate)
        return done

    def _photometry(self, routed: Iterable[Routed]) -> list[Routed]:
        # An alert without points asks SkyPortal nothing, and its acceptance would prove nothing.
        wanted, done = _split(
            routed, lambda one: "photometry" in one.destination.parts and len(one.alert.photometry) > 0
        )
        for chunk in coalesce.photometry(wanted):
            done += self._attempt("photometry", chunk, self._store)
        return done

    def _sources(self, routed: Iterable[Routed]) -> list[Routed]:
        wanted, done = _split(routed, lambda one: one.destination.save)
        objects: defaultdict[str, list[Routed]] = defaultdict(list)
        for one in wanted:
            objects[one.alert.obj_id].append(one)
        for records in objects.values():
            done += self._attempt("source", records, self._source)
        return done

    def _candidate(self, records: list[Routed]) -> None:
        request = payloads.candidate(records)
        data = self._send(request, records)
        ids = data.get("ids") if isinstance(data, dict) else None
        if not isinstance(ids, list):
            raise Rejected(request, _strange(f"accepted, but without candidate ids: {data}"))
        wanted = len({one.destination.filter_id for one in records})
        if len(ids) != wanted:  # SkyPortal drops the filters that it does not know, and says nothing
            raise RouteBroken(request, _strange(f"only {len(ids)} of {wanted} filters exist and are open to the bot"))

    def _store(self, records: list[Routed]) -> None:
        for request in payloads.photometry(records, coalesce.audience(records)):
            self._send(request, records)

    def _source(self, records: list[Routed]) -> None:
        groups = sorted({one.destination.group_id for one in records})
        self._send(payloads.source(records[0].alert.obj_id, groups), records)

    def _send(self, request: Request, records: Iterable[Routed]) -> Any:
        return self._desk.sender.send(request, [one.item for one in records])

    def _attempt(self, part: str, records: list[Routed], send: Callable[[list[Routed]], None]) -> list[Routed]:
        """Send ``part`` of ``records`` and return those that SkyPortal accepted.

        A refused request is sent again in halves, until the record that is to blame stands alone.
        """
        try:
            send(records)
        except Withdrawn:
            held = [one for one in records if one.item.holding.held]
            if len(held) == len(records):
                raise
            return self._attempt(part, held, send) if held else []
        except Refused as refusal:
            if len(records) == 1:
                self._refused(records[0].item, refusal, part)
                return []
            middle = len(records) // 2
            return self._attempt(part, records[:middle], send) + self._attempt(part, records[middle:], send)
        for one in records:
            self._desk.rejections.accepted(part, one.alert.obj_id)
        return records

    def _refused(self, item: InFlight, refusal: Refused, part: str) -> None:
        if isinstance(refusal, RouteBroken):
            self._desk.router.broken(item.alert.topic, str(refusal))
            self._wait_for_route(item, str(refusal))
        elif self._desk.rejections.believe(item, refusal, part):
            attempts = item.suspicion.attempts if item.suspicion else 1
            answer = refusal.for_letter(part=part, attempts=attempts)
            self._put_aside(item, stage="deliver", reason=type(refusal).__name__, text=str(refusal), answer=answer)
        else:
            self._again.append(item)

    def _wait_for_route(self, item: InFlight, reason: str) -> None:
        self._room_to_wait -= 0 if item.waits_for_route else item.size
        item.waits_for_route = True
        if self._desk.router.broken_for_s(item.alert.topic) >= self._desk.patience_s or self._room_to_wait < 0:
            self._put_aside(item, stage="route", reason="Unroutable", text=reason)
        else:
            item.not_before = time.monotonic() + self._desk.look_again_s
            self._again.append(item)

    def _put_aside(
        self, item: InFlight, *, stage: str, reason: str, text: str, answer: LetterAnswer | None = None
    ) -> None:
        letters = self._desk.dead_letters
        letters.put_aside(item.message, item.holding, stage=stage, reason=reason, text=text, answer=answer)


def _strange(message: str) -> Answer:
    """Return what SkyPortal should have said instead of accepting."""
    return Answer(status=200, content_type="application/json", text=json.dumps({"message": message}))


def _split(routed: Iterable[Routed], wanted: Callable[[Routed], bool]) -> tuple[list[Routed], list[Routed]]:
    yes: list[Routed] = []
    no: list[Routed] = []
    for one in routed:
        (yes if wanted(one) else no).append(one)
    return yes, no


def _accepted(item: InFlight) -> None:
    item.settle()
    metrics.SETTLED.labels("accepted").inc()
    if item.alert.published_at is not None:
        metrics.AGE.observe((datetime.now(UTC) - item.alert.published_at).total_seconds())
