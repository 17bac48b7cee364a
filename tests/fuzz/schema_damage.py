"""Damage to the schema in a message's key: JSON still, but not what the value was written with."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fuzz.draft import Dice, Draft

Place = tuple[Any, Any]
"""A dict or a list, and the key or the index of something in it."""

_TYPES: tuple[Any, ...] = (
    *("null", "boolean", "int", "long", "float", "double", "string", "bytes"),
    *("array", "map", "record", "topLevelRecord", "nowhere.known", "", None, 0, -1, 1e999, True, [], {}),
    ["null", "string"],
    ["null", "null"],
    [["null"], "int"],
    {"type": "array", "items": "null"},
    {"type": "array", "items": {"type": "record", "name": "empty", "fields": []}},
    {"type": "array", "items": ["null", "long"]},
    {"type": "map", "values": "null"},
    {"type": "map", "values": {"type": "array", "items": "bytes"}},
    {"type": "record", "name": "topLevelRecord", "fields": []},
    {"type": "record", "name": "loop", "fields": [{"name": "again", "type": ["null", "loop"]}]},
    {"type": "record", "name": "same", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "string"}]},
    {"type": "enum", "name": "colour", "symbols": ["g", "r"]},
    {"type": "enum", "name": "nothing", "symbols": []},
    {"type": "fixed", "name": "some", "size": 3},
    {"type": "fixed", "name": "many", "size": 2**40},
    {"type": "fixed", "name": "fewer", "size": -1},
    {"type": "bytes", "logicalType": "decimal", "precision": 10**9, "scale": 5},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "int", "logicalType": "date"},
    {"type": "string", "logicalType": "uuid"},
    {"type": {"type": {"type": "string"}}},
    "\ud800",
)

_WORDS = ("type", "name", "namespace", "fields", "items", "values", "default", "aliases", "doc", "logicalType", "size")
_NAMES = ("", "candidate", "diaSource", "objectId", "triggerId", "is_sso", "a.b", "9", "\ud800", "\0", "x" * 70_000)


def damage_schema(dice: Dice, draft: Draft) -> Draft:
    """Change one to five things in the schema."""
    schema = draft.origin.schema
    for _ in range(dice.few(5)):
        places = list(_places(schema))
        if places:
            _CHANGES[dice.choice(list(_CHANGES))](dice, *dice.choice(places))
    if dice.randrange(40) == 0:
        for _ in range(dice.choice((5, 50, 500, 20_000))):
            schema = {"type": schema} if dice.randrange(2) else [schema]
    return replace(draft, key=_text(schema))


def _text(schema: Any) -> bytes:
    try:
        return json.dumps(schema, indent=2).encode()
    except RecursionError:  # too deep for Python's own writer, and still to be survived
        return b"[" * 50_000 + b"]" * 50_000


def _places(node: Any) -> Iterator[Place]:
    """Yield everything that is in ``node``, at any depth."""
    rows = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in list(rows):
        yield node, key
        yield from _places(inner)


def _leave_out(dice: Dice, parent: Any, key: Any) -> None:
    del dice
    del parent[key]


def _retype(dice: Dice, parent: Any, key: Any) -> None:
    parent[key] = dice.choice(_TYPES)


def _rename(dice: Dice, parent: Any, key: Any) -> None:
    parent[key] = dice.choice(_NAMES)


def _wrap(dice: Dice, parent: Any, key: Any) -> None:
    inner = parent[key]
    parent[key] = dice.choice((
        [inner], ["null", inner], [inner, "null"], {"type": inner}, {"type": "array", "items": inner},
        {"type": "map", "values": inner},
    ))  # fmt: skip


def _reorder(dice: Dice, parent: Any, key: Any) -> None:
    inner = parent[key]
    if isinstance(inner, list):
        dice.shuffle(inner)
    elif isinstance(parent, list):
        parent.insert(dice.randrange(len(parent) + 1), inner)


def _say_more(dice: Dice, parent: Any, key: Any) -> None:
    told = parent if isinstance(parent, dict) else parent[key]
    if isinstance(told, dict):
        told[dice.choice(_WORDS)] = dice.choice(_TYPES)


_CHANGES: Mapping[str, Callable[[Dice, Any, Any], None]] = {
    "leave out": _leave_out,
    "retype": _retype,
    "rename": _rename,
    "wrap": _wrap,
    "reorder": _reorder,
    "say more": _say_more,
}
