"""Every value that Fink adds to an alert, and what was chosen of the survey's own, as annotations."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from processor.convert.fields import Fields, struct
from processor.convert.leaves import Annotations, Leaves
from processor.convert.vocabulary import Vocabulary

ABSENT = object()
"""What a packet without the field has for it; null would be a value."""

WILDCARD = re.compile(r"[*?\[]")


class MoreAnnotations:
    """Paths beyond the usual ones that somebody has asked for; ``*`` stands for any characters."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(filter(None, patterns))
        self._paths = [pattern for pattern in self.patterns if not WILDCARD.search(pattern)]
        self._wild = [pattern for pattern in self.patterns if WILDCARD.search(pattern)]
        self._plan = lru_cache(maxsize=100)(self._whole_and_partly)
        self._wants = lru_cache(maxsize=10_000)(self._matches)

    def add_to(self, leaves: Leaves, packet: Fields) -> None:
        """Add what was asked for of ``packet``; arrays of records and images are no annotations."""
        for path in self._paths:
            prefix, _, name = path.rpartition(".")
            value = _at(packet, path)
            if value is not ABSENT:
                leaves.add(f"{prefix}." if prefix else "", [(name, value)])
        if self._wild:
            whole, partly = self._plan(tuple(packet))
            leaves.add("", [(name, packet[name]) for name in whole])
            leaves.add("", [(name, packet[name]) for name in partly], self._wants)

    def unmatched(self, paths: Iterable[str], maps: Iterable[str]) -> list[str]:
        """Return the patterns that match none of ``paths``, nor anything that could stand in one of ``maps``."""
        known, open_ended = list(paths), tuple(f"{path}." for path in maps)
        return [
            pattern
            for pattern in self.patterns
            if not pattern.startswith(open_ended)
            and not any(fnmatchcase(path, pattern) or path.startswith(f"{pattern}.") for path in known)
        ]

    def _whole_and_partly(self, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """Return the top-level fields of which everything is wanted, and those of which something may be."""
        whole = [name for name in names if any(_takes_all(name, pattern) for pattern in self._wild)]
        partly = [name for name in names if any(_may_take(name, pattern) for pattern in self._wild)]
        return whole, [name for name in partly if name not in whole]

    def _matches(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}.*") for pattern in self._wild)


def _takes_all(name: str, pattern: str) -> bool:
    return pattern.endswith("*") and fnmatchcase(name, pattern)


def _may_take(name: str, pattern: str) -> bool:
    """Say whether a path that begins with ``name`` could match; a wildcard may stand for dots too."""
    plain = WILDCARD.split(pattern)[0]
    return name.startswith(plain) or f"{plain}.".startswith(f"{name}.")


NO_MORE = MoreAnnotations()


def annotations(
    packet: Fields, vocabulary: Vocabulary, more: MoreAnnotations = NO_MORE, *, moving: bool = False
) -> Annotations:
    """Return path and value of everything in ``packet`` that is to be annotated; never NaN or infinite.

    ``moving`` says that the packet is of a solar-system object.
    """
    leaves, silent = Leaves(vocabulary), vocabulary.silent
    leaves.add("", [(name, value) for name, value in packet.items() if name not in silent])
    for name, chosen in (vocabulary.chosen_of_moving if moving else vocabulary.chosen).items():
        record = struct(packet, name)
        values = [(item, record.get(item, ABSENT)) for item in chosen]
        there = [item for item in values if item[1] is not ABSENT]
        if len(there) < len(values):
            there += _older(packet, name, [item for item, value in values if value is ABSENT], vocabulary)
        leaves.add(f"{name}.", there)
    more.add_to(leaves, packet)
    return leaves.found


def _older(packet: Fields, struct_name: str, items: Iterable[str], vocabulary: Vocabulary) -> list[tuple[str, Any]]:
    """Return what other versions of the schema have for these fields of a struct."""
    found = [
        (item, _at(packet, older)) for item in items for older in vocabulary.older.get(f"{struct_name}.{item}", ())
    ]
    return [(item, value) for item, value in found if value is not ABSENT]


def _at(packet: Fields, path: str) -> Any:
    """Return what stands in ``packet`` under ``path``, or ABSENT."""
    place: Any = packet
    for name in path.split("."):
        if not isinstance(place, dict) or name not in place:
            return ABSENT
        place = place[name]
    return place
