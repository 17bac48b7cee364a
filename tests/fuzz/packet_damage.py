"""Alerts that are written as their schema says, and that say what no alert should."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import fastavro

from fuzz.draft import Dice, Draft

_INFINITY = float("inf")

_FLOATS = (
    *(float("nan"), _INFINITY, -_INFINITY, 0.0, -0.0, -1.0, -99.0, -999.0, 1e-300, 5e-324, 3.4e38, -3.4e38, 1.7e308),
    *(90.0, 90.0000001, -91.0, 360.0, 1e9, 2440587.5, 5373484.5, 61105.09, 1e17),
)
_INTEGERS = (0, 1, -1, 2, 3, 4, 5, -99, -999, 255, 2**31 - 1, -(2**31), 2**31, 2**53 + 1, 2**63 - 1, -(2**63))
_TEXTS = (
    *("", " ", "null", "nan", "NaN", "None", "Unknown", "Fail", "Fail 504", "inf", "t", "f", "1", "0", "g", "Y"),
    *("\0", "a\0b", "é", "🙂", "a/b", "a b", "../x", "<b>", "%s{}", "x" * 300, "x" * 70_000, "\n", "2004 JQ12"),
    *("K04J12Q", "ZTF26aamcbly", "(1)", "C/2024 S4", "lsst.v9_0", "4.02", "[]", "{", '{"a": NaN}'),
)
_BYTES = (b"", b"\0", b"\x1f\x8b", b"\xff" * 50, b"SIMPLE  =                    T".ljust(80) * 36, b" " * 2_880)
_LONGEST_HISTORY = 6

Packet = dict[str, Any]


def odd_packet(dice: Dice, draft: Draft) -> Draft:
    """Change one to eight values of the alert to odd ones of the same type, or to none."""
    packet = _with_less_history(dice, draft)
    parsed = draft.origin.alert.written_with.parsed
    written = _written(parsed, packet)
    for _ in range(dice.few(8)):
        changed = _changed(dice, packet)
        try:
            written = _written(parsed, changed)
        except Exception:  # noqa: BLE001, S112  # the schema does not allow it, as Fink's own writer would have said
            continue
        packet = changed
    return replace(draft, value=written)


def drifted(dice: Dice, draft: Draft) -> Draft:
    """Write the alert with a schema that has lost fields, or calls them otherwise, or has others in their place."""
    schema, packet = draft.origin.schema, _with_less_history(dice, draft)
    for _ in range(dice.few(6)):
        records = [schema, *_records(schema)]
        fields = dice.choice(records)["fields"]
        if not fields:
            continue
        number = dice.randrange(len(fields))
        fate = dice.randrange(4)
        if fate == 0:
            del fields[number]
        elif fate == 1:
            fields[number] = fields[number] | {"name": dice.choice((f"{fields[number]['name']}2", "candid", "ra"))}
        elif fate == 2:
            fields[number] = fields[number] | {"type": "null"}
        else:
            fields.insert(number, {"name": f"new{dice.randrange(10**6)}", "type": ["double", "null"]})
    try:
        return replace(
            draft, key=json.dumps(schema, indent=2).encode(), value=_written(fastavro.parse_schema(schema), packet)
        )
    except Exception:  # noqa: BLE001  # two fields of one name, or no alert of such a schema
        return replace(draft, key=json.dumps(schema).encode())


def _written(parsed: Any, packet: Packet) -> bytes:
    value = BytesIO()
    fastavro.schemaless_writer(value, parsed, packet)
    return value.getvalue()


def _records(node: Any) -> list[Any]:
    if isinstance(node, list):
        return [record for branch in node for record in _records(branch)]
    if not isinstance(node, dict):
        return []
    own = [node] if "fields" in node else []
    inner = [node.get("items"), node.get("type"), *(field["type"] for field in node.get("fields", ()))]
    return own + _records(inner)


def _with_less_history(dice: Dice, draft: Draft) -> Packet:
    """Return the packet with histories that are quick to write, in any order, with points twice or absent."""
    packet = dict(draft.origin.alert.packet)
    for name, value in packet.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            packet[name] = dice.choices([*value, None], k=dice.randint(0, _LONGEST_HISTORY))
    return packet


def _changed(dice: Dice, node: Any) -> Any:
    """Return ``node`` with one value in it that is odd."""
    if isinstance(node, dict) and node and dice.randrange(20):
        name = dice.choice(list(node))
        return {**node, name: _changed(dice, node[name])}
    if isinstance(node, list) and node and dice.randrange(5):
        index = dice.randrange(len(node))
        return [*node[:index], _changed(dice, node[index]), *node[index + 1 :]]
    if dice.randrange(5) == 0:
        return None
    return _ODD.get(type(node), _anything)(dice, node)


def _anything(dice: Dice, node: Any) -> Any:
    del node
    return dice.choice(dice.choice((_FLOATS, _INTEGERS, _TEXTS, _BYTES, (True, False, [], {}))))


def _odd_bytes(dice: Dice, node: bytes) -> bytes:
    damaged = bytearray(node)
    for _ in range(dice.few(20) if damaged else 0):
        damaged[min(len(damaged) - 1, dice.randrange(3_000))] = dice.randrange(256)
    return dice.choice((bytes(damaged), node[: dice.few(3_000)], *_BYTES))


_ODD: Mapping[type, Callable[[Dice, Any], Any]] = {
    float: lambda dice, _: dice.choice(_FLOATS),
    int: lambda dice, _: dice.choice(_INTEGERS),
    str: lambda dice, _: dice.choice(_TEXTS),
    bool: lambda dice, node: dice.choice((not node, node)),
    bytes: _odd_bytes,
    list: lambda dice, node: dice.choice(([], [None], node + node, node[::-1])),
}
