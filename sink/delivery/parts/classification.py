"""Classifications: one row for each object and origin. SkyPortal keeps every one that it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from schemas.record import Classification
from sink.delivery import payloads
from sink.delivery.held import Groups, HeldClass
from sink.delivery.parts.part import Outcome, PartOf, groups_of
from sink.delivery.rank import Rank, rank_of
from sink.delivery.reasons import Reason
from sink.routing.routed import Routed
from sink.skyportal.sender import Changed, Refused
from sink.skyportal.under_way import Withdrawn
from sink.skyportal.verdicts import strange

MOST_IN_ONE_REQUEST = 20
"""SkyPortal takes 41 ms for each."""

MOVED = 0.1
"""A probability that has moved by less is not written again: the exact scores are in the annotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a row of an object should say, by the newest record that says something about it."""

    author: Routed
    found: Classification
    rank: Rank
    groups: Groups

    @property
    def key(self) -> tuple[str, int]:
        """What SkyPortal's rows of ours are told apart by."""
        return self.found.origin, self.author.destination.taxonomy.id


@dataclass(slots=True, eq=False)
class _Object:
    """The records of one object, and its classes that SkyPortal does not have."""

    records: list[Routed]
    new: list[Wish]


class Classifications(PartOf):
    """The newest alert wins; new rows of many objects share a request."""

    name: ClassVar[str] = "classification"

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Bring SkyPortal's rows up to date with the newest record of each object and origin."""
        done: list[Routed] = []
        waiting: list[_Object] = []
        for group in self.objects(records):
            wishes = self._wishes(group)
            if self._change(group, wishes):
                new = [wish for wish in wishes if not group[0].held.classes.get(wish.key)]
                if new and group[0].item.alone:
                    done += self._add([_Object(group, new)])  # at once: the next may be of the same object
                elif new:
                    waiting.append(_Object(group, new))
                else:
                    done += group
        for batch in _batches(waiting):
            done += self._add(batch)
        return done

    def _wishes(self, records: Sequence[Routed]) -> list[Wish]:
        newest: dict[tuple[str, int], Wish] = {}
        for one in records:
            for found in one.alert.classifications:
                wish = Wish(author=one, found=found, rank=rank_of(one.alert), groups=groups_of([one]))
                if (self.name, found.origin) in one.item.given_up:
                    continue
                if found.name not in one.destination.taxonomy.classes:
                    self._outside(one, found)
                    continue
                known = newest.get(wish.key)
                best = wish if known is None or known.rank < wish.rank else known
                groups = wish.groups | known.groups if known else wish.groups
                newest[wish.key] = replace(best, groups=groups)
        return list(newest.values())

    def _outside(self, one: Routed, found: Classification) -> None:
        taxonomy = one.destination.taxonomy.name
        text = f"the class {found.name!r} is not in SkyPortal's taxonomy {taxonomy!r}: add it there, in a new version"
        self.fates.lose(one, Reason(stage="part", name="OutsideTaxonomy", text=text, part=self.name))

    def _change(self, records: Sequence[Routed], wishes: Sequence[Wish]) -> bool:
        """Change the rows that SkyPortal has; say whether the object can be gone on with."""
        held = records[0].held
        for wish in wishes:
            if not (rows := held.classes.get(wish.key)):
                continue
            outcome = self.write(wish.author, records, lambda: self._bring_up_to_date(records, wish, rows))  # noqa: B023
            if outcome is Outcome.LOST:
                wish.author.item.given_up.add((self.name, wish.found.origin))
                continue
            if outcome is not Outcome.ACCEPTED:
                if outcome is Outcome.REFUSED:
                    self.fates.later(one for one in records if one is not wish.author)
                return False
        return True

    def _bring_up_to_date(self, records: Sequence[Routed], wish: Wish, rows: list[HeldClass]) -> None:
        while len(rows) > 1:  # an unanswered request was applied after all
            self.send_once(payloads.no_classification(rows[-1].id), records)
            rows.pop()
        row = rows[0]
        groups = row.groups | wish.groups
        older = wish.rank < row.rank
        name, probability = (row.name, row.probability) if older else (wish.found.name, wish.found.probability)
        rank = max(row.rank, wish.rank)
        if (name, groups) == (row.name, row.groups) and not _moved(row.probability, probability):
            self.count("superseded" if older else "known")
            rows[0] = replace(row, rank=rank)
            return
        request = payloads.changed_classification(row.id, name, probability, wish.key[1], groups)
        self.send_once(request, records)
        rows[0] = replace(row, name=name, probability=probability, groups=groups, rank=rank)
        self.count("sent")

    def _add(self, batch: Sequence[_Object]) -> list[Routed]:
        """Send new rows; on failure look again and send each object's alone: some of them may be there now."""
        records = [one for item in batch for one in item.records]
        wishes = [wish for item in batch for wish in item.new]
        if len(batch) > 1:
            return self._add_together(records, wishes)
        author = wishes[0].author
        outcome = self.write(author, records, lambda: self._post(records, wishes))
        if outcome is Outcome.ACCEPTED:
            return records
        self.desk.memory.forget(author.obj_id)
        if outcome is Outcome.LOST:
            author.item.given_up |= {(self.name, wish.found.origin) for wish in wishes if wish.author is author}
        if outcome is not Outcome.PUT_OFF:
            self.fates.later(one for one in records if one is not author)
        return [author] if outcome is Outcome.LOST else []

    def _add_together(self, records: Sequence[Routed], wishes: Sequence[Wish]) -> list[Routed]:
        try:
            self._post(records, wishes)
        except Withdrawn:
            self.fates.later(self.fates.withdrawn(records))
            return []
        except Refused as refusal:
            seconds = self.unanswered_s(refusal)
            for one in records:
                one.item.alone = one.held.is_disproved = True
                self.desk.memory.pause(one.obj_id, seconds)
                self.fates.put_off(one.item, seconds)
            self.fates.later(records)
            return []
        for wish in wishes:
            self.desk.rejections.accepted(self.name, wish.author.obj_id)
        return list(records)

    def _post(self, records: Sequence[Routed], wishes: Sequence[Wish]) -> None:
        items: list[Mapping[str, object]] = [
            payloads.new_classification(wish.author.obj_id, wish.found, wish.key[1], wish.groups) for wish in wishes
        ]
        request = payloads.new_classifications(items)
        data = self.send_once(request, records)
        ids = data.get("classification_ids") if isinstance(data, dict) else None
        if not isinstance(ids, list) or len(ids) != len(wishes) or not all(isinstance(one, int) for one in ids):
            raise Changed(request, strange("accepted, but without ids"))
        for wish, number in zip(wishes, ids, strict=True):
            wish.author.held.classes[wish.key] = [
                HeldClass(
                    id=int(number),
                    name=wish.found.name,
                    probability=wish.found.probability,
                    groups=wish.groups,
                    rank=wish.rank,
                )
            ]
        self.count("sent", len(wishes))


def _moved(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is not now
    return abs(before - now) >= MOVED


def _batches(objects: Sequence[_Object]) -> list[list[_Object]]:
    batches: list[list[_Object]] = []
    for item in objects:
        room = batches and sum(len(one.new) for one in batches[-1]) + len(item.new) <= MOST_IN_ONE_REQUEST
        if room:
            batches[-1].append(item)
        else:
            batches.append([item])
    return batches
