"""Records of other versions than ours."""

from typing import Any

import pytest

from schemas.codec import NewerRecord, Undecodable, decode
from schemas.record import Classification
from support.containers import container, field
from support.records import skyportal_alert


def test_a_newer_version_names_what_to_install() -> None:
    with pytest.raises(NewerRecord, match=r"version 2.*reads up to version 1\. Install.*sink is to be upgraded before"):
        decode(container(skyportal_alert(), version=2))


def test_a_newer_version_is_recognised_whatever_it_looks_like() -> None:
    def change(schema: dict[str, Any], record: dict[str, Any]) -> None:
        schema["fields"] = [{"name": "all_new", "type": "string"}]
        record["all_new"] = "x"

    with pytest.raises(NewerRecord):
        decode(container(skyportal_alert(), change=change, version=17))


def test_fields_of_a_later_minor_version_are_ignored() -> None:
    def change(schema: dict[str, Any], record: dict[str, Any]) -> None:
        schema["fields"].append({"name": "redshift", "type": ["null", "double"], "default": None})
        record["redshift"] = 0.1
        photometry = field(schema, "photometry")["type"]
        photometry["fields"].append({"name": "snr", "type": {"type": "array", "items": "double"}, "default": []})
        record["photometry"]["snr"] = [9.0]
        item = field(schema, "classifications")["type"]["items"]
        item["fields"].append({"name": "version", "type": "string", "default": ""})
        for one in record["classifications"]:
            one["version"] = "7"

    alert = skyportal_alert(classifications=(Classification(name="SN Ia", probability=0.5, origin="snn"),))

    assert decode(container(alert, change=change)) == alert


def test_optional_fields_of_an_earlier_minor_version_get_their_defaults() -> None:
    def change(schema: dict[str, Any], record: dict[str, Any]) -> None:
        schema["fields"] = [item for item in schema["fields"] if "default" not in item]
        for name in set(record) - {item["name"] for item in schema["fields"]}:
            del record[name]

    alert = skyportal_alert(score=0.9, annotations={"a": 1}, cutout_science=b"x", is_solar_system=True)

    assert decode(container(alert, change=change)) == skyportal_alert()


def test_a_classification_without_a_probability_has_none() -> None:
    def change(schema: dict[str, Any], record: dict[str, Any]) -> None:
        item = field(schema, "classifications")["type"]["items"]
        item["fields"] = [one for one in item["fields"] if one["name"] != "probability"]
        del record["classifications"][0]["probability"]

    alert = skyportal_alert(classifications=(Classification(name="SN Ia", probability=0.5, origin="snn"),))

    assert decode(container(alert, change=change)).classifications[0].probability is None


def test_a_missing_field_that_is_not_optional_is_undecodable() -> None:
    def change(schema: dict[str, Any], record: dict[str, Any]) -> None:
        schema["fields"] = [item for item in schema["fields"] if item["name"] != "obj_id"]
        del record["obj_id"]

    with pytest.raises(Undecodable, match="obj_id"):
        decode(container(skyportal_alert(), change=change))


def test_a_time_that_no_calendar_has_is_undecodable() -> None:
    def change(schema: dict[str, Any], record: dict[str, Any]) -> None:
        field(schema, "observed_at")["type"] = "long"
        record["observed_at"] = 2**62

    with pytest.raises(Undecodable, match="observed_at"):
        decode(container(skyportal_alert(), change=change))
