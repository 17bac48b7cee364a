"""Fink's messages into packets."""

import json
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.fink import encode as fink_encode
from demo.fink import night
from processor.convert import HISTORY
from processor.decode import REMEMBERED_SCHEMAS, Decoder, Undecodable
from schemas.avro import CODECS, FASTAVRO, Codec

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "topLevelRecord",
    "fields": [
        {"name": "objectId", "type": ["string", "null"]},
        {"name": "history", "type": [{"type": "array", "items": ["double", "null"]}, "null"]},
    ],
}
KEY = json.dumps(SCHEMA, indent=2).encode()
PACKET = {"objectId": "ZTF26aamcbly", "history": [1.5, None, 2.5]}


def encoded(packet: Any, schema: Any = SCHEMA) -> bytes:
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), packet)
    return buffer.getvalue()


VALUE = encoded(PACKET)


def canonical(value: Any) -> str:
    """Return a value in words: NaN is not equal to itself."""
    return json.dumps(value, sort_keys=True, default=repr)


both = pytest.mark.parametrize("library", CODECS, ids=lambda library: library.name)


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_an_alert_of_finks_decodes_to_what_was_published(survey: Any) -> None:
    alert = next(night(seed=1, alerts=1, surveys=(survey,)))
    key, value = fink_encode(alert)

    packet = Decoder(FASTAVRO).decode(key, value)

    assert packet.keys() == alert.packet.keys()
    assert fink_encode(type(alert)(survey=alert.survey, topics=alert.topics, packet=packet)) == (key, value)


@both
@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_an_alert_of_finks_decodes_to_all_that_records_are_made_of(survey: Any, library: Codec) -> None:
    decoder = Decoder(library)
    for alert in night(seed=1, alerts=5, surveys=(survey,)):
        packet, published = decoder.decode(*fink_encode(alert)), alert.packet
        assert packet.keys() == published.keys()
        for name, value in published.items():
            if name not in HISTORY or value is None:
                assert canonical(packet[name]) == canonical(value)
                continue
            assert len(packet[name]) == len(value)
            for found, point in zip(packet[name], value, strict=True):
                assert {field: found[field] for field in HISTORY[name]} == {
                    field: point[field] for field in HISTORY[name]
                }
                assert all(found[field] == point[field] for field in found)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (KEY, None, "a tombstone"),
        (None, VALUE, "no key"),
        (b"", VALUE, "no key"),
        (b"3.3", VALUE, "no Avro schema"),
        (b"4.02_replayed", VALUE, "not JSON"),
        (b"\xff\xfe\x00", VALUE, "not JSON"),
        (b"{}", VALUE, "no Avro schema"),
        (b'{"type": "record"}', VALUE, "no Avro schema"),
        (b"[" * 100_000, VALUE, "nested too deeply"),
        (b'"string"', encoded("text", "string"), "a str, not a record"),
        (KEY, b"", "EOFError"),
        (KEY, VALUE[:-1], "EOFError"),
        (KEY, VALUE[:5], "Error"),
        (KEY, b"\xff" * 50, "Error"),
        (KEY, VALUE + b"\0\0", "bytes are left over: the key is another alert's schema"),
    ],
)
@both
def test_what_is_no_alert_is_undecodable_with_a_sentence(
    library: Codec, key: bytes | None, value: bytes | None, sentence: str
) -> None:
    with pytest.raises(Undecodable) as refusal:
        Decoder(library).decode(key, value)

    assert sentence in str(refusal.value)


@both
def test_an_undecodable_message_does_not_spoil_the_ones_after_it(library: Codec) -> None:
    decoder = Decoder(library)
    for key, value in [(KEY, VALUE[:5]), (b"no schema", VALUE), (None, VALUE), (KEY, None)]:
        with pytest.raises(Undecodable):
            decoder.decode(key, value)

    assert decoder.decode(KEY, VALUE) == PACKET


@both
def test_every_message_is_read_with_its_own_schema(library: Codec) -> None:
    decoder = Decoder(library)
    keys = [json.dumps({**SCHEMA, "doc": str(number)}).encode() for number in range(2 * REMEMBERED_SCHEMAS)]
    other = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "added", "type": "long"}]}

    for key in (*keys, *keys):
        assert decoder.decode(key, VALUE) == PACKET
        assert decoder.decode(json.dumps(other).encode(), encoded(PACKET | {"added": 7}, other))["added"] == 7


@both
def test_a_schema_is_parsed_once_whatever_messages_come_between(
    library: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []
    parse = fastavro.parse_schema

    def count(schema: Any) -> Any:
        parsed.append(schema["doc"])
        return parse(schema)

    monkeypatch.setattr(fastavro, "parse_schema", count)
    decoder = Decoder(library)

    def decode_both() -> None:
        for doc in ("one", "two"):
            decoder.decode(json.dumps({**SCHEMA, "doc": doc}).encode(), VALUE)

    decode_both()
    after_one_round = list(parsed)
    decode_both()
    decode_both()

    assert parsed == after_one_round
    assert set(parsed) == {"one", "two"}


@both
@given(key=st.none() | st.binary() | st.sampled_from([KEY]), value=st.none() | st.binary())
def test_nothing_but_undecodable_comes_out_of_random_messages(
    library: Codec, key: bytes | None, value: bytes | None
) -> None:
    try:
        packet = Decoder(library).decode(key, value)
    except Undecodable:
        return
    assert packet.keys() == PACKET.keys()


@both
@given(st.data())
def test_nothing_but_undecodable_comes_out_of_a_damaged_alert(library: Codec, data: st.DataObject) -> None:
    damaged = bytearray(VALUE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(VALUE) - 1))] = data.draw(st.integers(0, 255))
    try:
        packet = Decoder(library).decode(KEY, bytes(damaged))
    except Undecodable:
        return
    assert packet.keys() == PACKET.keys()
