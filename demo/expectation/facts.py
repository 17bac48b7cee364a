"""The values of a packet that are worth an annotation, under their dotted paths."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from demo.expectation.rows import Fact

Fields = Mapping[str, Any]

NO_TEXTS = {"", "null", "nan", "NaN", "None", "Unknown"}
"""Texts that say: none. So do all that begin with ``Fail``."""

NO_NUMBERS = (
    (-999, re.compile(r"candidate\..*")),
    (-1, re.compile(r"(clf|blazar_stats)\..*|spicy_id|slsn_score|pred\.main_label_classifier|p_assoc")),
    (0, re.compile(r"diaSource\.parentDiaSourceId|ssSource\.(ssObjectId|ephVmag|ephRate)")),
)
"""Numbers that say it, and the paths in which they do."""

IDS = re.compile(r"candidate\.objectidps[123]|diaSource\.(visit|parentDiaSourceId)|ssSource\.ssObjectId")
"""Integers of 64 bits that name something: text in an annotation."""
EXACT = 2**53
"""Integers beyond are text, too: many readers of JSON round them."""


def facts(packet: Fields, *, elsewhere: str, chosen: Mapping[str, str]) -> dict[str, Fact]:
    """Return what is said in all fields of the packet but those that stand ``elsewhere``, and in the ``chosen`` ones.

    ``chosen`` are fields of the survey's own structs. What says nothing is not there.
    """
    silent = elsewhere.split()
    found = {name: value for name, value in packet.items() if name not in silent}
    for struct, names in chosen.items():
        record = packet.get(struct) or {}
        found |= {f"{struct}.{name}": record[name] for name in names.split() if name in record}
    return dict(_leaves("", found))


def _leaves(prefix: str, fields: Fields) -> Iterator[tuple[str, Fact]]:
    for name, value in fields.items():
        path = prefix + name
        if isinstance(value, dict):
            yield from _leaves(f"{path}.", value)
        elif isinstance(value, list):
            if not any(isinstance(item, dict | list | bytes) for item in value):
                yield path, json.dumps([_said(path, item) for item in value])
        elif not isinstance(value, bytes) and (said := _said(path, value)) is not None:
            yield path, said


def _said(path: str, value: Any) -> Fact | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return None if value.strip() in NO_TEXTS or value.startswith("Fail") else value
    if not math.isfinite(value) or any(value == none and paths.fullmatch(path) for none, paths in NO_NUMBERS):
        return None
    if isinstance(value, int):
        return str(value) if IDS.fullmatch(path) or abs(value) > EXACT else value
    return float(value)
