"""Annotations: Fink's values, of the newest alert of the object alone. SkyPortal keeps one for each origin."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from schemas.record import AnnotationValue, SkyPortalAlert
from sink.delivery import payloads
from sink.delivery.held import HeldAnnotation, digest
from sink.delivery.parts.part import Outcome, PartOf, groups_of
from sink.delivery.rank import Rank, rank_in, rank_of
from sink.routing.routed import Routed
from sink.skyportal.sender import Changed
from sink.skyportal.verdicts import strange


def data_of(alert: SkyPortalAlert) -> dict[str, AnnotationValue]:
    """Return what an alert's annotation holds: its values but for the missing ones, and which alert it was."""
    rank = rank_of(alert)
    values = {name.replace("\0", ""): _storable(value) for name, value in alert.annotations.items()}
    known: dict[str, AnnotationValue] = {name: value for name, value in values.items() if value is not None}
    return known | {"observed_at": rank.observed_at, "alert_id": rank.alert_id}


def _storable(value: AnnotationValue) -> AnnotationValue:
    """Return a value as SkyPortal's database takes it; None for one that it does not."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.replace("\0", "") if isinstance(value, str) else value


class Annotations(PartOf):
    """The newest alert wins; equal data are not sent again; whoever may see it stays."""

    name: ClassVar[str] = "annotation"

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Annotate each object from its newest record, or from the next one where that is refused."""
        done = []
        for group in self.objects(records):
            ordinary = [one for one in group if ":" not in one.alert.alert_id]
            joined = [one for one in group if ":" in one.alert.alert_id]
            for some, origin in zip((ordinary, joined), self.desk.annotation_origins, strict=True):
                done += self._annotate(some, origin)
        return done

    def _annotate(self, records: Sequence[Routed], origin: str) -> list[Routed]:
        waiting = sorted(records, key=lambda one: rank_of(one.alert), reverse=True)
        done: list[Routed] = []
        while waiting:
            if (self.name, origin) in waiting[0].item.given_up:
                done.append(waiting.pop(0))
                continue
            author, everybody = waiting[0], list(waiting)
            outcome = self.write(author, waiting, lambda: self._write(author, everybody, origin))  # noqa: B023
            if outcome is Outcome.ACCEPTED:
                self.count("superseded", len(waiting) - 1)
                return done + waiting
            if outcome is Outcome.PUT_OFF:
                return done
            if outcome is Outcome.LOST:
                author.item.given_up.add((self.name, origin))
                done.append(author)
            waiting = waiting[1:]
        return done

    def _write(self, author: Routed, records: Sequence[Routed], origin: str) -> None:
        held, alert, data = author.held, author.alert, data_of(author.alert)
        rank, groups = rank_of(alert), groups_of(records)
        known = held.annotations.get(origin)
        if known is None:
            request = payloads.new_annotation(alert.obj_id, origin, data, groups)
            said = self.send_once(request, records)
            if not isinstance(said, dict) or not isinstance(said.get("annotation_id"), int):
                raise Changed(request, strange("accepted, but without an id"))
            number = said["annotation_id"]
            self._note(held.annotations, origin, number, rank, data, groups)
        elif rank < known.rank:
            self._show_to(groups | known.groups, author, records, known, origin)
        elif digest(data) != known.digest or not groups <= known.groups:
            groups |= known.groups
            self.send_once(payloads.changed_annotation(alert.obj_id, known.id, data, groups), records)
            self._note(held.annotations, origin, known.id, rank, data, groups)
        else:
            self.count("known")

    def _show_to(
        self,
        groups: frozenset[int],
        author: Routed,
        records: Sequence[Routed],
        known: HeldAnnotation,
        origin: str,
    ) -> None:
        """Let more groups see an annotation that is newer than the record that they are to see."""
        if groups == known.groups:
            self.count("superseded")
            return
        question = payloads.show(author.obj_id)
        shown = self.send(question, records)
        rows = shown.get("annotations") if isinstance(shown, dict) else None
        data = next((row["data"] for row in rows or () if row.get("id") == known.id), None)
        if not isinstance(data, dict):
            raise Changed(question, strange(f"accepted, but annotation {known.id} is gone"))
        self.send_once(payloads.changed_annotation(author.obj_id, known.id, data, groups), records)
        self._note(author.held.annotations, origin, known.id, rank_in(data), data, groups)

    def _note(
        self,
        annotations: dict[str, HeldAnnotation],
        origin: str,
        number: int,
        rank: Rank,
        data: Mapping[str, AnnotationValue],
        groups: frozenset[int],
    ) -> None:
        annotations[origin] = HeldAnnotation(id=number, rank=rank, digest=digest(data), groups=groups)
        self.count("sent")
