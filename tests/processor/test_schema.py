"""Schemas that would end or block the process are refused; the surveys' are not."""

import json
import sys
import threading
import time
from typing import Any

import pytest

from demo.fink import encode, night
from processor.decode import Decoder, Undecodable
from processor.schema import DEEPEST_TYPE, MOST_FREE_VALUES, UnsafeSchema, parse

HUGE = 2**60


def record(*types: Any, name: str = "alert") -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": f"field{number}", "type": one} for number, one in enumerate(types)],
    }


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def map_of(values: Any) -> dict[str, Any]:
    return {"type": "map", "values": values}


def fixed(size: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "block", "size": size}


def arrays(levels: int) -> Any:
    schema: Any = "int"
    for _ in range(levels):
        schema = array(schema)
    return schema


def chain(length: int) -> dict[str, Any]:
    """Name types that are written beside each other, each with the one before in it."""
    return record("int", *(record(f"type{n - 1}" if n else "int", name=f"type{n}") for n in range(length)))


def doublings(times: int, first: Any) -> list[Any]:
    """Name types that each have the one before in them twice."""
    return [record(*(2 * [f"type{n - 1}"] if n else [first]), name=f"type{n}") for n in range(times)]


def number(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


UNSAFE: list[tuple[str, Any, str]] = [
    ("itself", record("alert"), "alert contains itself"),
    ("itself in a union", record(["null", "alert"]), "alert contains itself"),
    ("itself in an array", record(array("alert")), "alert contains itself"),
    ("itself in a map", record(map_of(["null", "alert"])), "alert contains itself"),
    ("itself through another", record(record("int", "alert", name="other")), "alert contains itself"),
    ("itself with a namespace", record("ztf.alert") | {"namespace": "ztf"}, "ztf.alert contains itself"),
    ("a record that is no root", [array(record(["null", "alert"]))], "alert contains itself"),
    ("Avro's word", record({**fixed(1), "name": "union"}, record("union", name="u")), "Avro's word"),
    ("deep arrays", record(arrays(DEEPEST_TYPE)), "nested too deeply"),
    ("very deep arrays", record(arrays(300)), "nested too deeply"),
    ("deep in names", chain(DEEPEST_TYPE), "nested too deeply"),
    ("very deep in names", chain(5_000), "nested too deeply"),
    ("an array of nulls", record(array("null")), "items that take no bytes"),
    ("an array of spelt-out nulls", record(array({"type": "null"})), "items that take no bytes"),
    ("an array of empty records", record(array(record(name="item"))), "items that take no bytes"),
    ("an array of nothing fixed", record(array(fixed(0))), "items that take no bytes"),
    ("an array of nothing", record(array(record("null", fixed(0), name="item"))), "items that take no bytes"),
    ("an array of a named nothing", record(record(name="item"), array("item")), "items that take no bytes"),
    ("an array in an array", record(array(array("null"))), "items that take no bytes"),
    ("an array in a map", record(map_of(array("null"))), "items that take no bytes"),
    ("many nulls to a byte", record(array(record("int", *["null"] * 100, name="item"))), "less than one"),
    ("a map of many nulls", record(map_of(record(*["null"] * 100, name="item"))), "less than one"),
    ("many nulls", record(*["null"] * MOST_FREE_VALUES), "values that take no bytes"),
    ("doubled nulls", record(*doublings(60, "null")), "values that take no bytes"),
    ("doubled nulls, then a block", record(*doublings(60, "null"), fixed(HUGE)), "values that take no bytes"),
    ("a negative size", record(array(fixed(-1))), "no size"),
    ("a size of nothing", record(array(fixed(None))), "no size"),
    ("a size that is a word", record(fixed("2")), "no size"),
    (
        "half a letter in a name",
        {"type": "record", "name": "a", "fields": [{"name": "\ud800", "type": "int"}]},
        "is no name",
    ),
    ("no name", {"type": "record", "name": "a", "fields": [{"name": None, "type": "int"}]}, "is no name"),
    ("an empty name", {"type": "record", "name": "a", "fields": [{"name": "", "type": "int"}]}, "is no name"),
    ("fastavro's own hint", record("int") | {"__fastavro_parsed": True, "__named_schemas": {}}, "parsed it"),
    ("its other hint, in a list", [record("int") | {"__named_schemas": {}}], "parsed it"),
]


@pytest.mark.parametrize(("schema", "sentence"), [one[1:] for one in UNSAFE], ids=[one[0] for one in UNSAFE])
def test_an_unsafe_schema_is_undecodable_with_a_sentence(schema: Any, sentence: str) -> None:
    with pytest.raises(Undecodable) as refusal:
        Decoder().decode(json.dumps(schema).encode(), 50 * number(HUGE))

    assert sentence in str(refusal.value)


@pytest.mark.parametrize("opening", [b"[", b'{"type":', b'{"type":"array","items":', b'{"type":"x","doc":{"a":'])
@pytest.mark.parametrize("levels", [257, 900, 3_000, 100_000])
def test_deep_json_neither_ends_the_process_nor_gets_through(opening: bytes, levels: int) -> None:
    closing = b"".join({b"[": b"]", b"{": b"}"}[bytes([one])] for one in opening if one in b"[{")
    for key in (opening * levels, opening * levels + b'"int"' + closing * levels):
        with pytest.raises(Undecodable):
            Decoder().decode(key, b"\0")


def test_a_key_as_deep_as_can_be_is_parsed_where_the_stack_is_small() -> None:
    key = json.dumps(record(arrays(DEEPEST_TYPE - 2))).encode()
    found: list[Any] = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(parse(key)))
        thread.start()
        thread.join(30)
    finally:
        threading.stack_size(before)

    assert found[0]["name"] == "alert"


