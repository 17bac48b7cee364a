"""Schemas without the fields of history that no record is made of."""

import copy
import json
import logging
from io import BytesIO
from typing import Any

import fastavro
import pytest

from demo.fink import encode, night
from processor.convert import HISTORY
from processor.decode import Decoder
from processor.projection import projected
from schemas.avro import CODECS, FASTAVRO

WANTED = {"history": frozenset({"jd", "fid"})}


def record(name: str, *fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": one, "type": kind} for one, kind in fields]}


POINT = record("top.history", ("jd", ["double", "null"]), ("noise", ["float", "null"]), ("fid", "int"))
CUT = record("top.history", ("jd", ["double", "null"]), ("fid", "int"))


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


@pytest.mark.parametrize(
    ("kind", "cut"),
    [
        (array(POINT), array(CUT)),
        (array([POINT, "null"]), array([CUT, "null"])),
        ([array([POINT, "null"]), "null"], [array([CUT, "null"]), "null"]),
        (["null", array(["null", POINT])], ["null", array(["null", CUT])]),
    ],
)
def test_points_of_a_history_have_the_wanted_fields_alone(kind: Any, cut: Any) -> None:
    schema = record("top", ("objectId", "string"), ("history", kind), ("other", array(record("x", ("noise", "int")))))

    assert projected(schema, WANTED) == {
        **schema,
        "fields": [schema["fields"][0], {"name": "history", "type": cut}, schema["fields"][2]],
    }


def test_a_schema_is_not_changed_by_it() -> None:
    schema = record("top", ("history", [array([POINT, "null"]), "null"]))
    before = copy.deepcopy(schema)

    projected(schema, WANTED)

    assert schema == before


@pytest.mark.parametrize(
    "schema",
    [
        "string",
        ["null", record("top", ("history", array(POINT)))],
        record("top", ("history", "string")),
        record("top", ("history", POINT)),
        record("top", ("history", {"type": "map", "values": POINT})),
        record("top", ("history", array("double"))),
        record("top", ("history", array([record("top.history", ("jd", "int")), "null"]))),
        record("top", ("nested", record("inner", ("history", array(POINT))))),
        record("top"),
    ],
)
def test_what_has_no_such_history_stays_as_it_is(schema: Any) -> None:
    assert projected(schema, WANTED) == schema


@pytest.mark.parametrize("name", ["top.history", "history"])
def test_a_record_that_is_named_a_second_time_keeps_its_fields(name: str) -> None:
    for other in (name, ["null", name], array(name), array([name, "null"]), {"type": "map", "values": name}):
        schema = record("top", ("history", array(POINT)), ("last", other))
        assert projected(schema, WANTED) == schema


def message(schema: Any, packet: Any) -> tuple[bytes, bytes]:
    value = BytesIO()
    fastavro.schemaless_writer(value, fastavro.parse_schema(schema), packet)
    return json.dumps(schema).encode(), value.getvalue()


DETECTION = {"jd": 2461121.5, "fid": 1, "magpsf": 18.5, "isdiffpos": "t"}


@pytest.mark.parametrize("library", CODECS, ids=lambda library: library.name)
def test_a_type_that_is_defined_in_a_field_that_nobody_wants_can_be_used_after_it(library: Any) -> None:
    quality = {"type": "enum", "name": "Quality", "symbols": ["GOOD", "BAD"]}
    point = record("point", ("jd", "double"), ("noise", quality), ("fid", "int"))
    packets = {
        "in the history": (
            record("top", ("prv_candidates", array(record("p", *_fields(point), ("band", "Quality"))))),
            {"prv_candidates": [{"jd": 1.5, "noise": "BAD", "fid": 2, "band": "GOOD"}]},
        ),
        "after it": (
            record("top", ("prv_candidates", array(point)), ("quality", "Quality")),
            {"prv_candidates": [{"jd": 1.5, "noise": "BAD", "fid": 2}], "quality": "BAD"},
        ),
    }
    for schema, packet in packets.values():
        found = Decoder(library).decode(*message(schema, packet))
        assert {**found, "prv_candidates": None} == {**packet, "prv_candidates": None}
        assert found["prv_candidates"][0]["jd"] == 1.5
        assert found["prv_candidates"][0]["fid"] == 2


def _fields(schema: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(field["name"], field["type"]) for field in schema["fields"]]


@pytest.mark.parametrize("library", CODECS, ids=lambda library: library.name)
def test_a_history_of_which_nothing_is_wanted_decodes_to_as_many_points(library: Any) -> None:
    schema = record("top", ("prv_candidates", array([record("p", ("noise", "string")), "null"])), ("last", "int"))
    packet = {"prv_candidates": [{"noise": "loud"}, None, {"noise": "faint"}], "last": 7}

    found = Decoder(library).decode(*message(schema, packet))

    assert found["last"] == 7
    assert [point is None for point in found["prv_candidates"]] == [False, True, False]


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_a_nights_packets_have_every_field_but_those_of_history_that_nobody_wants(
    survey: Any, caplog: pytest.LogCaptureFixture
) -> None:
    whole_decoder, decoders = Decoder(FASTAVRO), [(library, Decoder(library)) for library in CODECS]
    with caplog.at_level(logging.WARNING):
        for alert in night(seed=5, alerts=40, surveys=(survey,)):
            key, value = encode(alert)
            whole = whole_decoder.decode(key, value)
            for library, decoder in decoders:
                found = decoder.decode(key, value)
                assert _without(found, HISTORY) == _without(whole, HISTORY)
                for name, wanted in HISTORY.items():
                    assert _cut(found.get(name), wanted) == _cut(whole.get(name), wanted)
                if library is not FASTAVRO:
                    assert all(set(point) <= HISTORY[name] for name in HISTORY for point in found.get(name) or ())
    assert not caplog.records  # none of them had to be read in the slower way


def _without(packet: Any, names: Any) -> str:
    """Return everything else, in words: NaN is not equal to itself."""
    return repr({name: value for name, value in packet.items() if name not in names})


def _cut(points: Any, wanted: frozenset[str]) -> str:
    return repr(points and [{name: point[name] for name in sorted(wanted) if name in point} for point in points])
