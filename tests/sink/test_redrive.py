"""The sink's dead letters on a real broker: listed, shown and put back once."""

import json
import os
import signal
import socket
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest
from confluent_kafka import Message as KafkaMessage

from runtime import kafka
from runtime.redrive.box import LetterBox
from runtime.redrive.half import Record
from runtime.redrive.letter import Letter, Selection
from runtime.redrive.put_back import BATCH
from runtime.redrive.topic import LetterTopic
from runtime.settings import load
from schemas import codec
from schemas.dead_letters import Answer, Header, LeftOut, Source
from schemas.redriven import Redriven, redriven
from sink.redrive import RejectedRecords
from sink.settings import OWN_PREFIXES, SinkSettings
from support.kafka import PATIENCE_S, create_topic, read_all
from support.letters import Commands, Message, dead_letter, let_topic_take, put_aside
from support.records import skyportal_alert

OWN: list[Header] = [("traceparent", b"\xff\x00"), ("empty", None), ("traceparent", b"2")]


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> SinkSettings:
    for name, value in {
        "KAFKA_BOOTSTRAP_SERVERS": broker,
        "KAFKA_TOPIC": topic,
        "SKYPORTAL_URL": "http://127.0.0.1:1",
        "SKYPORTAL_TOKEN": "nobodys",
    }.items():
        monkeypatch.setenv(name, value)
    return load(SinkSettings, own_prefixes=OWN_PREFIXES)


@pytest.fixture
def redrive(broker: str, settings: SinkSettings) -> Commands:
    create_topic(broker, settings.rejected_topic, 2, message_timestamp_type="LogAppendTime")
    create_topic(broker, settings.kafka_topic, 2)
    return Commands(settings, RejectedRecords(), settings.rejected_topic)


def letter(offset: int, *, obj_id: str = "ZTF26aamcbly", own: list[Header] | None = None, **changes: object) -> Message:
    record = skyportal_alert(obj_id=obj_id, alert_id=str(offset))
    return obj_id.encode(), codec.encode(record), [*(own or []), *dead_letter(offset, **changes).headers()]


def markers(broker: str, settings: SinkSettings) -> list[Source]:
    found = [one for one in read_all(broker, settings.rejected_topic) if one.value is None]
    return sorted(redriven(one.headers).source for one in found)


def test_without_letters_or_without_their_topic_there_is_nothing_to_do(
    redrive: Commands, settings: SinkSettings
) -> None:
    nowhere = Commands(settings, RejectedRecords(), f"{settings.kafka_topic}.nowhere")

    for commands in (redrive, nowhere):
        assert commands.said("list").startswith("no dead letters wait in ")
        assert commands.listed()["letters"] == []
        assert commands.said("put-back", "--yes").startswith("nothing to put back")
        assert commands.run("show", "0:0").exit_code == 1


def test_a_letter_is_put_back_byte_for_byte_and_once(broker: str, redrive: Commands, settings: SinkSettings) -> None:
    sent = [letter(0, own=OWN), (None, b"\x00no record", [*OWN, *dead_letter(1, stage="decode").headers()])]
    put_aside(broker, settings.rejected_topic, sent)
    began = datetime.now(UTC).replace(microsecond=0)

    assert redrive.said("put-back", "--yes").endswith("2 alerts put back\n")
    ended = datetime.now(UTC)
    assert redrive.said("put-back", "--yes").startswith("nothing to put back")

    found = {one.value: one for one in read_all(broker, settings.kafka_topic)}
    assert len(found) == 2
    for offset, (key, value, _headers) in enumerate(sent):
        message = found[value]
        said = redriven(message.headers)
        assert message.key == key
        assert dict(message.headers[:2]) == dict(OWN)
        assert not any(name.startswith(("__connect.", "fink_skyportal.errors.")) for name, _value in message.headers)
        assert (said.source, said.times) == (Source("alerts", 0, offset), 1)
        assert began <= said.at <= ended
    assert markers(broker, settings) == [Source("alerts", 0, 0), Source("alerts", 0, 1)]
    assert redrive.said("list") == f"no dead letters wait in {settings.rejected_topic}\n2 alerts put back earlier\n"


def test_an_alert_that_lost_several_parts_is_put_back_once_and_that_serves_all(
    broker: str, redrive: Commands, settings: SinkSettings
) -> None:
    parts = [letter(4, part=part) for part in ("annotation", "thumbnail", "annotation")]
    put_aside(broker, settings.rejected_topic, parts)
    put_aside(broker, settings.rejected_topic, [letter(4, part="thumbnail")], partition=1)

    assert redrive.ids() == ["0:2", "1:0"]
    assert "2  letters of 1 alert\n" in redrive.said("list")
    assert redrive.said("put-back", "--part", "annotation", "--yes").endswith("1 alert put back\n")

    assert redrive.ids() == []
    assert len(read_all(broker, settings.kafka_topic)) == 1