VALUES: list[tuple[str, Any, bytes]] = [
    ("an array", array("int"), number(HUGE)),
    ("an array of strings", array("string"), number(HUGE)),
    ("an array, its count negative", array("int"), number(-HUGE) + number(5)),
    ("an array of the most negative count", array("int"), number(-(2**63)) + number(5)),
    ("an array of records", array(record(["null", "int"], name="item")), number(HUGE)),
    ("a map", map_of("int"), number(HUGE)),
    ("a map of nulls", map_of("null"), number(HUGE)),
    ("a map, its count negative", map_of("null"), number(-HUGE) + number(5)),
    ("a string", "string", number(HUGE)),
    ("a string of negative length", "string", number(-HUGE)),
    ("bytes", "bytes", number(HUGE)),
    ("bytes of negative length", "bytes", number(-1)),
    ("a fixed block", fixed(2**40), b""),
    ("a fixed block that no machine has", fixed(2**70), b""),
]


@pytest.mark.parametrize(("schema", "start"), [one[1:] for one in VALUES], ids=[one[0] for one in VALUES])
def test_a_value_that_claims_to_be_huge_ends_in_an_error_where_it_ends(schema: Any, start: bytes) -> None:
    began = time.thread_time()

    with pytest.raises(Undecodable, match="the value is no alert"):
        Decoder().decode(json.dumps(record(schema)).encode(), start + b"\x02\x04" * 10_000)

    assert time.thread_time() - began < 5


def test_a_decimal_number_of_a_megabyte_stays_bytes() -> None:
    amount = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    digits = b"\x7f" * 2**20

    packet = Decoder().decode(json.dumps(record(amount)).encode(), number(len(digits)) + digits)

    assert packet == {"field0": digits}


@pytest.mark.parametrize(
    "schema",
    [
        record(arrays(DEEPEST_TYPE - 2)),
        chain(DEEPEST_TYPE - 3),
        record(map_of("null"), array(["null"])),
        record(array(["null", record(*[["null", "int"]] * 300, name="item")]), array("item")),
        record(array(record("int", "null", "null", name="item"))),
        record(record(["null", "int"], name="item"), "item", "item", array("item"), map_of(["null", "item"])),
        record(*["null"] * 500),
        record(*doublings(12, "int")),
    ],
)
def test_what_an_alert_could_be_written_with_is_safe(schema: Any) -> None:
    assert parse(json.dumps(schema).encode())["name"] == "alert"


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_the_surveys_schemas_are_safe(survey: Any) -> None:
    key, _value = encode(next(night(seed=1, alerts=1, surveys=(survey,))))

    assert parse(key)["type"] == "record"


def test_a_refusal_does_not_depend_on_the_stack_that_is_left() -> None:
    key = json.dumps(record(array("null"))).encode()

    def below(levels: int) -> None:
        if levels:
            below(levels - 1)
            return
        with pytest.raises(UnsafeSchema, match="no bytes"):
            parse(key)

    below(sys.getrecursionlimit() // 2)
