"""A schema that Fink changes without notice is seen, said and counted."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from demo.fink import encode, night
from demo.fink.lsst_versions import as_version
from processor.convert import FinkSurvey, MoreAnnotations
from processor.drift import REMEMBERED_SCHEMAS, SchemaWatch
from runtime.health import Health

Schema = dict[str, Any]


def schema_of(survey: Any, *, joined: bool = False) -> Schema:
    """Return the schema of a night's alerts."""
    for alert in night(seed=7, alerts=400, surveys=(survey,)):
        if ("triggerId" in alert.packet) is joined:
            found: Schema = json.loads(encode(alert)[0])
            return found
    raise AssertionError("the night has no such alert")


ZTF, LSST = schema_of("ztf"), schema_of("lsst")


def key(schema: Any) -> bytes:
    return json.dumps(schema, indent=2).encode()


def without(schema: Schema, *paths: str) -> Schema:
    """Return ``schema`` without some fields: ``candidate.drb``, ``prv_candidates.jd``."""
    found: Schema = json.loads(json.dumps(schema))
    for path in paths:
        struct, _, name = path.rpartition(".")
        record = _record(found, struct) if struct else found
        before = len(record["fields"])
        record["fields"] = [field for field in record["fields"] if field["name"] != name]
        assert len(record["fields"]) == before - 1
    return found


def with_field(schema: Schema, struct: str, name: str, kind: Any = "double") -> Schema:
    found: Schema = json.loads(json.dumps(schema))
    (_record(found, struct) if struct else found)["fields"].append({"name": name, "type": [kind, "null"]})
    return found


def _record(schema: Schema, name: str) -> Schema:
    def dig(node: Any) -> Any:
        if isinstance(node, list):
            return next(filter(None, map(dig, node)), None)
        if isinstance(node, dict):
            return node if node["type"] == "record" else dig(node.get("items"))
        return None

    (field,) = (field for field in schema["fields"] if field["name"] == name)
    found: Schema = dig(field["type"])
    return found


def missing(topic: str) -> set[str]:
    """Return the fields that the metric says ``topic`` lacks."""
    (metric,) = (one for one in REGISTRY.collect() if one.name == "processor_schema_missing_field")
    return {one.labels["field"] for one in metric.samples if one.labels["topic"] == topic and one.value == 1}


def seen(topic: str) -> float:
    return REGISTRY.get_sample_value("processor_schemas_total", {"topic": topic}) or 0.0


@pytest.fixture
def health() -> Health:
    health = Health()
    health.ready("start")
    return health


@pytest.fixture
def watch(health: Health) -> SchemaWatch:
    return SchemaWatch(FinkSurvey.ZTF, health)


@pytest.fixture
def rubin(health: Health) -> SchemaWatch:
    return SchemaWatch(FinkSurvey.LSST, health)


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, logger="processor.drift"):
        yield


def lines(caplog: pytest.LogCaptureFixture, level: int | None = None) -> list[str]:
    return [one.getMessage() for one in caplog.records if level in (None, one.levelno)]


