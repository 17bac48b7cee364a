"""Published against held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.expectation.difference import difference
from demo.expectation.held import Annotation, Classification, Held, written
from demo.expectation.rows import Expected

GROUP, TAXONOMY = "Fink", "Fink"
"""The one group of all filters, and the taxonomy of all classes."""

WORTH_WRITING = 0.1
"""By how much a probability must move before a class that is still the same is written again."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """How many rows SkyPortal holds, and how many are wrong."""

    objects: int
    accepted: int
    """Detections, (object, time), that are held in every filter that they belong to."""
    points: int
    annotations: int
    classes: int
    thumbnails: int
    lost: int
    """Rows of any kind that are expected and not held."""
    doubled: int
    """Rows that are held and not expected, or held more than once. A row that is held with another value than it should
    have counts as both: the right one is lost, the wrong one too many."""
    examples: Sequence[str]
    """Some of either, to look into."""


def compare(expected: Expected, state: Mapping[str, Any]) -> Account:
    """Compare every row of `Control.state()`.

    Exactly, but for the probability of a class, which may have moved since it was written, though not far.
    """
    held = Held(state)
    candidates, points, thumbnails = held.candidates(), held.points(), held.thumbnails()
    annotations, classifications = held.annotations(), held.classifications()
    differences = [
        difference("candidate", candidates, expected.candidates),
        difference("point", points, expected.points.items()),
        difference("annotation", annotations, _annotations(expected)),
        difference("class", [_settled(row, expected) for row in classifications], _classifications(expected)),
        difference("thumbnail", thumbnails, expected.thumbnails),
    ]
    detections = {(obj_id, time) for obj_id, _filter, time in expected.candidates}
    incomplete = {(obj_id, time) for obj_id, _filter, time in expected.candidates - set(candidates)}
    return Account(
        objects=held.objects,
        accepted=len(detections - incomplete),
        points=len(points),
        annotations=len(annotations),
        classes=len(classifications),
        thumbnails=len(thumbnails),
        lost=sum(len(one.lost) for one in differences),
        doubled=sum(len(one.doubled) for one in differences),
        examples=[example for one in differences for example in one.examples()],
    )


def _annotations(expected: Expected) -> list[Annotation]:
    return [(owner, written(facts), (GROUP,)) for owner, (_age, facts) in expected.annotations.items()]


def _classifications(expected: Expected) -> list[Classification]:
    return [(owner, one, TAXONOMY, True, (GROUP,)) for owner, (_age, one) in expected.classes.items()]


def _settled(row: Classification, expected: Expected) -> Classification:
    """Return the row with the probability that is expected, if its own is too near to be written again."""
    owner, (name, probability), taxonomy, by_machine, groups = row
    if owner not in expected.classes:
        return row
    _age, (_name, due) = expected.classes[owner]
    if due is None or probability is None or abs(due - probability) >= WORTH_WRITING:
        return row
    return owner, (name, due), taxonomy, by_machine, groups
