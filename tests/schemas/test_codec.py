"""Records to and from bytes, and what was never a record."""

import math
import struct
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import NewerRecord, Undecodable, decode, encode
from schemas.record import EPOCH, Classification, LightCurve, SkyPortalAlert
from support.containers import container
from support.records import light_curve, skyportal_alert

finite = st.floats(allow_nan=False, allow_infinity=False)
numbers_64 = st.integers(-(2**63), 2**63 - 1)
instants = st.integers(-60_000_000_000_000, 250_000_000_000_000).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
obj_ids = st.text("ABCXYZabcxyz0189_-;:+.", min_size=1)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def light_curves(draw: st.DrawFn) -> LightCurve:
    count = draw(st.integers(0, 5))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    return LightCurve(
        mjd=column(finite),
        filter=column(st.text()),
        flux=column(optional(finite)),
        fluxerr=column(finite),
        ra=column(optional(finite)),
        dec=column(optional(finite)),
        origin=column(optional(st.text())),
        program_id=column(optional(st.integers(-(2**31), 2**31 - 1))),
    )


alerts = st.builds(
    SkyPortalAlert,
    survey=st.sampled_from(["ZTF", "LSST"]),
    topic=st.text(),
    alert_id=st.integers(0, 2**64).map(str),
    obj_id=obj_ids,
    ra=finite,
    dec=finite,
    observed_at=instants,
    published_at=optional(instants),
    score=optional(finite),
    is_solar_system=st.booleans(),
    photometry=light_curves(),
    annotations=st.dictionaries(st.text(), optional(st.booleans() | numbers_64 | finite | st.text())),
    classifications=st.lists(
        st.builds(Classification, name=st.text(), probability=optional(finite), origin=st.text())
    ).map(tuple),
    cutout_science=optional(st.binary()),
    cutout_template=optional(st.binary()),
    cutout_difference=optional(st.binary()),
    fink_broker_version=optional(st.text()),
    fink_science_version=optional(st.text()),
    schema_version=optional(st.text()),
)


def bits(values: Any) -> list[bytes | None]:
    return [None if value is None else struct.pack("d", value) for value in values]


@given(alerts)
@settings(max_examples=100, deadline=None)
def test_a_record_comes_back_as_it_was(alert: SkyPortalAlert) -> None:
    found = decode(encode(alert))

    assert found == alert
    assert {name: type(value) for name, value in found.annotations.items()} == {
        name: type(value) for name, value in alert.annotations.items()
    }
    for column in ("mjd", "flux", "fluxerr", "ra", "dec"):
        assert bits(getattr(found.photometry, column)) == bits(getattr(alert.photometry, column))


@given(alerts)
@settings(max_examples=30, deadline=None)
def test_the_same_alert_is_the_same_bytes(alert: SkyPortalAlert) -> None:
    assert encode(alert) == encode(replace(alert)) == encode(decode(encode(alert)))


def test_ids_beyond_what_a_float_holds_and_negative_fluxes_survive() -> None:
    alert = skyportal_alert(
        alert_id="9223372036854775807",
        photometry=light_curve(-900.25, None, 5e-324),
        annotations={"candid": 2**63 - 1, "small": -(2**63), "flag": True, "one": 1, "float": 1.0, "none": None},
    )

    assert decode(encode(alert)) == alert


def test_any_avro_tool_reads_a_record() -> None:
    reader = fastavro.reader(BytesIO(encode(skyportal_alert())))

    assert isinstance(reader.writer_schema, dict)
    assert reader.writer_schema["name"] == "fink_skyportal.v1.Alert"
    assert [record["obj_id"] for record in reader if isinstance(record, dict)] == ["ZTF26aamcbly"]


def other_schema() -> bytes:
    buffer = BytesIO()
    schema = {"type": "record", "name": "Alert", "namespace": "lsst.v9", "fields": [{"name": "x", "type": "int"}]}
    fastavro.writer(buffer, fastavro.parse_schema(schema), [{"x": 1}])
    return buffer.getvalue()


def records(count: int) -> bytes:
    buffer = BytesIO()
    reader = fastavro.reader(BytesIO(encode(skyportal_alert())))
    schema, record = reader.writer_schema, next(iter(reader))
    assert isinstance(record, dict)
    fastavro.writer(buffer, schema, count * [record])
    return buffer.getvalue()


def uneven(_schema: dict[str, Any], record: dict[str, Any]) -> None:
    record["photometry"]["fluxerr"].append(1.0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(None, "tombstone", id="a tombstone"),
        pytest.param(b"", "not a record", id="nothing"),
        pytest.param(b"{}", "not a record", id="JSON"),
        pytest.param(b"Obj\x01", "not a record", id="a header that ends"),
        pytest.param(encode(skyportal_alert())[:-20], "not a record", id="cut off"),
        pytest.param(encode(skyportal_alert()) + b"more", "not a record", id="something behind it"),
        pytest.param(other_schema(), r"a container of lsst\.v9\.Alert", id="another schema"),
        pytest.param(records(0), "a container of 0 records", id="an empty container"),
        pytest.param(records(2), "a container of 2 records", id="two records"),
        pytest.param(container(skyportal_alert(), change=uneven), "different lengths", id="uneven columns"),
    ],
)
def test_what_is_no_record_says_why(data: bytes | None, said: str) -> None:
    with pytest.raises(Undecodable, match=said):
        decode(data)


@given(st.binary() | st.binary().map(lambda junk: b"Obj\x01" + junk))
@settings(deadline=None)
def test_no_bytes_can_do_worse_than_be_undecodable(data: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(data)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_record_is_a_record_or_undecodable(data: st.DataObject) -> None:
    good = bytearray(encode(skyportal_alert()))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] = data.draw(st.integers(0, 255))

    with suppress(Undecodable, NewerRecord):
        assert isinstance(decode(bytes(good)), SkyPortalAlert)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["ra", "dec", "mjd", "flux", "fluxerr"])
def test_numbers_that_no_request_could_carry_are_undecodable(place: str, value: float) -> None:
    def change(_schema: dict[str, Any], record: dict[str, Any]) -> None:
        if place in {"ra", "dec"}:
            record[place] = value
        else:
            record["photometry"][place][1] = value

    with pytest.raises(Undecodable, match="not finite"):
        decode(container(skyportal_alert(), change=change))


@pytest.mark.parametrize("obj_id", ["", "a b", "ZTF/1", "é", "a\n", "x\x00"])
def test_a_name_that_skyportal_takes_in_some_places_only_is_undecodable(obj_id: str) -> None:
    with pytest.raises(Undecodable, match="obj_id"):
        decode(encode(skyportal_alert(obj_id=obj_id)))


def test_times_are_utc() -> None:
    found = decode(encode(skyportal_alert())).observed_at

    assert isinstance(found, datetime)
    assert found.utcoffset() == timedelta(0)
