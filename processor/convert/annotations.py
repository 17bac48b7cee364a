"""Every value that Fink adds to an alert, under its dotted path, in words that JSON knows."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from math import isfinite
from typing import Any

from processor.convert.fields import Fields, struct
from processor.convert.vocabulary import Vocabulary
from schemas.record import AnnotationValue

NONE_WORDS = frozenset({"", "null", "nan", "NaN", "None", "Unknown"})
"""Ways in which the surveys and Fink write "none" in a text."""

FAILED = "Fail"
"""Begins the text of a cross-match whose service did not answer: ``Fail``, ``Fail 504``."""

NO_NUMBERS: frozenset[float] = frozenset()

WILDCARD = re.compile(r"[*?\[]")

ABSENT = object()
"""What a packet without the field has for it; null would be a value."""

CONTAINERS = (dict, list)

EXACT_IN_JSON = 2**53
"""Beyond, many readers of JSON round an integer."""

Annotations = dict[str, AnnotationValue]


class MoreAnnotations:
    """Paths beyond the usual ones that somebody has asked for; ``*`` stands for any characters."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self._plain = [WILDCARD.split(pattern)[0] for pattern in self.patterns if pattern]
        self._takes = lru_cache(maxsize=1_000)(self._takes_all)
        self._starts = lru_cache(maxsize=1_000)(self._may_start)
        self._wants = lru_cache(maxsize=10_000)(self._matches)

    def of(self, packet: Fields, vocabulary: Vocabulary) -> Annotations:
        """Return what was asked for of ``packet``; arrays of records and images are no annotations."""
        whole = [(name, value) for name, value in packet.items() if self._takes(name)]
        partly = [(name, value) for name, value in packet.items() if self._starts(name) and not self._takes(name)]
        return flat("", whole, vocabulary) | flat("", partly, vocabulary, self._wants)

    def _takes_all(self, name: str) -> bool:
        """Say whether every path that begins with ``name`` matches."""
        return any(
            pattern == name or (pattern.endswith("*") and fnmatchcase(name, pattern)) for pattern in self.patterns
        )

    def _may_start(self, name: str) -> bool:
        """Say whether a path that begins with ``name`` could match; a wildcard may stand for dots too."""
        return any(name.startswith(plain) or f"{plain}.".startswith(f"{name}.") for plain in self._plain)

    def _matches(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}.*") for pattern in self.patterns)


NO_MORE = MoreAnnotations()


def annotations(
    packet: Fields, vocabulary: Vocabulary, more: MoreAnnotations = NO_MORE, *, moving: bool = False
) -> Annotations:
    """Return path and value of everything in ``packet`` that is to be annotated; never NaN or infinite.

    ``moving`` says that the packet is of a solar-system object.
    """
    silent = vocabulary.silent
    found = flat("", [(name, value) for name, value in packet.items() if name not in silent], vocabulary)
    for name, chosen in (vocabulary.chosen_of_moving if moving else vocabulary.chosen).items():
        record = struct(packet, name)
        items = [
            (item, record[item] if item in record else _older(packet, f"{name}.{item}", vocabulary)) for item in chosen
        ]
        found |= flat(f"{name}.", [item for item in items if item[1] is not ABSENT], vocabulary)
    if more.patterns:
        found |= more.of(packet, vocabulary)
    if "\0" in "".join(found):
        return {_printable(path): value for path, value in found.items()}
    return found


def _older(packet: Fields, path: str, vocabulary: Vocabulary) -> Any:
    """Return what other versions of the schema have for ``path``, or ABSENT."""
    for older in vocabulary.older.get(path, ()):
        name, _, item = older.partition(".")
        record = struct(packet, name)
        if item in record:
            return record[item]
    return ABSENT


def flat(
    prefix: str, items: Iterable[tuple[str, Any]], vocabulary: Vocabulary, wants: Callable[[str], bool] | None = None
) -> Annotations:
    """Return the values below ``items`` under their paths, which begin with ``prefix``; None ``wants`` them all."""
    found: Annotations = {}
    none_of = vocabulary.none.get
    here = none_of(prefix[:-1], NO_NUMBERS)
    if wants is not None:
        items = [(name, value) for name, value in items if type(value) in CONTAINERS or wants(prefix + name)]
    for name, value in items:
        path = prefix + name
        kind = type(value)
        if kind is float:  # first: most values are
            found[path] = value if isfinite(value) and value not in none_of(path, here) else None
        elif value is None or kind is bool:
            found[path] = value
        elif kind is str:
            found[path] = word(value)
        elif kind is int:
            found[path] = _integer(name, value, none_of(path, here), vocabulary.ids)
        elif kind is dict:
            found |= flat(f"{path}.", value.items(), vocabulary, wants)
        elif kind is list:
            found |= flat(f"{path}.", _pairs(value), vocabulary, wants)
        elif kind is datetime:  # of files alone, which are read with their logical types
            found[path] = value.isoformat()
    return found


def word(value: str) -> str | None:
    """Return a text as it is, or None for each of the ways to write "none"."""
    said = _printable(value)
    return None if said.strip() in NONE_WORDS or said.startswith(FAILED) else said


def _printable(text: str) -> str:
    """Return ``text`` without NUL, which SkyPortal's database does not take."""
    return text.replace("\0", "")


def _integer(name: str, value: int, none: frozenset[float], ids: frozenset[str]) -> int | str | None:
    if value in none:
        return None
    if name in ids:
        return str(value)
    return value if -EXACT_IN_JSON <= value <= EXACT_IN_JSON else str(value)


def _pairs(items: list[Any]) -> list[tuple[str, Any]]:
    """Return the pairs of a map that was written as an array of them; nothing of other arrays."""
    pairs = [(item[0], item[1]) for item in items if isinstance(item, list | tuple) and len(item) == 2]  # noqa: PLR2004
    return pairs if len(pairs) == len(items) and all(isinstance(name, str) for name, _ in pairs) else []
