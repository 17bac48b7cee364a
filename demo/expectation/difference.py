"""Rows of one kind that are lost or doubled."""

import json
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Between what SkyPortal holds and what it must hold."""

    kind: str
    lost: Sequence[Any]
    """Expected and not held."""
    doubled: Sequence[Any]
    """Held and not expected, or once more than it should be."""

    def examples(self) -> Iterator[str]:
        """Yield a few sentences."""
        yield from (f"lost: {self.kind} {row}" for row in self.lost[:EXAMPLES])
        yield from (f"doubled: {self.kind} {row}" for row in self.doubled[:EXAMPLES])


class DifferentAnnotations(Difference):
    """Of annotations: they are long, so of two of one owner only what is not the same is told."""

    def examples(self) -> Iterator[str]:
        """Yield a few sentences."""
        there = {owner: json.loads(data) for owner, data, _groups in self.doubled}
        due = {owner for owner, _data, _groups in self.lost}
        for owner, data, groups in self.lost[:EXAMPLES]:
            unlike = f": expected and held {_unlike(json.loads(data), there[owner])}" if owner in there else ""
            yield f"lost: {self.kind} {owner} for {groups}{unlike}"
        for owner, _data, groups in self.doubled[:EXAMPLES]:
            yield f"doubled: {self.kind} {owner} for {groups}" + " with other data or groups" * (owner in due)


def difference(kind: str, held: Collection[Hashable], expected: Collection[Hashable]) -> Difference:
    """Compare row by row, exactly; ``expected`` ones are expected once."""
    there, due = Counter(held), Counter(set(expected))
    make = DifferentAnnotations if kind == "annotation" else Difference
    return make(kind=kind, lost=list((due - there).elements()), doubled=list((there - due).elements()))


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    keys = sorted(key for key in {*one, *other} if one.get(key) != other.get(key))
    return {key: (one.get(key), other.get(key)) for key in keys[:EXAMPLES]}
