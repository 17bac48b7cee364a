"""A processor between two real Kafkas: nothing lost, nothing blocked."""

from collections import Counter
from dataclasses import replace
from itertools import chain
from random import Random

from confluent_kafka import Producer

from demo.fink import FinkAlert, encode
from processor.decode import Decoder
from schemas import codec, names
from schemas.dead_letters import LeftOut, from_headers
from support.kafka import PATIENCE_S, committed, create_topic, publish, read_all, until
from support.processor import (
    environment,
    freeze_uncommitted,
    group,
    publish_alerts,
    published,
    running_processor,
    status_page,
    until_done,
    until_said,
    ztf_alerts,
)


def ids(alerts: list[FinkAlert]) -> Counter[str]:
    return Counter(str(alert.packet["candid"]) for alert in alerts)


def test_every_alert_is_published_once_under_its_object_and_the_end_is_committed(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    alerts = ztf_alerts(100, fink_topic)
    publish_alerts(broker, fink_topic, alerts, partitions=3)

    # A user without a password, as finkctl stores it: Fink's public streams have no login.
    with running_processor(environment(broker, topic, fink_topic, FINK_USERNAME="ada")) as processor:
        until_done(broker, topic, fink_topic)
        # Of a message that waits, a busy broker may not tell the age in time: that is told by the next look.
        looked = f'processor_fink_retention_headroom_seconds{{partition="2",topic="{fink_topic}"}}'
        until(lambda: looked in status_page(processor, "/metrics")[1], "a look at Fink")
        ready, metrics = status_page(processor, "/readyz"), status_page(processor, "/metrics")[1]
        assert processor.stop() == 0
        for word in ("started", "assigned", "stopped"):
            assert f" {word}" in processor.output
        assert " revoked" in processor.output or "leaving the group takes more than" in processor.output

    messages = read_all(broker, topic)
    records = [codec.decode(message.value) for message in messages]
    assert Counter(record.alert_id for record in records) == ids(alerts)
    assert {record.topic for record in records} == {fink_topic}
    assert all(record.published_at is not None for record in records)
    assert [message.key for message in messages] == [record.obj_id.encode() for record in records]
    assert ready == (200, "ok\n")
    assert f'processor_alerts_published_total{{topic="{fink_topic}"}} 100.0' in metrics
    assert f'processor_alerts_consumed_total{{topic="{fink_topic}"}} 100.0' in metrics
    assert f'processor_dead_letters_total{{stage="decode",topic="{fink_topic}"}} 0.0' in metrics, (
        "else no first is seen"
    )
    assert f'processor_fink_lag_messages{{partition="2",topic="{fink_topic}"}}' in metrics
    assert looked in metrics
    assert "processor_publication_to_local_seconds_count 100.0" in metrics
    assert "processor_ready 1.0" in metrics
    assert 'fink_skyportal_build_info{component="processor"' in metrics


def test_messages_of_every_bad_kind_are_put_aside_as_they_came_and_the_rest_goes_on(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    good = ztf_alerts(9, fink_topic)
    key, value = encode(good[0])
    unconvertible = replace(good[1], packet={**good[1].packet, "objectId": None})
    bad: list[tuple[str, bytes | None, bytes | None]] = [
        ("decode", key, None),
        ("decode", None, value),
        ("decode", b"", value),
        ("decode", b"4.02", value),
        ("decode", b"\xff\xfe", value),
        ("decode", b'{"type": "nothing"}', value),
        ("decode", key, value[:-7]),
        ("decode", key, value + b"\0"),
        ("decode", key, b""),
        ("convert", *encode(unconvertible)),
    ]
    create_topic(broker, fink_topic)
    producer = Producer({"bootstrap.servers": broker, "max.in.flight": 1})
    headers = [("trace", b"\x00\xff"), ("empty", None), ("last", b"")]
    for (_, bad_key, bad_value), alert in zip(bad, [*good, None], strict=True):
        producer.produce(fink_topic, key=bad_key, value=bad_value, headers=list(headers))
        if alert is not None:
            good_key, good_value = encode(alert)
            producer.produce(fink_topic, key=good_key, value=good_value)
    assert producer.flush(PATIENCE_S) == 0

    with running_processor(environment(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        metrics = status_page(processor, "/metrics")[1]
        assert processor.stop() == 0
        assert processor.output.count("WARNING processor.dead_letters dead-lettered") == len(bad)

    letters = {from_headers(letter.headers).offset: letter for letter in read_all(broker, f"{topic}.undecodable")}
    assert sorted(letters) == list(range(0, 2 * len(bad), 2))
    for (stage, bad_key, bad_value), (offset, letter) in zip(bad, sorted(letters.items()), strict=True):
        reason = from_headers(letter.headers)
        assert (letter.key, letter.value) == (bad_key, bad_value)
        assert letter.headers[:3] == headers
        assert (reason.topic, reason.partition, reason.offset) == (fink_topic, 0, offset)
        assert (reason.stage, reason.signed_by) == (stage, names.PROCESSOR)
        assert reason.reason == {"decode": "Undecodable", "convert": "Unconvertible"}[stage]
        assert reason.message
    assert Counter(record.alert_id for record in published(broker, topic)) == ids(good)
    assert f'processor_dead_letters_total{{stage="decode",topic="{fink_topic}"}} 9.0' in metrics


def test_a_record_that_the_local_topic_does_not_take_is_put_aside_with_its_original(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    stamp = {"fileName": "large.fits.gz", "stampData": Random(1).randbytes(300_000)}  # noqa: S311  # no secret
    small = ztf_alerts(30, fink_topic)
    large = [replace(alert, packet={**alert.packet, "cutoutScience": stamp}) for alert in small[10:12]]
    create_topic(broker, topic, max_message_bytes="250000")
    publish_alerts(broker, fink_topic, [*small[:10], *large, *small[12:]])

    with running_processor(environment(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    letters = read_all(broker, f"{topic}.undecodable")
    assert {from_headers(letter.headers).stage for letter in letters} == {"publish"}
    packets = [Decoder().decode(letter.key, letter.value) for letter in letters]
    assert Counter(str(packet["candid"]) for packet in packets) == ids(large)
    assert Counter(record.alert_id for record in published(broker, topic)) == ids([*small[:10], *small[12:]])


def test_messages_that_no_letter_can_hold_are_put_aside_without_what_is_too_large(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    good = ztf_alerts(6, fink_topic)
    key, value = encode(good[0])
    huge = Random(1).randbytes(12 * 2**20)  # noqa: S311  # no secret
    stamp = {"fileName": "huge.fits.gz", "stampData": huge}
    alert_key, alert_value = encode(replace(good[0], packet={**good[0].packet, "cutoutScience": stamp}))
    trace: list[tuple[str, bytes]] = [("trace", b"\x00\xff")]
    long: list[tuple[str, bytes]] = [("long", huge)]
    bad = [
        ("publish", alert_key, alert_value, trace, LeftOut(value_bytes=len(alert_value))),
        ("decode", key, huge, trace, LeftOut(value_bytes=len(huge))),
        ("decode", huge, value, trace, LeftOut(value_bytes=len(value), key_bytes=len(huge))),
        ("decode", b"no", b"", long, LeftOut(key_bytes=2, headers_bytes=len(huge) + 4)),
    ]
    create_topic(broker, fink_topic, max_message_bytes=str(15 * 2**20))
    one_by_one: dict[str, str | int] = {"message.max.bytes": 15 * 2**20, "linger.ms": 0, "max.in.flight": 1}
    producer = Producer({"bootstrap.servers": broker, **one_by_one})
    for (_, bad_key, bad_value, headers, _), alert in zip(bad, good, strict=False):
        producer.produce(fink_topic, key=bad_key, value=bad_value, headers=list(headers))
        assert producer.flush(PATIENCE_S) == 0  # alone in its batch
        good_key, good_value = encode(alert)
        producer.produce(fink_topic, key=good_key, value=good_value)
    assert producer.flush(PATIENCE_S) == 0

    with running_processor(environment(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        metrics = status_page(processor, "/metrics")[1]
        assert processor.stop() == 0
        assert processor.output.count("dead-lettered") == len(bad)
        assert "left out" in processor.output

    letters = {from_headers(letter.headers).offset: letter for letter in read_all(broker, f"{topic}.undecodable")}
    assert sorted(letters) == list(range(0, 2 * len(bad), 2))
    for (stage, bad_key, _, headers, left_out), (_, letter) in zip(bad, sorted(letters.items()), strict=True):
        reason = from_headers(letter.headers)
        assert (reason.topic, reason.stage, reason.left_out) == (fink_topic, stage, left_out)
        assert letter.value == (None if left_out.value_bytes else bad_value)
        assert letter.key == (None if left_out.key_bytes else bad_key)
        assert (letter.headers[:1] == headers) is not bool(left_out.headers_bytes)
    assert Counter(record.alert_id for record in published(broker, topic)) == ids(good[: len(bad)])
    assert f'processor_dead_letters_total{{stage="decode",topic="{fink_topic}"}} 3.0' in metrics
    assert f'processor_dead_letters_total{{stage="publish",topic="{fink_topic}"}} 1.0' in metrics


def test_keys_that_would_end_or_block_the_process_are_put_aside_and_the_rest_goes_on(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    good = ztf_alerts(4, fink_topic)
    endless = b"\x80\x80\x80\x80\x80\x80\x80\x80\x20"  # 2**60 items
    schema = '{"type": "record", "name": "a", "fields": [{"name": "x", "type": %s}]}'
    bad = [
        ((schema % '"a"').encode(), b"\0"),
        ((schema % '{"type": "array", "items": "null"}').encode(), endless),
        ((schema % '{"type": "array", "items": "long"}').encode(), endless),
        ((schema % (900 * '{"type": "array", "items": ' + '"int"' + 900 * "}")).encode(), b"\0"),
    ]
    create_topic(broker, fink_topic)
    publish(broker, fink_topic, [one for pair in zip(bad, map(encode, good), strict=True) for one in pair])

    with running_processor(environment(broker, topic, fink_topic)) as processor:
        until_done(broker, topic, fink_topic)
        assert processor.stop() == 0

    letters = sorted(read_all(broker, f"{topic}.undecodable"), key=lambda one: from_headers(one.headers).offset)
    assert [(letter.key, letter.value) for letter in letters] == bad
    assert {from_headers(letter.headers).stage for letter in letters} == {"decode"}
    assert Counter(record.alert_id for record in published(broker, topic)) == ids(good)


def test_a_crash_between_publishing_and_committing_repeats_and_loses_nothing(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    alerts = ztf_alerts(200, fink_topic)
    settings = environment(broker, topic, fink_topic)
    create_topic(broker, fink_topic)
    parts = iter([alerts[first : first + 5] for first in range(0, 150, 5)])

    def feed() -> None:
        publish_alerts(broker, fink_topic, next(parts, []))

    with running_processor(settings) as processor:
        until_said(processor, "assigned")
        freeze_uncommitted(processor, broker, topic, fink_topic, feed)
        processor.kill()
    publish_alerts(broker, fink_topic, [*chain(*parts), *alerts[150:]])
    before = len(published(broker, topic))
    with running_processor(settings) as processor:
        until_done(broker, topic, fink_topic)  # Kafka believes in the dead one for 12 s
        assert processor.stop() == 0

    found = Counter(record.alert_id for record in published(broker, topic))
    assert found.keys() == ids(alerts).keys()
    assert before < 200 < sum(found.values())


def test_replicas_share_the_partitions_and_lose_nothing_when_one_leaves(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    alerts = ztf_alerts(100, fink_topic)
    settings = environment(broker, topic, fink_topic)
    create_topic(broker, fink_topic, partitions=4)
    with running_processor(settings) as first, running_processor(settings) as second:
        until_said(first, f"assigned {fink_topic}")
        until_said(second, f"assigned {fink_topic}")
        producer = Producer({"bootstrap.servers": broker})
        for number, alert in enumerate(alerts):
            key, value = encode(alert)
            producer.produce(fink_topic, key=key, value=value, partition=number % 4)
        assert producer.flush(PATIENCE_S) == 0
        assert first.stop() == 0
        until_done(broker, topic, fink_topic)
        assert second.stop() == 0

    assert Counter(record.alert_id for record in published(broker, topic)).keys() == ids(alerts).keys()


def test_leaving_commits_what_is_done_at_once(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    alerts = ztf_alerts(40, fink_topic)
    create_topic(broker, fink_topic)

    with running_processor(environment(broker, topic, fink_topic)) as processor:
        until_said(processor, "assigned")
        publish_alerts(broker, fink_topic, alerts)
        until(lambda: len(published(broker, topic)) > 0, "the first record")
        assert processor.stop() == 0

    assert committed(broker, fink_topic, group(topic)) == {0: len(published(broker, topic))}