def test_what_was_refused_again_is_listed_again_with_how_often(
    broker: str, redrive: Commands, settings: SinkSettings
) -> None:
    before = Redriven(source=Source("alerts", 0, 4), times=2, at=datetime.now(UTC)).headers()
    put_aside(broker, settings.rejected_topic, [letter(4), (None, None, before), letter(9, own=before)])

    (listed,) = redrive.listed()["letters"]
    assert (listed["id"], listed["source"]["offset"], listed["times_put_back"]) == ("0:2", 9, 2)
    assert "(put back 2×) POST annotations" in redrive.said("list")

    redrive.said("put-back", "--yes")
    (message,) = read_all(broker, settings.kafka_topic)
    assert (redriven(message.headers).source.offset, redriven(message.headers).times) == (9, 3)
    whole = LetterTopic(settings, settings.kafka_topic).message(f"{message.partition}:{message.offset}")
    assert Counter(name for name, _value in kafka.headers_of(whole)) == Counter(name for name, _value in before)


def test_a_marker_does_not_hide_a_letter_that_comes_after_it(
    broker: str, redrive: Commands, settings: SinkSettings
) -> None:
    marker = Redriven(source=Source("alerts", 0, 4), times=1, at=datetime.now(UTC)).headers()
    put_aside(broker, settings.rejected_topic, [letter(4), (None, None, marker)])
    assert redrive.ids() == []

    # A local topic that was made anew counts from 0 again.
    put_aside(broker, settings.rejected_topic, [letter(4)])

    assert redrive.ids() == ["0:2"]


def test_letters_are_chosen_by_what_they_say(broker: str, redrive: Commands, settings: SinkSettings) -> None:
    record = codec.encode(skyportal_alert(topic="fink_kn_candidates_ztf"))
    put_aside(
        broker,
        settings.rejected_topic,
        [
            letter(0, obj_id="ZTF26aa"),
            letter(
                1, obj_id="ZTF26ab", stage="route", reason="RouteBroken", part="", answer=None, message="No filter."
            ),
            (b"ZTF26ac", record, dead_letter(2, part="photometry").headers()),
            (b"no-record", b"?", dead_letter(3, stage="decode", reason="Undecodable", part="", answer=None).headers()),
            (None, b"a stranger", []),
        ],
    )

    for selection, expected in {
        ("--stage", "part"): ["0:0", "0:2"],
        ("--reason", "R*"): ["0:0", "0:1", "0:2"],
        ("--part", "photometry"): ["0:2"],
        ("--topic", "fink_kn_*"): ["0:2"],
        ("--object", "ZTF26a[ab]"): ["0:0", "0:1"],
        ("--object", "no-record"): ["0:3"],
        ("--text", "not THIS one"): ["0:0", "0:2", "0:3"],
        ("--text", "filter", "--stage", "route"): ["0:1"],
        ("--text", "filter", "--stage", "part"): [],
        ("--since", "1h"): ["0:0", "0:1", "0:2", "0:3"],
        ("--until", "1h"): [],
        ("--since", "2020-01-01", "--until", "2020-01-02"): [],
        ("--limit", "2"): ["0:2", "0:3"],
    }.items():
        assert redrive.ids(*selection) == expected, selection
    assert redrive.listed("--limit", "1")["reasons"][0] == {"letters": 1, "reason": "part annotation Rejected 400"}
    assert "1 message in" in redrive.said("list")
    assert redrive.said("put-back", "0:1", "0:3", "--yes").endswith("2 alerts put back\n")
    assert redrive.said("put-back", "--limit", "1", "--yes").endswith("1 alert put back\n")
    assert redrive.ids() == ["0:2"]


def test_a_time_that_is_none_and_a_letter_that_is_not_there_are_said(redrive: Commands) -> None:
    wrong = redrive.run("list", "--since", "yesterday")
    assert (wrong.exit_code, "'yesterday' is no time" in wrong.output) == (2, True)
    for name, sentence in {"0:7": "no dead letter 0:7 waits", "seven": "no dead letter seven waits"}.items():
        absent = redrive.run("put-back", name, "--yes")
        assert (absent.exit_code, sentence in absent.output) == (1, True)
    for name, sentence in {"0:7": "no message at 0:7", "9:0": "no message at 9:0", "seven": "PARTITION:OFFSET"}.items():
        assert sentence in redrive.run("show", name).output


