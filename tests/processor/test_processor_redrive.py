"""The processor's dead letters on a real broker: converted again, and published once."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from demo.fink import FinkAlert, encode, night
from processor.redrive import UndecodableMessages
from processor.service import load_settings
from processor.settings import ProcessorSettings
from schemas import codec, names
from schemas.dead_letters import WRITER_SCHEMA, LeftOut, Source
from schemas.redriven import redriven
from support.kafka import create_topic, publish, read_all
from support.letters import Commands, Message, dead_letter, let_topic_take, put_aside
from support.processes import running
from support.processor import environment, running_processor, until_done, ztf_alerts

MOMENT = datetime(2026, 11, 20, 6, 15, 30, 250_000, tzinfo=UTC)


def large_alert(fink_topic: str) -> FinkAlert:
    stamp = {"fileName": "large.fits.gz", "stampData": Random(1).randbytes(300_000)}  # noqa: S311  # no secret
    (alert,) = ztf_alerts(1, fink_topic)
    return replace(alert, packet={**alert.packet, "cutoutScience": stamp})


def test_what_could_not_be_published_is_published_once_when_that_is_mended(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    create_topic(broker, fink_topic)
    create_topic(broker, topic, max_message_bytes="250000")
    settings = environment(broker, topic, fink_topic)
    earlier = datetime.fromtimestamp(round(time.time() - 3600), UTC)
    publish(broker, fink_topic, [encode(large_alert(fink_topic))], hours_ago=1)
    with running_processor(settings):
        until_done(broker, topic, fink_topic)
    assert read_all(broker, topic) == []

    let_topic_take(broker, topic, 1_000_000)
    with running(["processor", "redrive", "put-back", "--stage", "publish", "--yes"], settings) as command:
        assert command.ended() == 0
        assert "1 alert put back\n" in command.output

    (message,) = read_all(broker, topic)
    record = codec.decode(message.value)
    assert (record.topic, message.key) == (fink_topic, record.obj_id.encode())
    assert record.published_at is not None
    assert abs(record.published_at - earlier) < timedelta(minutes=2)
    assert redriven(message.headers).source == Source(fink_topic, 0, 0)


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> ProcessorSettings:
    for name, value in environment(broker, topic, "fink_any_ztf").items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.fixture
def redrive(broker: str, settings: ProcessorSettings) -> Commands:
    create_topic(broker, settings.undecodable_topic, message_timestamp_type="LogAppendTime")
    create_topic(broker, settings.kafka_topic)
    return Commands(settings, UndecodableMessages(settings), settings.undecodable_topic)


def letter(
    offset: int, key: bytes | None, value: bytes | None, schema: bytes | None = None, **changes: object
) -> Message:
    why = dead_letter(
        offset,
        **{
            "topic": "fink_any_ztf",
            "signed_by": names.PROCESSOR,
            "stage": "convert",
            "reason": "Unconvertible",
            "message": "nobody knows what isdiffpos='maybe' means",
            "part": "",
            "answer": None,
            "published_at": MOMENT,
        }
        | changes,
    )
    return key, value, [*why.headers(), *([] if schema is None else [(WRITER_SCHEMA, schema)])]


def test_what_an_earlier_version_did_not_understand_becomes_the_record_that_it_is_today(
    broker: str, redrive: Commands, settings: ProcessorSettings
) -> None:
    live, transferred = ztf_alerts(2, "fink_any_ztf")
    (schema, value), (key, moved) = encode(transferred), encode(live)
    messages = [letter(3, key, moved), letter(4, b"no schema", value, schema, topic="ftransfer_ztf_1")]
    put_aside(broker, settings.undecodable_topic, messages)

    objects = [live.packet["objectId"], transferred.packet["objectId"]]
    assert [one["obj_id"] for one in redrive.listed()["letters"]] == objects
    assert redrive.ids("--object", objects[1], "--topic", "ftransfer_*") == ["0:1"]
    assert redrive.said("put-back", "--yes").endswith("2 alerts put back\n")

    found = read_all(broker, settings.kafka_topic)
    records = [codec.decode(message.value) for message in found]
    assert [record.obj_id for record in records] == objects
    assert [record.topic for record in records] == ["fink_any_ztf", "ftransfer_ztf_1"]
    assert [record.alert_id for record in records] == [str(one.packet["candid"]) for one in (live, transferred)]
    assert [record.published_at for record in records] == [MOMENT, MOMENT]
    assert [message.key for message in found] == [name.encode() for name in objects]
    assert [redriven(message.headers).source.offset for message in found] == [3, 4]
    assert redrive.ids() == []


def test_what_still_is_no_record_stays_and_each_says_why(
    broker: str, redrive: Commands, settings: ProcessorSettings
) -> None:
    (alert,) = ztf_alerts(1, "fink_any_ztf")
    key, value = encode(alert)
    without_time = replace(alert, packet={**alert.packet, "candidate": {**alert.packet["candidate"], "jd": 0.0}})
    (rubin,) = night(seed=3, alerts=1, surveys=("lsst",))
    put_aside(
        broker,
        settings.undecodable_topic,
        [
            letter(0, key, value[:-7], stage="decode", reason="Undecodable"),
            letter(1, *encode(without_time)),
            letter(2, key, None, left_out=LeftOut(value_bytes=9_999_999), stage="publish"),
            letter(3, *encode(rubin), topic="fink_any_lsst"),
            letter(4, key, value),
            letter(5, b"{", b"", stage="decode"),
        ],
    )

    for arguments in (["--dry-run"], ["--yes"]):
        result = redrive.run("put-back", *arguments)
        assert result.exit_code == 1
        for sentence in (
            "stays: 0:0: Undecodable as before: ",
            "0:1 " + alert.packet["objectId"] + ": Unconvertible as before: candidate.jd is 0.0",
            "still at Fink, in fink_any_ztf at 0:2",
            "no alert of ztf's",
            "Undecodable as before: the key is no",
        ):
            assert sentence in " ".join(result.output.split()), sentence
    assert result.output.endswith("1 alert put back, 5 stay\n")
    assert redrive.ids() == ["0:0", "0:1", "0:2", "0:3", "0:5"]
    assert len(read_all(broker, settings.kafka_topic)) == 1


def test_a_message_is_shown_by_its_sizes_and_its_schema(
    broker: str, redrive: Commands, settings: ProcessorSettings
) -> None:
    (alert,) = ztf_alerts(1, "fink_any_ztf")
    key, value = encode(alert)
    messages = [letter(0, key, value), letter(1, b"k", b"v", key), letter(2, None, b"v")]
    put_aside(broker, settings.undecodable_topic, messages)

    shown = redrive.said("show", "0:0")
    assert f"value      {len(value)} bytes\nschema     'topLevelRecord.value', in the key\n" in shown
    assert "now        can be put back" in shown
    assert "schema     'topLevelRecord.value', in the letter's headers" in redrive.said("show", "0:1")
    assert "schema     none that can be read" in redrive.said("show", "0:2")
    assert "cannot be put back: Undecodable as before" in redrive.said("show", "0:2")
