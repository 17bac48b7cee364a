"""Topics of Fink's Data Transfer: their schema stands beside them."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Message
from typer import Typer
from typer.testing import CliRunner

from demo.fink import FinkAlert, Survey, WriterSchema, command, night, publish_packets, publish_schema, publish_transfer
from demo.fink.alert import LIVE, is_multi_messenger
from demo.kafka import LocalKafka
from processor.service import SettingsError, load_settings
from processor.transfer import LOOK_EVERY_S, TransferConsumer, TransferUnusable
from schemas.dead_letters import WRITER_SCHEMA, from_headers
from support.kafka import committed, create_topic, ends, publish, read_all, until
from support.processes import LEAVING_S, Command
from support.processor import (
    comes_true,
    environment,
    freeze_uncommitted,
    group,
    publish_alerts,
    published,
    running_processor,
    status_page,
    until_done,
    until_said,
)

IDS: dict[Survey, str] = {"ztf": "candid", "lsst": "diaSourceId"}


def transfer(broker: str, topic: str, *fink_topics: str, survey: Survey = "ztf", **changes: str) -> dict[str, str]:
    """Return the settings of a processor that reads transfers."""
    return environment(broker, topic, *fink_topics, FINK_SURVEY=survey, PROCESSOR_SERVICE="transfer", **changes)


def alerts_of(survey: Survey, count: int, *, seed: int = 1) -> list[FinkAlert]:
    made_up = night(seed=seed, alerts=2 * count, surveys=(survey,))
    return list(islice((alert for alert in made_up if not is_multi_messenger(alert.packet)), count))


def ids(survey: Survey, alerts: Sequence[FinkAlert]) -> Counter[str]:
    return Counter(str(alert.packet[IDS[survey]]) for alert in alerts)


def arrived(broker: str, topic: str) -> Counter[str]:
    return Counter(record.alert_id for record in published(broker, topic))


def letters(broker: str, topic: str) -> int:
    return len(read_all(broker, f"{topic}.undecodable"))


def with_fields(survey: Survey, *fields: dict[str, Any]) -> WriterSchema:
    """Return the live schema with ``fields`` in front: no packet of it can be read with the live one."""
    schema = json.loads(LIVE[survey].key)
    return WriterSchema({**schema, "fields": [*fields, *schema["fields"]]})


def file_of(path: Path, survey: Survey, alerts: Sequence[FinkAlert]) -> Path:
    with path.open("wb") as opened:
        fastavro.writer(opened, json.loads(LIVE[survey].key), [alert.packet for alert in alerts])
    return path


def publishing(broker: str, *arguments: str) -> str:
    """Publish with the demo's command, and return what it said."""
    app = Typer()
    app.command("transfer")(command.transfer)
    app.command("night")(command.night)
    result = CliRunner().invoke(app, ["transfer", "--bootstrap-servers", broker, *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("survey", IDS)
def test_a_transfer_arrives_whole_and_its_end_is_said(broker: str, topic: str, tmp_path: Path, survey: Survey) -> None:
    alerts = alerts_of(survey, 60)
    said = publishing(broker, str(file_of(tmp_path / "night.avro", survey, alerts)))
    fink_topic = said.split()[-1]
    assert said == f"     60  {fink_topic}\n"

    with running_processor(transfer(broker, topic, fink_topic, survey=survey)) as processor:
        until_said(processor, f"INFO processor.transfer read to its end topic={fink_topic} messages=60")
        metrics = status_page(processor, "/metrics")[1]
        assert processor.stop() == 0
        assert processor.output.count("read to its end") == 1

    records = published(broker, topic)
    assert Counter(record.alert_id for record in records) == ids(survey, alerts)
    assert {record.topic for record in records} == {fink_topic}
    assert letters(broker, topic) == 0
    assert committed(broker, fink_topic, group(topic)) == ends(broker, fink_topic)
    assert f'processor_alerts_published_total{{topic="{fink_topic}"}} 60.0' in metrics
    for who in (group(topic), f"{group(topic)}_schema"):
        assert committed(broker, f"{fink_topic}_schema", who) == {}


def test_replicas_share_a_transfer_and_each_says_when_all_of_it_is_read(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 100)
    settings = transfer(broker, topic, fink_topic)
    publish_schema(broker, fink_topic, LIVE["ztf"].key)
    create_topic(broker, fink_topic, partitions=10)
    with running_processor(settings) as first, running_processor(settings) as second:
        for processor in (first, second):
            until_said(processor, f"assigned {fink_topic}")
        for processor in (first, second):
            processor.freeze()  # else one that gets nothing of the rest has said the end of a half
        publish_packets(broker, fink_topic, alerts)
        for processor in (first, second):
            processor.thaw()
        for processor in (first, second):
            until_said(processor, f"read to its end topic={fink_topic} messages=100")
        assert (first.stop(), second.stop()) == (0, 0)

    assert arrived(broker, topic).keys() == ids("ztf", alerts).keys()


@pytest.mark.parametrize(
    ("survey", "file", "count"),
    [("ztf", "fink_ztf_2026-03-22_31alerts.avro", 31), ("lsst", "fink_lsst_v10_2026-03-06_7alerts.avro", 7)],
)
def test_real_transfers_arrive_whole(
    broker: str, topic: str, samples: Path, survey: Survey, file: str, count: int
) -> None:
    fink_topic = f"ftransfer_{topic}"
    publishing(broker, str(samples / file), "--topic", fink_topic)

    with running_processor(transfer(broker, topic, fink_topic, survey=survey)) as processor:
        until_said(processor, f"read to its end topic={fink_topic} messages={count}")
        assert processor.stop() == 0

    assert len(arrived(broker, topic)) == count
    assert letters(broker, topic) == 0


def is_said_once(processor: Command, fink_topic: str) -> bool:
    """Say whether a processor repeats no reason to wait; a busy Kafka may give it another one in between."""
    said = [line for line in processor.output.splitlines() if f"not read yet topic={fink_topic}:" in line]
    reasons = [line.partition("topic=")[2] for line in said]
    return bool(reasons) and all(one != other for one, other in pairwise(reasons))


def sees_it_wait(processor: Command, fink_topic: str, reason: str) -> None:
    """Wait until a processor has said why it waits, and see that it does nothing else."""
    until_said(processor, f"WARNING processor.transfer not read yet topic={fink_topic}: {reason}")
    assert not comes_true(lambda: processor.process.poll() is not None, within_s=2 * LOOK_EVERY_S)
    assert is_said_once(processor, fink_topic)
    assert status_page(processor, "/healthz") == (200, "ok\n")


def test_a_transfer_waits_for_its_schema_topic_and_holds_up_no_other(broker: str, topic: str) -> None:
    there, later = f"ftransfer_{topic}_there", f"ftransfer_{topic}_later"
    first, second = alerts_of("ztf", 40), alerts_of("ztf", 40, seed=2)
    publish_packets(broker, later, second)

    with running_processor(transfer(broker, topic, later, there)) as processor:
        until_said(processor, f"not read yet topic={later}: there is no topic")
        publish_transfer(broker, there, first)
        until_said(processor, f"read to its end topic={there} messages=40")
        assert arrived(broker, topic) == ids("ztf", first)
        publish_schema(broker, later, LIVE["ztf"].key)
        until_said(processor, f"read to its end topic={later} messages=40")
        assert is_said_once(processor, later)
        assert processor.stop() == 0

    assert arrived(broker, topic) == ids("ztf", [*first, *second])
    assert letters(broker, topic) == 0


def test_a_transfer_without_a_schema_topic_is_neither_read_nor_given_up(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 20)
    publish_packets(broker, fink_topic, alerts)

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        sees_it_wait(processor, fink_topic, f"there is no topic {fink_topic}_schema")
        assert committed(broker, fink_topic, group(topic)) == {}
        publish_schema(broker, fink_topic, LIVE["ztf"].key)
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    assert arrived(broker, topic) == ids("ztf", alerts)
    assert letters(broker, topic) == 0


def test_a_transfer_with_an_empty_schema_topic_waits_too(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 20)
    create_topic(broker, f"{fink_topic}_schema", partitions=10)
    publish_packets(broker, fink_topic, alerts)

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        sees_it_wait(processor, fink_topic, f"{fink_topic}_schema, which tells how to read it, is empty")
        publish_schema(broker, fink_topic, LIVE["ztf"].key)
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    assert arrived(broker, topic) == ids("ztf", alerts)
    assert letters(broker, topic) == 0


def test_what_comes_after_the_end_is_read_and_its_end_is_said_again(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 30)
    publish_transfer(broker, fink_topic, alerts[:20])

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        until_said(processor, f"read to its end topic={fink_topic} messages=20")
        publish_packets(broker, fink_topic, alerts[20:])
        until_said(processor, f"read to its end topic={fink_topic} messages=30")
        assert processor.stop() == 0

    assert arrived(broker, topic) == ids("ztf", alerts)


def test_the_end_is_not_said_before_everything_is_done(
    broker: str, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    fink_topic = f"ftransfer_{topic}"
    publish_transfer(broker, fink_topic, alerts_of("ztf", 10))
    consumer = TransferConsumer(survey="ztf", topics=[fink_topic], servers=broker, group_id=group(topic))
    with closing(consumer):
        messages: list[Message] = []

        def read() -> bool:
            messages.extend(consumer.batch(timeout=0.2))
            return len(messages) == 10

        def said() -> bool:
            consumer.batch(timeout=0.2)
            return "read to its end" in caplog.text

        until(read, "all messages")
        consumer.done(messages[:9], ["published"] * 9)
        assert not comes_true(said, within_s=3 * LOOK_EVERY_S)
        consumer.done(messages[9:], ["published"] * len(messages[9:]))
        until(said, "the end being said")


def test_a_crash_in_the_middle_repeats_and_loses_nothing(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 250)
    publish_transfer(broker, fink_topic, alerts[:50])
    parts = iter([alerts[first : first + 5] for first in range(50, 200, 5)])
    settings = transfer(broker, topic, fink_topic)

    def feed() -> None:
        publish_packets(broker, fink_topic, next(parts, []))

    with running_processor(settings) as processor:
        until_said(processor, f"assigned {fink_topic}")
        freeze_uncommitted(processor, broker, topic, fink_topic, feed)
        processor.kill()
    publish_packets(broker, fink_topic, [*chain(*parts), *alerts[200:]])
    before = arrived(broker, topic)
    with running_processor(settings) as processor:
        until_said(processor, f"found its schema topic={fink_topic}")
        until_done(broker, topic, fink_topic)
        until_said(processor, f"read to its end topic={fink_topic} messages=250")
        assert processor.stop() == 0

    found = arrived(broker, topic)
    assert found.keys() == ids("ztf", alerts).keys()
    assert len(before) < 250 < found.total()
    assert letters(broker, topic) == 0


def test_a_schema_in_the_key_is_believed_before_the_one_beside(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 20)
    other = with_fields("ztf", {"name": "note", "type": "string"})
    keyed = [
        replace(alert, schema=other, topics=(fink_topic,), packet={**alert.packet, "note": "x" * 300})
        for alert in alerts[10:]
    ]
    publish_transfer(broker, fink_topic, alerts[:10])
    publish_alerts(broker, fink_topic, keyed)

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    assert arrived(broker, topic) == ids("ztf", alerts)
    assert letters(broker, topic) == 0


def test_a_dead_letter_of_a_transfer_takes_its_schema_along(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    (alert,) = alerts_of("ztf", 1)
    publish_transfer(broker, fink_topic, [alert])
    publish(broker, fink_topic, [(fink_topic.encode(), b"no alert")])

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    (letter,) = read_all(broker, f"{topic}.undecodable")
    assert (letter.key, letter.value) == (fink_topic.encode(), b"no alert")
    assert dict(letter.headers)[WRITER_SCHEMA] == LIVE["ztf"].key
    assert from_headers(letter.headers).stage == "decode"


def test_the_newest_schema_beside_is_the_one_that_holds(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    alerts = alerts_of("ztf", 10)
    older = with_fields("ztf", {"name": "note", "type": "string"})
    publish_schema(broker, fink_topic, older.key)  # to every partition
    publish(broker, f"{fink_topic}_schema", [(LIVE["ztf"].key, b"name")])
    publish_packets(broker, fink_topic, alerts)

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    assert arrived(broker, topic) == ids("ztf", alerts)
    assert letters(broker, topic) == 0


LIGHT = WriterSchema(
    {
        "type": "record",
        "name": "topLevelRecord",
        "fields": [{"name": name, "type": ["double", "null"]} for name in ("magpsf", "sigmapsf", "jd", "ra", "dec")]
        + [{"name": "objectId", "type": ["string", "null"]}],
    }
)


def test_a_transfer_that_cannot_be_read_ends_the_processor_and_passes_nothing(broker: str, topic: str) -> None:
    fink_topic = f"ftransfer_{topic}"
    publish_packets(broker, fink_topic, alerts_of("ztf", 10))
    publish_schema(broker, fink_topic, LIGHT.key)

    with running_processor(transfer(broker, topic, fink_topic)) as processor:
        assert processor.ended() == 1
        assert f"ERROR processor {fink_topic}" in processor.output
        assert "make the transfer anew at Fink's portal with the content 'Full packet'" in processor.output
        assert "Traceback" not in processor.output

    assert committed(broker, fink_topic, group(topic)) == {}
    assert published(broker, topic) == []
    assert letters(broker, topic) == 0


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (b"4.02", "holds no schema"),
        (b"{", "holds no schema"),
        (None, "holds no schema"),
        (b'{"type": "nothing"}', "holds no schema"),
        (b'["null", "string"]', "packets without candidate and objectId"),
        (
            LIGHT.key,
            "packets without candidate: make the transfer anew at Fink's portal with the content 'Full packet'",
        ),
        (LIVE["lsst"].key, "packets without candidate and objectId"),
    ],
    ids=["a word", "broken", "none", "no type", "no record", "a light packet", "another survey"],
)
def test_a_transfer_that_cannot_be_read_is_refused_before_any_message_is(
    broker: str, topic: str, key: bytes | None, sentence: str
) -> None:
    fink_topic = f"ftransfer_{topic}"
    for name in (fink_topic, f"{fink_topic}_schema"):
        create_topic(broker, name)
    publish(broker, fink_topic, [(fink_topic.encode(), b"an alert")])
    publish(broker, f"{fink_topic}_schema", [(key, b"name")])

    with (
        closing(TransferConsumer(survey="ztf", topics=[fink_topic], servers=broker, group_id=group(topic))) as consumer,
        pytest.raises(TransferUnusable) as refused,
    ):
        # A broker that is slow to show the schema is looked at again.
        until(lambda: bool(consumer.batch(timeout=1)), "a message that must not be handed out")

    assert fink_topic in str(refused.value)
    assert sentence in str(refused.value)
    assert committed(broker, fink_topic, group(topic)) == {}


def test_leaving_takes_seconds_while_fink_is_silent(broker: str, topic: str) -> None:
    with LocalKafka() as fink:
        publish_transfer(fink.bootstrap_servers, "ftransfer_there", alerts_of("ztf", 5))
        settings = transfer(broker, topic, "ftransfer_there", "ftransfer_later", FINK_SERVERS=fink.bootstrap_servers)
        with running_processor(settings) as processor:
            until(lambda: len(published(broker, topic)) == 5, "the alerts")
            until_said(processor, "not read yet topic=ftransfer_later: there is no topic")
            fink.freeze(0)
            until_said(processor, "ftransfer_later_schema, which tells how to read it, does not answer")
            assert processor.stop(LEAVING_S) == 0
        fink.thaw(0)


@pytest.mark.parametrize(
    ("service", "fink_topic", "sentence"),
    [
        ("transfer", "fink_sn_candidates_ztf", "with PROCESSOR_SERVICE=transfer they begin with ftransfer_"),
        ("livestream", "ftransfer_ztf_2026-04-06_1", "give them to a processor with PROCESSOR_SERVICE=transfer"),
        ("", "ftransfer_ztf_2026-04-06_1", "give them to a processor with PROCESSOR_SERVICE=transfer"),
        ("transfer", "ftransfer_ztf_2026-04-06_1_schema", "topics of schemas, not of alerts"),
        ("livestream", "ftransfer_ztf_2026-04-06_1_schema", "topics of schemas, not of alerts"),
        ("livestream", "fink_ztf_20260321", "topics without alerts that could be converted"),
        ("livestream", "fxmatch_ztf_2026-04-06_1", "topics without alerts that could be converted"),
        ("telegraph", "ftransfer_ztf_2026-04-06_1", "PROCESSOR_SERVICE: Input should be 'livestream' or 'transfer'"),
    ],
)
def test_topics_of_another_service_are_refused(
    service: str, fink_topic: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "ftransfer_ztf_2026-04-06_2" if service == "transfer" else "fink_vra_ztf"
    for name, value in environment("localhost:1", "t", other, fink_topic, PROCESSOR_SERVICE=service).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert sentence in str(refused.value)
    assert fink_topic in str(refused.value) or service == "telegraph"