def test_nothing_is_put_back_without_a_yes(broker: str, redrive: Commands, settings: SinkSettings) -> None:
    put_aside(broker, settings.rejected_topic, [letter(0)])

    for typed in ("", "n\n", "\n"):
        assert redrive.run("put-back", typed=typed).exit_code == 1
    rehearsal = redrive.said("put-back", "--dry-run")

    assert rehearsal.endswith("1 alert would be put back\n")
    assert "0:0" in rehearsal
    assert read_all(broker, settings.kafka_topic) == []
    assert redrive.run("put-back", typed="y\n").exit_code == 0
    assert len(read_all(broker, settings.kafka_topic)) == 1


def test_what_a_letter_does_not_hold_stays(broker: str, redrive: Commands, settings: SinkSettings) -> None:
    lacking = dead_letter(0, left_out=LeftOut(value_bytes=10_000_000))
    elsewhere = replace(lacking, offset=1)
    put_aside(
        broker,
        settings.rejected_topic,
        [(b"a", None, lacking.headers()), (b"b", None, elsewhere.headers()), letter(1, part="thumbnail")],
    )

    result = redrive.run("put-back", "--yes")

    assert result.exit_code == 1
    assert "the original is in alerts at 0:0" in result.output
    assert result.output.endswith("1 alert put back, 1 stays\n")
    assert redrive.ids() == ["0:0"]
    assert "(left out, too large)" in redrive.said("list")


def test_a_record_that_the_local_topic_does_not_take_stays_and_the_others_do_not(
    broker: str, settings: SinkSettings
) -> None:
    create_topic(broker, settings.rejected_topic)
    create_topic(broker, settings.kafka_topic, max_message_bytes="30000")
    redrive = Commands(settings, RejectedRecords(), settings.rejected_topic)
    record = skyportal_alert(cutout_science=Random(1).randbytes(60_000))  # noqa: S311  # no secret
    large = b"big", codec.encode(record), dead_letter(5).headers()
    put_aside(broker, settings.rejected_topic, [letter(0), large, letter(1)])

    result = redrive.run("put-back", "--yes")

    assert (result.exit_code, redrive.ids()) == (1, ["0:1"])
    assert "stays: 0:1 ZTF26aamcbly: " in result.output
    assert len(read_all(broker, settings.kafka_topic)) == 2


def test_what_was_published_and_not_marked_is_published_again(
    broker: str, redrive: Commands, settings: SinkSettings
) -> None:
    put_aside(broker, settings.rejected_topic, [letter(0)])
    let_topic_take(broker, settings.rejected_topic, 10)

    cut_off = redrive.run("put-back", "--yes")
    assert (cut_off.exit_code, len(read_all(broker, settings.kafka_topic))) == (1, 1)
    assert "what has been put back so far is back" in cut_off.output
    assert redrive.ids() == ["0:0"]

    let_topic_take(broker, settings.rejected_topic, 1_000_000)
    redrive.said("put-back", "--yes")
    assert redrive.said("put-back", "--yes").startswith("nothing to put back")
    assert len(read_all(broker, settings.kafka_topic)) == 2


def test_of_two_redrives_the_second_leaves_out_what_the_first_has_put_back(
    broker: str, redrive: Commands, settings: SinkSettings
) -> None:
    put_aside(broker, settings.rejected_topic, [letter(0), letter(1)])
    slower = LetterBox(settings, RejectedRecords(), settings.rejected_topic)
    chosen = slower.chosen(Selection(), 0)

    redrive.said("put-back", "0:1", "--yes")
    fates = list(slower.put_back(chosen, rehearse=False, stop=Event()))

    assert [(fate.letter.id, fate.is_back, fate.because) for fate in fates] == [("0:1", False, ""), ("0:0", True, "")]
    assert len(read_all(broker, settings.kafka_topic)) == 2


def test_a_letter_is_shown_whole(broker: str, redrive: Commands, settings: SinkSettings, tmp_path: Path) -> None:
    own: list[Header] = [("trace\x1b[2J", b"\x1b[31mred"), ("empty", None)]
    nasty = Answer(endpoint="POST /api/candidates", status=400, body="first\x1b[2J\nsecond", attempts=3)
    value = codec.encode(skyportal_alert(cutout_science=b"12345"))
    key, headers = b"ZTF26aamcbly", [*own, *dead_letter(7, answer=nasty).headers()]
    put_aside(broker, settings.rejected_topic, [(key, value, headers), (key, b"\x00?", headers)])

    shown = redrive.said("show", "0:0", "--raw", str(tmp_path / "value"))

    assert (tmp_path / "value").read_bytes() == value
    assert "\x1b" not in shown
    for words in (
        "letter     0:0 of ",
        "message    alerts 0:7, ",
        "reason     Rejected at the stage part of the part annotation",
        "answer     400 to POST /api/candidates, 3 attempts\n    first [2J\n    second\n",
        "now        can be put back",
        "[31mred",
        "(nothing)",
    ):
        assert words in shown, words
    record = json.loads(shown.partition("\nrecord\n")[2])
    assert (record["obj_id"], record["observed_at"]) == ("ZTF26aamcbly", "2026-03-22T11:06:52.004Z")
    assert (record["photometry"]["flux"], record["cutout_science"]) == ([20.5, 18.25, None], 5)
    assert "no record: " in redrive.said("show", "0:1")
    redrive.said("put-back", "--yes")
    assert "now        it was put back, and waits no more" in redrive.said("show", "0:0")
    marker = max(one.offset for one in read_all(broker, settings.rejected_topic) if one.value is None)
    assert "says that one was put back" in redrive.run("show", f"0:{marker}").output


