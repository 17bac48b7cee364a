"""What is found of the local Kafka, on a real broker."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from runtime import topics, wanted_topics
from runtime.checks import Finding
from runtime.disk import Room, judged
from runtime.local_checks import local_findings, wrong_settings
from runtime.settings import ProcessSettings, load
from support.kafka import PATIENCE_S, create_topic, publish
from support.patience import wait_for_busy_brokers

DAY_BYTES = 1e9


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("KAFKA_TOPIC", topic)
    monkeypatch.setenv("KAFKA_TOPIC_PARTITIONS", "1")
    wait_for_busy_brokers(monkeypatch)
    return load(ProcessSettings, own_prefixes=())


@pytest.fixture
def check(settings: ProcessSettings) -> Callable[..., list[Finding]]:
    return lambda disk=None: list(local_findings(settings, disk=disk))


def named(findings: list[Finding], name: str) -> list[Finding]:
    return [one for one in findings if one.name == name]


def test_topics_that_are_not_there_are_said_and_not_created(
    check: Callable[..., list[Finding]], broker: str, topic: str
) -> None:
    (finding,) = named(check(), "local topics")

    assert finding.state == "warning"
    assert f"{topic}, {topic}.undecodable, {topic}.rejected" in finding.text
    assert topic not in AdminClient({"bootstrap.servers": broker}).list_topics(timeout=PATIENCE_S).topics


def test_topics_that_a_process_has_made_are_in_order(
    check: Callable[..., list[Finding]], settings: ProcessSettings, topic: str
) -> None:
    topics.prepare(settings)

    found = check()

    assert [one for one in found if one.state in {"warning", "wrong"} and not one.name.startswith("disk")] == []
    (finding,) = named(found, f"topic {topic}")
    assert finding.text == "1 partition, messages are kept for 14 days"


def test_every_setting_that_differs_is_said_with_the_command_that_mends_it(
    check: Callable[..., list[Finding]], broker: str, topic: str
) -> None:
    create_topic(broker, topic, cleanup_policy="compact", retention_ms="3600000", max_message_bytes="1000")

    found = named(check(), f"topic {topic}")

    (wrong,) = [one for one in found if one.state == "wrong"]
    assert "cleanup.policy=compact, which throws alerts away" in wrong.text
    assert f"--alter --topic {topic} --add-config cleanup.policy=delete" in wrong.to_do
    said = " ".join(one.text for one in found if one.state == "warning")
    for option in ("retention.ms=3600000", "max.message.bytes=1000", "message.timestamp.type=CreateTime"):
        assert option in said


def test_a_topic_that_keeps_records_longer_than_the_broker_knows_its_groups_is_a_warning(
    check: Callable[..., list[Finding]], broker: str, topic: str
) -> None:
    create_topic(broker, topic, retention_ms=str(400 * wanted_topics.DAY_MS))

    (finding,) = named(check(), "offsets of groups")

    assert finding.state == "warning"
    assert "records for 400 days" in finding.text
    assert "offsets.retention.minutes of the broker to 576000 or more" in finding.to_do


def test_a_message_from_the_future_tells_of_a_clock(
    check: Callable[..., list[Finding]], broker: str, topic: str
) -> None:
    create_topic(broker, topic)
    publish(broker, topic, [(None, b"early")], hours_ago=-0.05)

    (finding,) = named(check(), "clock of Kafka")

    assert finding.state == "wrong"
    assert "in the future" in finding.text


def test_the_use_of_the_disk_is_foreseen(
    check: Callable[..., list[Finding]], settings: ProcessSettings, broker: str, topic: str, tmp_path: Path
) -> None:
    topics.prepare(settings)
    publish(broker, topic, [(b"key", b"x" * 99_997) for _ in range(10)])

    (finding,) = named(check(tmp_path), "disk of Kafka")

    # 1 MB in its first hour
    assert finding.text.startswith("about 24 MB a day (estimated from the newest messages, uncompressed)")
    assert f"free at {tmp_path}" in finding.text


def test_a_disk_that_is_not_there_is_a_mistake(check: Callable[..., list[Finding]], tmp_path: Path) -> None:
    (finding,) = named(check(tmp_path / "no"), "disk of Kafka")

    assert (finding.state, finding.text) == ("wrong", f"--disk: there is no {tmp_path / 'no'}")


@pytest.mark.parametrize(
    ("free_days", "held_days", "state"),
    [(14.0, 0.0, "ok"), (1.0, 13.0, "ok"), (5.0, 3.0, "warning"), (1.9, 3.0, "wrong")],
)
def test_a_disk_is_judged_by_the_days_that_it_holds(free_days: float, held_days: float, state: str) -> None:
    room = Room(
        free_bytes=free_days * DAY_BYTES, held_bytes=held_days * DAY_BYTES, bytes_a_day=DAY_BYTES, retention_days=14
    )

    assert judged("disk", room, "said").state == state


def test_a_broker_that_is_away_is_named_and_what_depends_on_it_is_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1,localhost")
    settings = load(ProcessSettings, own_prefixes=())

    first, *others = local_findings(settings, disk=None)

    assert first.state == "wrong"
    assert first.text == "127.0.0.1:1: Connection refused; localhost: no host:port"
    assert "KAFKA_BOOTSTRAP_SERVERS" in first.to_do
    assert {one.state for one in others} == {"unchecked"}
    assert len(others) == 4


def test_one_address_of_several_that_is_away_is_a_warning(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:1,{broker}")
    wait_for_busy_brokers(monkeypatch)
    settings = load(ProcessSettings, own_prefixes=())

    first, second, *_ = local_findings(settings, disk=None)

    assert (first.state, second.state) == ("warning", "ok")
    assert first.text == "127.0.0.1:1: Connection refused; others answer"


def test_wrong_settings_hide_nothing_of_a_kafka_that_can_be_found(settings: ProcessSettings, topic: str) -> None:
    assert settings.kafka_topic == topic

    found = list(wrong_settings("FINK_TOPICS: not set\nFINK_SURVEY: not set", disk=None))

    assert [one.text for one in named(found, "settings")] == ["FINK_TOPICS: not set", "FINK_SURVEY: not set"]
    assert [one.state for one in named(found, "local Kafka")] == ["ok"]
    assert found[-1].state == "unchecked"
