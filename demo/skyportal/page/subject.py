"""One object with all that is about it, as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

from demo.skyportal.state import Annotation, Candidate, Classification, Obj, Point, State, Thumbnail

CUTOUTS = (("new", "Science"), ("ref", "Template"), ("sub", "Difference"))
"""SkyPortal's types of thumbnails that come from an alert, and what people call them."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One object and its rows. Candidates and classes are the newest and the likeliest first, points in time."""

    obj: Obj
    candidates: Sequence[Candidate]
    points: Sequence[Point]
    annotations: Sequence[Annotation]
    classifications: Sequence[Classification]
    thumbnails: Sequence[Thumbnail]
    """The newest of each type."""
    saved_by: Sequence[str]
    """Names of the groups that saved it."""


def subject(state: State, obj: Obj) -> Subject:
    """Gather what is about an object."""
    return Subject(
        obj=obj,
        candidates=sorted(state.candidates.of(obj.id), key=lambda row: (row.passed_at, row.id), reverse=True),
        points=sorted(state.points.of(obj.id), key=lambda row: row.mjd),
        annotations=list(state.annotations.of(obj.id)),
        classifications=sorted(state.classifications.of(obj.id), key=lambda row: -_likelihood(row.probability)),
        thumbnails=list({row.type: row for row in state.thumbnails.of(obj.id)}.values()),
        saved_by=[group_name(state, number) for number in sorted(state.sources.get(obj.id, ()))],
    )


def newest(state: State, *, first: int, count: int) -> list[Obj]:
    """Return some objects in the order of their newest candidates; those without any are the last."""
    latest: dict[str, str] = {}
    for row in state.candidates.data.values():
        latest[row.obj_id] = max(row.passed_at, latest.get(row.obj_id, ""))
    chosen = nlargest(first + count, state.objects.values(), key=lambda obj: (latest.get(obj.id, ""), obj.id))
    return chosen[first:]


def filter_name(state: State, number: int) -> str:
    """Return the name of a filter, which may be gone."""
    row = state.directory.filters.get(number)
    return f"filter {number}, which is gone" if row is None else row.name


def group_name(state: State, number: int) -> str:
    """Return the name of a group, which may be gone."""
    row = state.directory.groups.get(number)
    return f"group {number}, which is gone" if row is None else row.name


def _likelihood(probability: object) -> float:
    # A class without a score is a rule's, and certain; NaN, which SkyPortal accepts, has no place in any order.
    if isinstance(probability, int | float):
        return probability if probability == probability else 0.0  # noqa: PLR0124 - NaN is what differs from itself
    return 1.0 if probability is None else 0.0
