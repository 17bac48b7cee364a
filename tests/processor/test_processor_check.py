"""What ``processor check`` finds of Fink, on a real broker, and how the command ends."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from demo.fink import publish_transfer
from processor.checks import fink_findings
from processor.service import load_settings
from runtime.checks import Finding
from support.kafka import committed, create_topic, publish
from support.patience import wait_for_busy_brokers
from support.processor import environment, group, publish_alerts, ztf_alerts


def findings(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> dict[str, Finding]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    wait_for_busy_brokers(monkeypatch)
    return {found.name: found for found in fink_findings(load_settings())}


def check(settings: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "processor", "check", *options]
    return subprocess.run(command, env=dict(settings), capture_output=True, text=True, check=False, timeout=120)


def test_a_topic_of_alerts_is_in_order_and_stays_unread(
    broker: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fink_topic = f"fink_{topic}"
    publish_alerts(broker, fink_topic, ztf_alerts(5, fink_topic))

    found = findings(monkeypatch, environment(broker, topic, fink_topic))

    assert found["Fink"].state == "ok"
    assert found[f"Fink topic {fink_topic}"].text == "is there, with 1 partition; its newest alerts become records"
    assert "has read nothing yet and begins with everything that Fink keeps: 5 messages" in (
        found[f"reading {fink_topic}"].text
    )
    assert committed(broker, fink_topic, group(topic)) == {}


def test_one_topic_in_trouble_hides_no_other(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good, strange, empty, missing = (f"fink_{name}_{topic}" for name in ("good", "strange", "empty", "missing"))
    publish_alerts(broker, good, ztf_alerts(2, good))
    create_topic(broker, empty)
    create_topic(broker, strange)
    publish(broker, strange, [(b"no schema", b"no alert")])

    found = findings(monkeypatch, environment(broker, topic, missing, strange, empty, good))

    assert found[f"Fink topic {missing}"].state == "warning"
    assert found[f"Fink topic {strange}"].state == "wrong"
    assert "the key is not JSON" in found[f"Fink topic {strange}"].text
    assert found[f"Fink topic {empty}"].text.endswith("it is empty now")
    assert found[f"Fink topic {good}"].state == "ok"


def test_a_topic_with_a_typing_mistake_is_told_apart_from_its_likes(
    broker: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_topic(broker, f"fink_sn_candidates_{topic}")

    found = findings(monkeypatch, environment(broker, topic, f"fink_sn_candidate_{topic}"))

    assert f"is it fink_sn_candidates_{topic}" in found[f"Fink topic fink_sn_candidate_{topic}"].to_do


def test_alerts_of_another_survey_are_a_cross(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fink_topic = f"fink_{topic}"
    publish_alerts(broker, fink_topic, ztf_alerts(2, fink_topic))

    found = findings(monkeypatch, environment(broker, topic, fink_topic, FINK_SURVEY="lsst"))[
        f"Fink topic {fink_topic}"
    ]

    assert found.state == "wrong"
    assert "no alert of lsst's" in found.text
    assert "FINK_SURVEY" in found.to_do


def test_a_fink_that_does_not_answer_is_named_and_its_topics_are_not_checked(
    broker: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(monkeypatch, environment(broker, topic, "a", FINK_SERVERS="127.0.0.1:1"))

    assert found["Fink"].text == "127.0.0.1:1: Connection refused"
    assert "FINK_SERVERS" in found["Fink"].to_do
    assert found["Fink topic a"].text == "not checked: Fink does not answer"


def test_the_schema_beside_a_transfer_is_looked_at(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without, strange, whole = (f"ftransfer_{name}_{topic}" for name in ("without", "strange", "whole"))
    publish_transfer(broker, whole, ztf_alerts(2, whole))
    for name in (without, strange, f"{strange}_schema"):
        create_topic(broker, name)
    publish(broker, without, [(without.encode(), b"alert")])
    publish(broker, f"{strange}_schema", [(b'{"type": "record", "name": "a", "fields": []}', None)])

    found = findings(monkeypatch, environment(broker, topic, without, strange, whole, PROCESSOR_SERVICE="transfer"))

    assert f"there is no topic {without}_schema" in found[f"schema of {without}"].text
    assert found[f"Fink topic {without}"].text == "not checked: its messages cannot be decoded without a schema"
    assert "packets without candidate and objectId" in found[f"schema of {strange}"].text
    assert found[f"schema of {whole}"].state == "ok"
    assert found[f"Fink topic {whole}"].text.endswith("its newest alerts become records")


def test_the_command_ends_with_one_where_something_is_wrong_and_tells_a_program_what(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    create_topic(broker, fink_topic)
    publish(broker, fink_topic, [(b"no schema", b"no alert")])

    result = check(environment(broker, topic, fink_topic), "--json")

    assert (result.returncode, result.stderr) == (1, "")
    document = json.loads(result.stdout)
    assert document["exit_status"] == 1
    names = [one["name"] for one in document["findings"]]
    assert {"settings", "Fink", f"Fink topic {fink_topic}", "local Kafka", "disk of Kafka"} <= set(names)


def test_the_command_says_all_mistakes_of_the_settings_and_still_looks_at_the_local_kafka(
    broker: str, topic: str
) -> None:
    result = check(environment(broker, topic, "a", FINK_GROUP_ID="", FINK_SERVERS="", FINK_PASSWORD="sesame"))  # noqa: S106  # a made-up one

    assert result.returncode == 2
    for name in ("FINK_GROUP_ID", "FINK_SERVERS", "FINK_PASSWORD"):
        assert f"✗ settings: {name}: " in result.stdout
    assert "✓ local Kafka: " in result.stdout
    assert "sesame" not in result.stdout + result.stderr