def test_the_live_schemas_lack_nothing_and_have_nothing_unheard_of(
    samples: Path, health: Health, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    for survey in FinkSurvey:
        (file,) = samples.glob(f"live_key_{survey}_*.json")
        SchemaWatch(survey, health).see(f"{topic}.{survey}", file.read_bytes())
        assert missing(f"{topic}.{survey}") == set()

    assert [line.partition("missing=")[2] for line in lines(caplog)] == 2 * ["none unknown=none"]
    assert health.readyz() == (200, "ok\n")


@pytest.mark.parametrize("joined", [False, True])
def test_what_the_live_topics_of_ztf_carry_is_no_alarm(
    watch: SchemaWatch, health: Health, caplog: pytest.LogCaptureFixture, topic: str, *, joined: bool
) -> None:
    watch.see(topic, key(schema_of("ztf", joined=joined)))

    assert missing(topic) == set()
    assert lines(caplog, logging.WARNING) == []
    assert health.readyz() == (200, "ok\n")


def test_finks_older_schema_of_joined_alerts_is_no_alarm_either(
    samples: Path, watch: SchemaWatch, health: Health, topic: str
) -> None:
    watch.see(topic, (samples / "fink_mm_schema_1.3.avsc").read_bytes())

    assert missing(topic) == set()
    assert health.readyz() == (200, "ok\n")


def test_a_schema_is_said_once_however_many_messages_have_it(
    watch: SchemaWatch, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    for _ in range(3):
        watch.see(topic, key(ZTF))
        watch.see(topic, key(without(ZTF, "tns")))

    assert len(lines(caplog)) == 2
    assert seen(topic) == 2


def test_a_schema_that_other_topics_have_as_well_is_said_once_and_alarms_for_each(
    watch: SchemaWatch, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    for name in ("a", "b", "a"):
        watch.see(f"{topic}.{name}", key(without(ZTF, "tns")))

    assert len(lines(caplog)) == 1
    assert missing(f"{topic}.a") == missing(f"{topic}.b") == {"tns"}


def test_a_line_names_the_topic_the_schema_and_the_difference(
    watch: SchemaWatch, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    watch.see(topic, key(with_field(without(ZTF, "tns", "candidate.drb"), "", "a_new_score")))

    (line,) = lines(caplog, logging.WARNING)
    assert f"topic={topic} fingerprint=" in line
    assert "missing=candidate.drb, tns unknown=a_new_score" in line


def test_a_schema_that_only_adds_is_no_warning(
    watch: SchemaWatch, health: Health, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    watch.see(topic, key(with_field(ZTF, "", "a_new_score")))

    assert lines(caplog, logging.WARNING) == []
    assert "unknown=a_new_score" in lines(caplog)[0]
    assert health.readyz() == (200, "ok\n")


@pytest.mark.parametrize(
    "path",
    [
        "objectId",
        "candid",
        "candidate",
        "candidate.jd",
        "candidate.fid",
        "candidate.isdiffpos",
        "candidate.magpsf",
        "candidate.drb",
        "candidate.classtar",
        "candidate.jdstarthist",
        "candidate.ssnamenr",
        "prv_candidates",
        "prv_candidates.diffmaglim",
        "prv_candidates.programid",
        "cutoutScience.stampData",
        "cdsxmatch",
        "mangrove",
        "mulens",
        "anomaly_score_varvara",
        "blazar_stats",
        "fink_science_version",
    ],
)
def test_a_field_that_ztfs_records_are_made_of_is_missed(
    watch: SchemaWatch, health: Health, topic: str, path: str
) -> None:
    watch.see(topic, key(without(ZTF, path)))

    assert path in missing(topic) or any(name.startswith(f"{path}.") for name in missing(topic))
    assert path in health.readyz()[1]


@pytest.mark.parametrize(
    "path",
    [
        "diaSourceId",
        "diaSource.midpointMjdTai",
        "diaSource.psfFlux",
        "diaSource.band",
        "diaSource.reliability",
        "diaSource.isDipole",
        "diaSource.timeWithdrawnMjdTai",
        "prvDiaSources.psfFlux_flag",
        "prvDiaForcedSources.psfFluxErr",
        "prvDiaForcedSources",
        "diaObject.diaObjectId",
        "diaObject.nDiaSources",
        "mpc_orbits.designation",
        "clf.cats_class",
        "clf.snnSnVsOthers_score",
        "xm.tns_type",
        "pred.is_sso",
        "misc.firstDiaSourceMjdTaiFink",
        "cutoutDifference",
        "target_name",
    ],
)
def test_a_field_that_rubins_records_are_made_of_is_missed(rubin: SchemaWatch, topic: str, path: str) -> None:
    rubin.see(topic, key(without(LSST, path)))

    assert path in missing(topic) or any(name.startswith(f"{path}.") for name in missing(topic))


@pytest.mark.parametrize(
    "path", ["fp_hists", "candidate.exptime", "publisher", "cutoutScience.fileName", "lc_features_g"]
)
def test_a_field_that_no_record_needs_is_not_missed(watch: SchemaWatch, topic: str, path: str) -> None:
    struct, _, name = path.rpartition(".")
    record = _record(ZTF, struct) if struct else ZTF
    there = any(field["name"] == name for field in record["fields"])

    watch.see(topic, key(without(ZTF, path) if there else ZTF))

    assert missing(topic) == set()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("roid", "string"),
        ("snn_sn_vs_all", "string"),
        ("candidate.drb", "string"),
        ("candidate.jd", "bytes"),
        ("prv_candidates.magpsf", "string"),
        ("prv_candidates.isdiffpos", "bytes"),
        ("tns", "bytes"),
        ("objectId", "bytes"),
        ("cutoutScience.stampData", "string"),
    ],
)
def test_a_field_in_a_type_of_which_nothing_can_be_made_is_missed(
    watch: SchemaWatch, topic: str, path: str, kind: str
) -> None:
    struct, _, name = path.rpartition(".")

    watch.see(topic, key(with_field(without(ZTF, path), struct, name, kind)))

    assert missing(topic) == {path}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("roid", "double"),
        ("candidate.fid", "long"),
        ("candidate.jd", {"type": "double"}),
        ("prv_candidates.isdiffpos", "boolean"),
        ("tns", "int"),
        ("candid", "int"),
        ("mangrove", {"type": "array", "items": {"type": "array", "items": "string"}}),
        ("blazar_stats", {"type": "record", "name": "stats", "fields": [{"name": "m0", "type": "float"}]}),
    ],
)
def test_a_field_in_another_type_that_serves_as_well_is_no_alarm(
    watch: SchemaWatch, topic: str, path: str, kind: Any
) -> None:
    struct, _, name = path.rpartition(".")

    watch.see(topic, key(with_field(without(ZTF, path), struct, name, kind)))

    assert missing(topic) == set()


def test_annotations_that_were_asked_for_and_are_not_there_are_said(
    health: Health, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    asked = ["Candidate.fwhm", "lc_features", "raw_event", "candidate.[ab"]
    there = ["candidate.fwhm", "lc_features*", "candidate.*", "mangrove.lum_dist", "*"]

    SchemaWatch(FinkSurvey.ZTF, health, MoreAnnotations([*asked, *there])).see(topic, key(ZTF))

    (said,) = (line for line in lines(caplog, logging.WARNING) if "PROCESSOR_ANNOTATIONS" in line)
    assert said.endswith(f"topic={topic} does not have: {', '.join(asked)}")


def test_the_alarm_ends_when_the_fields_are_back(watch: SchemaWatch, health: Health, topic: str) -> None:
    watch.see(topic, key(without(ZTF, "tns", "roid")))
    assert missing(topic) == {"tns", "roid"}
    assert topic in health.readyz()[1]

    watch.see(topic, key(without(ZTF, "roid", "vsx")))
    assert missing(topic) == {"roid", "vsx"}

    watch.see(topic, key(ZTF))
    assert missing(topic) == set()
    assert health.readyz() == (200, "ok\n")


def test_the_alarm_of_one_topic_is_not_ended_by_another(watch: SchemaWatch, health: Health, topic: str) -> None:
    watch.see(f"{topic}.a", key(without(ZTF, "tns")))
    watch.see(f"{topic}.b", key(ZTF))

    assert missing(f"{topic}.a") == {"tns"}
    assert f"{topic}.a" in health.readyz()[1]
    assert f"{topic}.b" not in health.readyz()[1]


def test_the_alarm_ends_however_many_schemas_came_between(watch: SchemaWatch, topic: str) -> None:
    watch.see(topic, key(without(ZTF, "tns")))
    for number in range(REMEMBERED_SCHEMAS + 1):
        watch.see(f"{topic}.other", key({**ZTF, "doc": str(number)}))

    watch.see(topic, key(ZTF))

    assert missing(topic) == set()


def test_a_schema_of_very_many_fields_is_looked_at_in_no_time(watch: SchemaWatch, topic: str) -> None:
    fields = [{"name": f"f{number}", "type": "int"} for number in range(30_000)]
    began = time.thread_time()

    watch.see(topic, key({**ZTF, "fields": [*ZTF["fields"], *fields]}))

    assert seen(topic) == 1
    assert time.thread_time() - began < 20  # pair by pair it is minutes


def test_an_alarm_leaves_the_process_ready(watch: SchemaWatch, health: Health, topic: str) -> None:
    watch.see(topic, key(without(ZTF, "objectId", "tns")))

    status, text = health.readyz()

    assert status == 200
    assert topic in text
    assert "objectId, tns" in text


def test_other_names_of_version_9_are_known_and_what_it_does_not_have_is_missed(
    rubin: SchemaWatch, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    alert = next(night(seed=7, alerts=1, surveys=("lsst",)))

    rubin.see(topic, encode(as_version(alert, 9))[0])

    found = missing(topic)
    assert found.isdisjoint({"mpc_orbits.designation", "mpc_orbits.a", "mpc_orbits.h", "ssSource.ephVmag"})
    assert {"mpc_orbits.nobs_total", "ssSource.ephRate"} <= found
    assert not [path for path in found if not path.startswith(("mpc_orbits.", "ssSource."))]
    assert "unknown=none" in lines(caplog)[0]


@pytest.mark.parametrize("version", [(10, 0), (11, 0), (11, 1)])
def test_the_versions_since_then_lack_nothing(rubin: SchemaWatch, topic: str, version: tuple[int, int]) -> None:
    alert = next(night(seed=7, alerts=1, surveys=("lsst",)))

    rubin.see(topic, encode(as_version(alert, *version))[0])

    assert missing(topic) == set()


@pytest.mark.parametrize(
    ("struct", "name", "path"),
    [("clf", "a_new_score", "clf.a_new_score"), ("xm", "a_new_match", "xm.a_new_match"), ("", "lists", "lists")],
)
def test_a_field_that_fink_has_added_since_is_named(
    rubin: SchemaWatch, caplog: pytest.LogCaptureFixture, topic: str, struct: str, name: str, path: str
) -> None:
    rubin.see(topic, key(with_field(LSST, struct, name)))

    assert f"unknown={path}" in lines(caplog)[0]


def test_a_difference_in_many_fields_is_a_line_that_can_be_read(
    watch: SchemaWatch, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    names = [field["name"] for field in ZTF["fields"] if field["name"] not in {"candidate", "objectId"}]

    watch.see(topic, key(without(ZTF, *names)))

    (line,) = lines(caplog, logging.WARNING)
    assert " more" in line
    assert len(line) < 1_000
    assert len(missing(topic)) > 40


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"3.3",
        b"\xff\xfe",
        b"null",
        b"{}",
        b"[]",
        b"[" * 100_000,
        b'"string"',
        b'{"type": "string"}',
        b'{"type": "record", "name": "r"}',
        b'{"type": "record", "name": "r", "fields": 3}',
        b'{"type": "record", "name": "r", "fields": [3]}',
        b'{"type": "record", "name": "r", "fields": [{"name": "r", "type": "r"}]}',
        b'{"type": "array", "items": "int"}',
        b'{"type": "enum", "name": "e", "symbols": ["A"]}',
        b'["null", "string"]',
        None,
    ],
)
def test_what_is_no_schema_of_an_alert_is_the_decoders_to_say(
    watch: SchemaWatch, health: Health, caplog: pytest.LogCaptureFixture, topic: str, rubbish: bytes | None
) -> None:
    watch.see(topic, key(without(ZTF, "tns")))
    caplog.clear()

    for _ in range(2):
        watch.see(topic, rubbish)

    assert missing(topic) == {"tns"}
    assert lines(caplog) == []
    assert "tns" in health.readyz()[1]

    watch.see(topic, key(ZTF))
    assert missing(topic) == set()


def test_a_record_of_something_else_lacks_everything_and_does_not_raise(watch: SchemaWatch, topic: str) -> None:
    watch.see(topic, b'{"type": "record", "name": "r", "fields": [{"name": "x", "type": "int"}]}')

    assert {"objectId", "candidate.jd", "tns"} <= missing(topic)
