"""Alerts that Fink joins to a gamma-ray burst or a gravitational wave: flat packets among ZTF's."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_rules import EVENT_ELSEWHERE, added_by_fink, plain

from demo.fink import encode, night
from processor.convert import FinkSurvey, MoreAnnotations, Source, Unconvertible, convert
from processor.decode import Decoder
from schemas import codec
from schemas.avro import CODECS
from schemas.record import Classification, SkyPortalAlert
from support.packets import ztf_packet

JD = 2461121.9631019
DECODERS = [Decoder(library) for library in CODECS]


def event(**changes: Any) -> dict[str, Any]:
    """Return what Fink sends of an alert near a burst."""
    ordinary = {
        "objectId": "ZTF26aamcbly",
        "candid": -1196515120,
        "ztf_ra": 267.0006792,
        "ztf_dec": -5.8633869,
        "fid": 2,
        "jdstarthist": 2461116.0104398,
        "rb": 0.75,
        "jd": JD,
        "instrument": "GBM",
        "event": "",
        "observatory": "Fermi",
        "triggerId": "795123456",
        "gcn_ra": 266.5,
        "gcn_dec": -6.25,
        "gcn_loc_error": 180.5,
        "triggerTimeUTC": "2026-03-22 01:41:19.406",
        "p_assoc": 0.003,
        "fink_class": "Unknown",
        "raw_event": "<voe:VOEvent/>",
        "mangrove": [["HyperLEDA_name", "None"], ["lum_dist", "12.5"]],
        "roid": 0,
    }
    return ordinary | changes


def record(packet: Mapping[str, Any], *more: str) -> SkyPortalAlert:
    return convert(packet, FinkSurvey.ZTF, Source(topic="fink_grb_bronze"), MoreAnnotations(more)).record


def test_every_field_of_an_alert_comes_from_where_the_contract_says() -> None:
    published_at = datetime(2026, 3, 22, 13, 28, 18, 277_000, tzinfo=UTC)
    source = Source(topic="fink_gw_bronze", published_at=published_at)

    conversion = convert(event(fink_broker_version="4.1", fink_science_version="8.41.0"), FinkSurvey.ZTF, source)

    alert = conversion.record
    assert (alert.survey, alert.topic, alert.published_at) == ("ZTF", "fink_gw_bronze", published_at)
    assert alert.alert_id == "ZTF26aamcbly:795123456:2461121.9631019"
    assert alert.obj_id == "ZTF26aamcbly"
    assert (alert.ra, alert.dec) == (267.0006792, -5.8633869)
    assert alert.observed_at == datetime(2026, 3, 22, 11, 6, 52, 4_000, tzinfo=UTC)
    assert alert.score is None
    assert not alert.is_solar_system
    assert (alert.cutout_science, alert.cutout_template, alert.cutout_difference) == (None, None, None)
    assert (alert.fink_broker_version, alert.fink_science_version) == ("4.1", "8.41.0")
    assert conversion.left_out == {}


def test_its_magnitude_has_no_sign_and_is_no_point_but_an_annotation() -> None:
    alert = record(event(magpsf=18.5, sigmapsf=0.1))

    assert len(alert.photometry) == 0
    assert (alert.annotations["magpsf"], alert.annotations["sigmapsf"]) == (18.5, 0.1)


def test_the_event_is_annotated() -> None:
    found = record(event()).annotations

    assert found["observatory"] == "Fermi"
    assert found["instrument"] == "GBM"
    assert found["event"] is None
    assert found["triggerId"] == "795123456"
    assert (found["gcn_ra"], found["gcn_dec"], found["gcn_loc_error"]) == (266.5, -6.25, 180.5)
    assert found["triggerTimeUTC"] == "2026-03-22 01:41:19.406"
    assert found["p_assoc"] == 0.003
    assert found["mangrove.HyperLEDA_name"] is None
    assert found["mangrove.lum_dist"] == "12.5"


def test_an_id_that_was_cast_to_32_bits_is_nowhere_in_the_record() -> None:
    whole = event()

    alert = record(whole)

    assert str(whole["candid"]) not in repr(alert)
    assert record(event(candid=None)) == alert


def test_two_events_of_one_alert_are_two_alerts_and_two_times_as_well() -> None:
    ids = {record(event(**one)).alert_id for one in ({}, {"triggerId": "S260321fk"}, {"jd": JD + 1e-7})}

    assert len(ids) == 3


def test_the_notice_itself_is_annotated_only_if_somebody_asks() -> None:
    assert "raw_event" not in record(event()).annotations
    assert record(event(), "raw_event").annotations["raw_event"] == "<voe:VOEvent/>"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Kilonova candidate", "Kilonova candidate"),
        ("Solar System MPC", "Solar System MPC"),
        ("Ambiguous", "Ambiguous"),
        ("EclBin", "(SIMBAD) EclBin"),
    ],
)
def test_finks_class_is_in_the_packet_already(label: str, name: str) -> None:
    alert = record(event(fink_class=label))

    assert alert.classifications == (Classification(name=name, probability=None, origin="fink_filters"),)
    assert alert.annotations["fink_class"] == label


@pytest.mark.parametrize("label", [None, "", " ", "Unknown", "None", "nan", "null", "Fail 504"])
def test_no_class_is_none(label: str | None) -> None:
    alert = record(event(fink_class=label))

    assert alert.classifications == ()
    assert alert.annotations["fink_class"] is None


@pytest.mark.parametrize(("roid", "moving"), [(3, True), (2, False), (0, False), (None, False)])
def test_a_known_asteroid_is_one(roid: int | None, moving: bool) -> None:  # noqa: FBT001
    assert record(event(roid=roid)).is_solar_system is moving


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"objectId": None}, "objectId is None"),
        ({"objectId": " "}, "objectId is ' '"),
        ({"triggerId": None}, "triggerId is None"),
        ({"triggerId": ""}, "triggerId is ''"),
        ({"jd": None}, "jd is None"),
        ({"jd": math.nan}, "jd is nan"),
        ({"jd": math.inf}, "jd is inf"),
        ({"ztf_ra": None}, "ra is None"),
        ({"ztf_ra": 360.0}, "ra is 360.0"),
        ({"ztf_dec": math.nan}, "dec is nan"),
        ({"ztf_dec": -90.5}, "dec is -90.5"),
    ],
)
def test_an_alert_without_what_makes_it_one_is_refused_by_name(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unconvertible) as refusal:
        record(event(**changes))

    assert sentence in str(refusal.value)


def test_a_refusal_of_a_position_names_the_field_as_the_packet_does() -> None:
    with pytest.raises(Unconvertible, match="ztf_ra is None"):
        record(event(ztf_ra=None))


def test_an_ordinary_alert_beside_them_stays_ordinary() -> None:
    assert record(ztf_packet(triggerId="795123456")).alert_id == "3367463101415010117"


def test_the_alerts_of_a_night_convert_from_their_messages_with_every_fact() -> None:
    alerts = [one for one in night(seed=7, alerts=400, surveys=("ztf",)) if "triggerId" in one.packet]
    assert alerts

    for alert in alerts:
        for library in CODECS:
            packet = Decoder(library).decode(*encode(alert))
            found = record(packet)
            expected = added_by_fink(alert.packet, EVENT_ELSEWHERE)
            assert found.annotations == expected
            assert found.alert_id == ":".join(
                (alert.packet["objectId"], alert.packet["triggerId"], repr(alert.packet["jd"]))
            )
            assert plain(codec.decode(codec.encode(found))) == plain(found)


def some(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of an Avro type, as fastavro writes and reads them."""
    if isinstance(kind, list):
        return st.one_of(*map(some, kind))
    if isinstance(kind, dict) and kind["type"] == "array":
        return st.lists(some(kind["items"]), max_size=3)
    if isinstance(kind, dict):
        return st.fixed_dictionaries({field["name"]: some(field["type"]) for field in kind["fields"]})
    return {
        "null": st.none(),
        "string": st.text(max_size=8) | st.sampled_from(["Unknown", "nan", "None", "Fail 504", "S260321fk"]),
        "int": st.sampled_from([-1, 0, 3]) | st.integers(-(2**31), 2**31 - 1),
        "long": st.sampled_from([-1, 0, 3]) | st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(width=32),
        "double": st.sampled_from([-1.0, 0.0, 45.5, JD]) | st.floats(),
    }[kind]


