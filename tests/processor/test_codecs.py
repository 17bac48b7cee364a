"""Two libraries for Avro, and one way to write it by hand: the same packets, the same records, the same bytes."""

import dataclasses
import glob
import importlib.util
import json
import math
import struct
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.fink import encode as fink_message
from demo.fink import night
from processor.convert import FinkSurvey, MoreAnnotations, Source, Unconvertible, convert
from processor.decode import Decoder, Undecodable
from schemas import codec, wire
from schemas.avro import CODECS, FASTAVRO, FASTEST, LeftOver
from schemas.codec import Encoder
from schemas.record import EPOCH, Classification, LightCurve, SkyPortalAlert
from support.records import light_curve, skyportal_alert

HAS_CAVRO = importlib.util.find_spec("cavro") is not None
needs_cavro = pytest.mark.skipif(not HAS_CAVRO, reason="cavro is not installed: the extra `fast` brings it")
both = pytest.mark.parametrize("library", CODECS, ids=lambda library: library.name)

EVERYTHING = MoreAnnotations(["*"])


def by_fastavro(alert: SkyPortalAlert) -> bytes:
    """Return the container that fastavro's own writer makes of the record, with the same marker in it."""
    ours = codec.encode(alert)
    schema = fastavro.parse_schema(json.loads(codec.SCHEMA_TEXT))
    buffer = BytesIO()
    fastavro.writer(buffer, schema, [dataclasses.asdict(alert)], sync_marker=ours[-16:])
    return buffer.getvalue()


def test_cavro_is_used_where_it_is_installed() -> None:
    assert [library.name for library in CODECS] == (["fastavro", "cavro"] if HAS_CAVRO else ["fastavro"])
    assert CODECS[-1] is FASTEST


SCHEMA: Any = {
    "type": "record",
    "name": "top.level",
    "fields": [
        {"name": "none", "type": "null"},
        {"name": "flag", "type": "boolean"},
        {"name": "small", "type": "int"},
        {"name": "large", "type": ["long", "null"]},
        {"name": "single", "type": "float"},
        {"name": "double", "type": ["null", "double"]},
        {"name": "text", "type": ["string", "null"]},
        {"name": "data", "type": "bytes"},
        {"name": "block", "type": {"type": "fixed", "name": "Block", "size": 3}},
        {"name": "word", "type": {"type": "enum", "name": "Word", "symbols": ["ONE", "TWO"]}},
        {"name": "map", "type": [{"type": "map", "values": ["float", "null"]}, "null"]},
        {"name": "any", "type": ["null", "boolean", "long", "double", "string"]},
        {
            "name": "points",
            "type": [
                {
                    "type": "array",
                    "items": [{"type": "record", "name": "point", "fields": [{"name": "x", "type": "int"}]}, "null"],
                },
                "null",
            ],
        },
        {"name": "last", "type": "point"},
        {"name": "time", "type": {"type": "long"}},
    ],
}

POINTS = st.fixed_dictionaries({"x": st.integers(-(2**31), 2**31 - 1)})
LONGS = st.integers(-(2**63), 2**63 - 1)
VALUES = st.fixed_dictionaries(
    {
        "none": st.none(),
        "flag": st.booleans(),
        "small": st.integers(-(2**31), 2**31 - 1),
        "large": st.none() | LONGS,
        "single": st.floats(width=32),
        "double": st.none() | st.floats(),
        "text": st.none() | st.text(),
        "data": st.binary(),
        "block": st.binary(min_size=3, max_size=3),
        "word": st.sampled_from(["ONE", "TWO"]),
        "map": st.none() | st.dictionaries(st.text(max_size=5), st.none() | st.floats(width=32), max_size=4),
        "any": st.none() | st.booleans() | LONGS | st.floats() | st.text(),
        "points": st.none() | st.lists(st.none() | POINTS, max_size=4),
        "last": POINTS,
        "time": LONGS,
    }
)


def datum(value: Any, schema: Any = SCHEMA) -> bytes:
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), value)
    return buffer.getvalue()


