"""How many alerts were refused in the last hour, by dead letters on a real broker."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer

from runtime.settings import load
from schemas import names
from schemas.dead_letters import Answer, DeadLetter, Header
from schemas.redriven import Redriven
from sink.delivery import past_letters
from sink.delivery.past_letters import LATELY_S, refused_lately
from sink.settings import OWN_PREFIXES, SinkSettings
from support.kafka import PATIENCE_S, create_topic

NO = Answer(endpoint="POST /api/candidates", status=400, body="No.", attempts=2)


def refused(offset: int, partition: int = 0) -> DeadLetter:
    return DeadLetter(
        topic="alerts",
        partition=partition,
        offset=offset,
        signed_by=names.SINK,
        stage="deliver",
        reason="Rejected",
        message="400 No.",
        part="candidate",
        answer=NO,
    )


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


def put_aside(settings: SinkSettings, *letters: list[Header], age_s: float = 0) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers})
    moment = int((time.time() - age_s) * 1000)
    for number, headers in enumerate(letters):
        producer.produce(settings.rejected_topic, value=b"x", headers=headers, partition=number % 3, timestamp=moment)
    assert producer.flush(PATIENCE_S) == 0


@pytest.fixture(autouse=True)
def _rejected_topic(broker: str, settings: SinkSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    create_topic(broker, settings.rejected_topic, 3)
    monkeypatch.setattr(past_letters, "TIMEOUT_S", PATIENCE_S)  # what a busy broker does not tell in time is left out


def test_without_letters_nothing_was_refused(settings: SinkSettings) -> None:
    assert refused_lately(settings) == 0


def test_each_alert_counts_once_however_many_letters_tell_of_it(settings: SinkSettings) -> None:
    parts = [replace(refused(7), stage="part", part=part) for part in ("annotation", "thumbnail")]

    put_aside(settings, *(one.headers() for one in (refused(7), *parts, refused(8), refused(8, partition=1))))

    assert refused_lately(settings) == 3


def test_what_skyportal_did_not_refuse_does_not_count(settings: SinkSettings) -> None:
    others = [
        replace(refused(1), stage="decode", reason="Undecodable", answer=None),
        replace(refused(2), stage="route", reason="Unroutable", answer=None),
        replace(refused(3), stage="part", reason="OutsideTaxonomy", answer=None),
        replace(refused(4), signed_by=names.PROCESSOR),
    ]
    junk: list[list[Header]] = [[], [("a", None)], [("__connect.errors.topic", b"\xff")]]

    put_aside(settings, *(one.headers() for one in others), *junk, refused(5).headers())

    assert refused_lately(settings) == 1


def test_what_was_put_back_does_not_count_until_it_is_refused_again(settings: SinkSettings) -> None:
    marker = Redriven(source=refused(1).source, times=1, at=datetime.now(UTC)).headers()
    again = [*marker, *refused(9).headers()]

    put_aside(settings, refused(1).headers(), refused(2).headers(), [])
    put_aside(settings, marker, [("fink_skyportal.redriven.topic", b"alerts")], again)

    assert refused_lately(settings) == 2


def test_headers_that_the_message_had_of_its_own_do_no_harm(settings: SinkSettings) -> None:
    earlier = replace(refused(1), answer=None, signed_by=names.PROCESSOR).headers()

    put_aside(settings, [("mine", b"\xff"), ("mine", None), *earlier, *refused(2).headers()])

    assert refused_lately(settings) == 1


def test_a_letter_whose_numbers_are_none_does_no_harm(settings: SinkSettings) -> None:
    broken = [(name, b"?" if name.endswith("offset") else value) for name, value in refused(1).headers()]

    put_aside(settings, broken, refused(2).headers())

    assert refused_lately(settings) == 1


def test_what_was_refused_longer_ago_is_forgotten(settings: SinkSettings) -> None:
    put_aside(settings, *(refused(offset).headers() for offset in range(5)), age_s=LATELY_S + 60)
    put_aside(settings, *(refused(offset).headers() for offset in range(10, 12)), age_s=LATELY_S - 60)

    assert refused_lately(settings) == 2


def test_of_very_many_letters_some_are_enough(settings: SinkSettings) -> None:
    put_aside(settings, *(refused(offset).headers() for offset in range(4000)))
    began = time.monotonic()

    assert refused_lately(settings) >= past_letters.MOST_LETTERS
    assert time.monotonic() - began < past_letters.TIMEOUT_S


def test_letters_are_counted_again_at_each_start(settings: SinkSettings) -> None:
    put_aside(settings, refused(1).headers())
    assert refused_lately(settings) == 1
    put_aside(settings, refused(2).headers())

    assert refused_lately(settings) == 2


def test_a_broker_that_says_nothing_keeps_no_sink_from_starting(
    settings: SinkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_aside(settings, refused(1).headers())
    monkeypatch.setattr(past_letters, "TIMEOUT_S", 0.5)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    assert refused_lately(load(SinkSettings, own_prefixes=OWN_PREFIXES)) == 0


def test_a_topic_of_letters_that_is_not_there_yet_holds_none(
    settings: SinkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_TOPIC", f"{settings.kafka_topic}.other")

    assert refused_lately(load(SinkSettings, own_prefixes=OWN_PREFIXES)) == 0