@pytest.fixture
def written(samples: Path) -> tuple[bytes, Any]:
    """Give Fink's own schema, as a key and as JSON."""
    text = (samples / "fink_mm_schema_1.3.avsc").read_bytes()
    return text, json.loads(text)


def test_any_packet_of_finks_own_schema_becomes_a_sound_record_or_is_refused(written: tuple[bytes, Any]) -> None:
    usual = event()
    alike = [name for name in ("objectId", "triggerId", "ztf_ra", "ztf_dec", "jd") if name in usual]

    @given(
        st.fixed_dictionaries(
            {
                field["name"]: st.just(usual[field["name"]]) if field["name"] in alike else some(field["type"])
                for field in written[1]["fields"]
            }
        ),
        st.none() | st.sampled_from(alike),
    )
    def check(packet: dict[str, Any], missing: str | None) -> None:
        if missing is not None:
            packet[missing] = None
        check_any(*written, packet)

    check()


def check_any(key: bytes, schema: Any, packet: dict[str, Any]) -> None:
    """Assert that a packet becomes a sound record, or is refused for what is missing."""
    value = BytesIO()
    fastavro.schemaless_writer(value, fastavro.parse_schema(schema), packet)
    packets = [decoder.decode(key, value.getvalue()) for decoder in DECODERS]
    assert len({repr(sorted(one.items())) for one in packets}) == 1
    if None in (packet[name] for name in ("objectId", "triggerId", "ztf_ra", "ztf_dec", "jd")):
        with pytest.raises(Unconvertible):
            record(packets[0])
        return
    alert = record(packets[0])
    assert len(alert.photometry) == 0
    assert alert.annotations.keys() == added_by_fink(packets[0], EVENT_ELSEWHERE).keys()
    assert all(value is None or value == value for value in alert.annotations.values())  # noqa: PLR0124  # no NaN
    assert plain(codec.decode(codec.encode(alert))) == plain(alert)


def test_an_alert_of_finks_own_schema_keeps_every_fact(written: tuple[bytes, Any]) -> None:
    key, schema = written
    numbers = {"float": 0.5, "double": 0.25, "int": 7, "long": 8, "string": "a text"}
    packet = {field["name"]: numbers.get(str(field["type"][0])) for field in schema["fields"]} | {
        name: value for name, value in event().items() if name in {field["name"] for field in schema["fields"]}
    }
    value = BytesIO()
    fastavro.schemaless_writer(value, fastavro.parse_schema(schema), packet)

    for library in CODECS:
        alert = record(Decoder(library).decode(key, value.getvalue()))
        assert alert.annotations == added_by_fink(packet, EVENT_ELSEWHERE)
        assert len(alert.annotations) > 35