def exactly(value: Any) -> Any:
    """Return the value with the type and the bits of each of its leaves."""
    if isinstance(value, dict):
        return type(value), {name: exactly(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return type(value), [exactly(item) for item in value]
    return type(value), struct.pack("d", value) if isinstance(value, float) else value


@both
@given(VALUES)
def test_every_type_of_avro_is_read_and_written_by_either_library_as_by_fastavro(library: Any, value: Any) -> None:
    read, write = library.reader(SCHEMA, SCHEMA), library.writer(SCHEMA)
    data = datum(value)

    found = read(data)

    assert exactly(found) == exactly(FASTAVRO.reader(SCHEMA, SCHEMA)(data))
    assert write(found) == data
    assert write(value) == data


@both
@pytest.mark.parametrize("more", [b"\0", b"\1", b"\2", b"\x7f", b"\xff", b"\x80\x80", b"ab"])
def test_bytes_that_are_left_over_are_an_error_whatever_they_are(library: Any, more: bytes) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": ["string", "null"]}]}
    read = library.reader(schema, schema)

    with pytest.raises(LeftOver):
        read(datum({"x": "ab"}, schema) + more)
    assert read(datum({"x": "ab"}, schema)) == {"x": "ab"}


@both
@given(VALUES, st.data())
def test_no_beginning_of_a_datum_is_read_as_one(library: Any, value: Any, data: st.DataObject) -> None:
    whole = datum(value)
    read = library.reader(SCHEMA, SCHEMA)

    with pytest.raises(Exception):  # noqa: B017, PT011  # each library has errors of its own
        read(whole[: data.draw(st.integers(0, len(whole) - 1))])


@both
@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xed\xa0\x80", b"\xc3"])
def test_a_text_that_is_no_unicode_is_an_error(library: Any, text: bytes) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": "string"}]}

    with pytest.raises(UnicodeDecodeError):
        library.reader(schema, schema)(wire.long(len(text)) + text)


@both
@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**62, -1, 0])
def test_an_int_of_more_than_32_bits_is_what_it_is(library: Any, value: int) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": ["int", "null"]}]}

    assert library.reader(schema, schema)(wire.long(0) + wire.long(value)) == {"x": value}


@both
def test_a_key_of_fastavros_alone_is_read_by_fastavro(library: Any) -> None:
    """Names are checked by one library and not by the other."""
    schema = {"type": "record", "name": "r", "fields": [{"name": "2MASS-name", "type": "int"}]}
    value = datum({"2MASS-name": 3}, schema)

    assert Decoder(library).decode(json.dumps(schema).encode(), value) == {"2MASS-name": 3}


def records_of(key: bytes, value: bytes, survey: FinkSurvey) -> Iterator[SkyPortalAlert]:
    """Yield the records of a message as each library reads it, with everything and without."""
    for decoder in DECODERS:
        packet = decoder.decode(key, value)
        for more in (MoreAnnotations(), EVERYTHING):
            yield convert(packet, survey, Source(topic="fink_in_tns_lsst"), more).record


def check(key: bytes, value: bytes, survey: FinkSurvey) -> None:
    """Assert that a message is one record and one container, whoever reads and whoever writes."""
    records = list(records_of(key, value, survey))
    for first, other in zip(records[:2], records[-2:], strict=True):
        assert repr(first) == repr(other)
        containers = {Encoder(library).encode(alert) for library in CODECS for alert in (first, other)}
        assert containers == {by_fastavro(first)}
        assert codec.decode(containers.pop()).annotations == first.annotations


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_the_real_alerts_are_the_same_bytes_by_either_library(samples: Path, survey: str) -> None:
    (file,) = glob.glob(str(samples / f"fink_{survey}_*alerts.avro"))  # noqa: PTH207
    with Path(file).open("rb") as opened:
        reader = fastavro.reader(opened)
        schema = json.loads(reader.metadata["avro.schema"])
        for packet in reader:
            check(json.dumps(schema, indent=2).encode(), datum(packet, schema), FinkSurvey(survey))


@pytest.mark.parametrize(("value", "survey"), [("ztf_sn", "ztf"), ("lsst_static_ddf", "lsst"), ("lsst_sso", "lsst")])
def test_the_real_messages_are_the_same_bytes_by_either_library(samples: Path, value: str, survey: str) -> None:
    (key,) = samples.glob(f"live_key_{survey}_*.json")

    check(key.read_bytes(), (samples / f"live_value_{value}.bin").read_bytes(), FinkSurvey(survey))


def test_a_nights_messages_are_the_same_bytes_by_either_library() -> None:
    joined = [alert for alert in night(seed=7, alerts=400, surveys=("ztf",)) if "triggerId" in alert.packet]
    assert joined

    for alert in (*night(seed=11, alerts=50), *joined):
        check(*fink_message(alert), FinkSurvey(alert.survey))


@needs_cavro
@settings(max_examples=100)
@given(st.data())
def test_a_damaged_message_that_both_libraries_read_is_the_same_record(data: st.DataObject) -> None:
    survey, key, value = data.draw(st.sampled_from(NIGHT))
    damaged = bytearray(value)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, min(len(value), 3_000) - 1))] = data.draw(st.integers(0, 255))
    found = set()
    for decoder in DECODERS:
        try:
            packet = decoder.decode(key, bytes(damaged))
        except Undecodable:
            continue
        try:
            found.add(repr(convert(packet, survey, Source(topic="t")).record))
        except Unconvertible as refusal:
            found.add(str(refusal))
    assert len(found) <= 1


NIGHT = [(FinkSurvey(alert.survey), *fink_message(alert)) for alert in night(seed=2, alerts=4)]

DECODERS = [Decoder(library) for library in CODECS]

FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 5e-324, -1e308, 1.7e308, 1e-9])
TEXTS = st.text(max_size=8) | st.sampled_from(["", "é" * 70, "x" * 64, "y" * 8192])
EDGES = st.sampled_from(
    [0, -1, 1, 63, 64, -64, -65, 8191, 8192, 2**31, -(2**31), 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def curves(draw: st.DrawFn) -> LightCurve:
    count = draw(st.sampled_from([0, 1, 2, 3, 7, 63, 64, 65, 200]))
    few = min(count, 7)

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        some = draw(st.lists(values, min_size=few, max_size=few))
        return [some[place % few] for place in range(count)]

    return LightCurve(
        mjd=column(FINITE),
        filter=column(TEXTS),
        flux=column(draw(st.sampled_from([FINITE, maybe(FINITE), st.none()]))),
        fluxerr=column(FINITE),
        ra=column(maybe(FINITE)),
        dec=column(draw(st.sampled_from([FINITE, st.none()]))),
        origin=column(maybe(TEXTS)),
        program_id=column(maybe(st.integers(-(2**31), 2**31 - 1))),
    )


ALERTS = st.builds(
    SkyPortalAlert,
    survey=st.sampled_from(["ZTF", "LSST"]),
    topic=TEXTS,
    alert_id=TEXTS,
    obj_id=st.text("ABCabc019_-;:+.", min_size=1, max_size=9),
    ra=FINITE,
    dec=FINITE,
    observed_at=st.integers(-(10**13), 10**14).map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
    published_at=maybe(st.integers(0, 10**13).map(lambda ms: EPOCH + timedelta(milliseconds=ms))),
    score=maybe(FINITE),
    is_solar_system=st.booleans(),
    photometry=curves(),
    annotations=st.dictionaries(TEXTS, maybe(st.booleans() | EDGES | LONGS | FINITE | TEXTS), max_size=12),
    classifications=st.lists(
        st.builds(Classification, name=TEXTS, probability=maybe(FINITE), origin=TEXTS), max_size=3
    ).map(tuple),
    cutout_science=maybe(st.binary(max_size=300)),
    cutout_template=maybe(st.binary(max_size=3)),
    cutout_difference=maybe(st.just(b"")),
    fink_broker_version=maybe(TEXTS),
    fink_science_version=maybe(TEXTS),
    schema_version=maybe(TEXTS),
)


@settings(max_examples=100)
@given(ALERTS)
def test_any_record_is_the_container_that_fastavro_writes(alert: SkyPortalAlert) -> None:
    expected = by_fastavro(alert)

    for library in CODECS:
        assert Encoder(library).encode(alert) == expected
    assert codec.decode(expected) == alert


def test_a_record_of_nothing_but_what_it_needs_is_the_container_that_fastavro_writes() -> None:
    alert = skyportal_alert(photometry=light_curve(), annotations={}, classifications=())

    assert {Encoder(library).encode(alert) for library in CODECS} == {by_fastavro(alert)}


@pytest.mark.parametrize("count", [1, 63, 64, 65, 128, 8191, 8192, 20_000])
def test_a_long_light_curve_is_the_container_that_fastavro_writes(count: int) -> None:
    for fluxes in ([1.5] * count, [None] * count, [None, -1.5] * (count // 2) or [None]):
        alert = skyportal_alert(photometry=light_curve(*fluxes))
        assert Encoder(FASTAVRO).encode(alert) == by_fastavro(alert)


def test_thousands_of_annotations_are_the_container_that_fastavro_writes() -> None:
    """More of them than are remembered: what was forgotten is written as well."""
    for first in range(0, 3 * wire.MOST_PATHS, wire.MOST_PATHS - 1):
        values = {f"path.{first + number}": number for number in range(wire.MOST_PATHS)}
        alert = skyportal_alert(annotations=values)
        assert Encoder(FASTAVRO).encode(alert) == by_fastavro(alert)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**400])
def test_an_integer_that_avro_cannot_say_is_an_error(value: int) -> None:
    with pytest.raises(OverflowError):
        codec.encode(skyportal_alert(annotations={"a": value}))


@given(EDGES | LONGS)
def test_a_long_is_written_as_avro_writes_it(value: int) -> None:
    assert wire.long(value) == datum(value, "long")


@given(TEXTS)
def test_a_string_is_written_as_avro_writes_it(value: str) -> None:
    assert wire.string(value) == datum(value, "string")


@pytest.mark.parametrize("value", [True, False, 0, 1, 0.0, 1.0, -0.0, "1", "", None])
def test_an_annotation_comes_back_with_its_type(value: Any) -> None:
    found = codec.decode(codec.encode(skyportal_alert(annotations={"a": value}))).annotations["a"]

    assert type(found) is type(value)
    assert found == value
    assert not isinstance(value, float) or math.copysign(1, found) == math.copysign(1, value)
