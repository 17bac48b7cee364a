"""The values in a packet's structs and maps under their dotted paths, in words that JSON knows."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from math import isfinite
from typing import Any

from processor.convert.vocabulary import Vocabulary
from schemas.record import AnnotationValue

NONE_WORDS = frozenset({"", "null", "nan", "NaN", "None", "Unknown"})
"""Ways in which the surveys and Fink write "none" in a text."""

FAILED = "Fail"
"""Begins the text of a cross-match whose service did not answer: ``Fail``, ``Fail 504``."""

EXACT_IN_JSON = 2**53
"""Beyond, many readers of JSON round an integer."""

MOST_PATHS = 10_000
"""Packets have some hundred paths; no more than these are remembered."""

NO_NUMBERS: frozenset[float] = frozenset()
CONTAINERS = (dict, list)

Annotations = dict[str, AnnotationValue]


class Leaves:
    """Collects values of one packet. Not thread-safe, nor are several of them.

    Each value is looked at once and written once: this is most of the work that a short alert makes.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.found: Annotations = {}
        self._vocabulary = vocabulary
        self._none_of = vocabulary.none.get
        self._ids = vocabulary.ids

    def add(self, prefix: str, items: Iterable[tuple[str, Any]], wants: Callable[[str], bool] | None = None) -> None:
        """Add the values below ``items``, whose paths begin with ``prefix``; None ``wants`` them all.

        A map that was written as an array of pairs is a map, an array of plain values is one value, the text of it in
        JSON. Arrays of records and bytes have no leaves.
        """
        found, none_of, paths = self.found, self._none_of, _paths_below(prefix)
        here = none_of(prefix[:-1], NO_NUMBERS)
        if wants is not None:
            items = [(name, value) for name, value in items if type(value) in CONTAINERS or wants(prefix + name)]
        for name, value in items:
            path = paths.get(name)
            if path is None:
                path = _remembered(prefix, name, paths)
            kind = type(value)
            if kind is float:  # first: most values are
                found[path] = value if isfinite(value) and value not in none_of(path, here) else None
            elif value is None or kind is bool:
                found[path] = value
            elif kind is str:
                found[path] = word(value)
            elif kind is int:
                found[path] = self._integer(name, value, none_of(path, here))
            elif kind is dict:
                self.add(f"{path}.", value.items(), wants)
            else:
                self._add_other(path, value, wants)

    def _add_other(self, path: str, value: Any, wants: Callable[[str], bool] | None) -> None:
        if isinstance(value, list) and all(map(_is_pair, value)):
            self.add(f"{path}.", value, wants)
        elif isinstance(value, list) and not any(isinstance(item, dict | list | bytes) for item in value):
            plain = Leaves(self._vocabulary)
            plain.add("", ((str(number), item) for number, item in enumerate(value)))
            self.found[path] = json.dumps(list(plain.found.values()))
        elif isinstance(value, datetime):  # of files alone, which are read with their logical types
            self.found[path] = value.isoformat()

    def _integer(self, name: str, value: int, none: frozenset[float]) -> int | str | None:
        if value in none:
            return None
        if name in self._ids:
            return str(value)
        return value if -EXACT_IN_JSON <= value <= EXACT_IN_JSON else str(value)


_known: dict[str, dict[str, str]] = {}
"""Paths by what they begin with and by their last name: a string that is kept keeps its hash."""


def _paths_below(prefix: str) -> dict[str, str]:
    paths = _known.get(prefix)
    if paths is None:
        if len(_known) > MOST_PATHS:
            _known.clear()
        paths = _known[prefix] = {}
    return paths


def _remembered(prefix: str, name: str, paths: dict[str, str]) -> str:
    if len(paths) > MOST_PATHS:
        paths.clear()
    path = paths[name] = printable(prefix + name)
    return path


def word(value: str) -> str | None:
    """Return a text as it is, or None for each of the ways to write "none"."""
    said = printable(value)
    return None if said.strip() in NONE_WORDS or said.startswith(FAILED) else said


def printable(text: str) -> str:
    """Return ``text`` without NUL, which SkyPortal's database does not take."""
    return text.replace("\0", "")


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str)  # noqa: PLR2004