def test_what_is_no_letter_or_lacks_its_value_is_not_written_to_a_file(
    broker: str, redrive: Commands, settings: SinkSettings, tmp_path: Path
) -> None:
    too_large = dead_letter(1, left_out=LeftOut(value_bytes=9_000_000)).headers()
    put_aside(broker, settings.rejected_topic, [(b"ZTF26aamcbly", None, too_large), (None, b"a stranger", [])])
    file = tmp_path / "value"
    file.write_bytes(b"kept")

    lacking, stranger = (redrive.run("show", name, "--raw", str(file)) for name in ("0:0", "0:1"))

    assert (lacking.exit_code, stranger.exit_code) == (1, 1)
    assert "cannot be put back" in lacking.stdout
    assert "9000000 bytes were too many for it" in lacking.stderr
    assert file.read_bytes() == b"kept"


def test_letters_from_before_the_time_that_is_asked_for_are_not_denied(
    broker: str, redrive: Commands, settings: SinkSettings
) -> None:
    put_aside(broker, settings.rejected_topic, [letter(0)])

    for command in (["list"], ["put-back", "--yes"], ["put-back", "0:0", "--yes"]):
        assert redrive.said(*command, "--since", "2099-01-01").endswith(" that fit\n"), command


def test_asked_to_stop_it_marks_what_is_under_way_and_leaves_the_rest(
    broker: str, redrive: Commands, settings: SinkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "LEAVING_S", PATIENCE_S)  # a busy broker may take long

    class Interrupted(RejectedRecords):
        def record(self, letter: Letter, message: KafkaMessage) -> Record:
            if letter.why.offset == 0:
                signal.raise_signal(signal.SIGINT)
            return super().record(letter, message)

    put_aside(broker, settings.rejected_topic, [letter(number) for number in range(BATCH + 50)])
    before = signal.getsignal(signal.SIGINT)

    interrupted = Commands(settings, Interrupted(), settings.rejected_topic)
    rehearsed = interrupted.run("put-back", "--dry-run")
    stopped = interrupted.run("put-back", "--yes")

    assert rehearsed.stdout.endswith(f"1 alert would be put back, {BATCH + 49} left, since it was asked to stop\n")
    assert stopped.exit_code == 1
    assert stopped.stdout.endswith(f"{BATCH} alerts put back, 50 left, since it was asked to stop\n")
    assert signal.getsignal(signal.SIGINT) == before
    assert len(markers(broker, settings)) == BATCH
    assert redrive.said("put-back", "--yes").endswith("50 alerts put back\n")
    assert len(read_all(broker, settings.kafka_topic)) == BATCH + 50


def test_who_waits_for_a_kafka_that_says_nothing_may_leave(
    settings: SinkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("KAFKA_CONNECT_TIMEOUT_S", "60")
        commands = Commands(load(SinkSettings, own_prefixes=OWN_PREFIXES), RejectedRecords(), settings.rejected_topic)

        def interrupt() -> None:
            connection, _address = silent.accept()
            with connection:
                os.kill(os.getpid(), signal.SIGINT)

        # Who was started in the background by a shell has it ignored, and so have its children.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        Thread(target=interrupt, daemon=True).start()
        began = time.monotonic()
        try:
            result = commands.run("list")
        finally:
            signal.signal(signal.SIGINT, before)

    assert result.exit_code != 0
    assert time.monotonic() - began < 30


def test_a_kafka_that_is_away_is_said(settings: SinkSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_CONNECT_TIMEOUT_S", "0.5")
    away = load(SinkSettings, own_prefixes=OWN_PREFIXES)

    result = Commands(away, RejectedRecords(), settings.rejected_topic).run("list")

    assert result.exit_code == 1
    assert "is Kafka at 127.0.0.1:1 running" in result.output
