import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import fastavro
import numpy as np
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from fink_messages import alert_id, ordinary
from typer import Typer
from typer.testing import CliRunner

from demo.fink import TOPICS, FinkAlert, FinkPublisher, Published, Survey, command, encode, night
from demo.fink.alert import LIVE, is_multi_messenger

SURVEYS: tuple[Survey, ...] = ("ztf", "lsst")


def everything(broker: str, published: list[Published]) -> dict[tuple[str, int, int], tuple[bytes, bytes]]:
    """Read back what the publisher says it published."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "reads only", "enable.auto.commit": False})
    wanted = {(message.topic, message.partition, message.offset) for message in published}
    firsts: dict[tuple[str, int], int] = {}
    for topic, partition, offset in wanted:
        firsts[topic, partition] = min(offset, firsts.get((topic, partition), offset))
    consumer.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in firsts.items()])
    read: dict[tuple[str, int, int], tuple[bytes, bytes]] = {}
    try:
        while wanted - read.keys():
            message = consumer.poll(60)
            assert message is not None
            assert message.error() is None
            place = (str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
            read[place] = (bytes(message.key() or b""), bytes(message.value() or b""))
    finally:
        consumer.close()
    return {place: read[place] for place in wanted}


def unique(names: Sequence[str]) -> dict[str, str]:
    """Topics of this test alone, on a broker that others use too."""
    test = uuid.uuid4().hex[:8]
    return {name: f"{name}.{test}" for name in names}


def renamed(alerts: Sequence[FinkAlert], names: dict[str, str]) -> list[FinkAlert]:
    return [
        FinkAlert(survey=alert.survey, topics=tuple(names[topic] for topic in alert.topics), packet=alert.packet)
        for alert in alerts
    ]


def test_every_alert_is_published_to_all_its_topics_byte_for_byte(broker: str) -> None:
    names = unique([topic for survey in SURVEYS for topic in TOPICS[survey]])
    alerts = renamed(list(night(seed=5, alerts=60)), names)
    fink = FinkPublisher(broker)
    fink.create_topics(names.values())

    published = fink.publish(alerts)

    read = everything(broker, published)
    assert len(read) == len(published)
    for message in published:
        assert read[message.topic, message.partition, message.offset] == encode(message.alert)
    sent = Counter((message.topic, alert_id(message.alert)) for message in published)
    assert sent.keys() == {(topic, alert_id(alert)) for alert in alerts for topic in alert.topics}
    assert set(sent.values()) == {1, 2}


def test_rubins_alerts_are_spread_and_ztfs_share_a_partition(broker: str) -> None:
    names = unique([topic for survey in SURVEYS for topic in TOPICS[survey]])
    fink = FinkPublisher(broker)
    fink.create_topics(names.values())

    published = fink.publish(renamed(list(night(seed=6, alerts=120)), names))

    used = defaultdict(set)
    for message in published:
        if not is_multi_messenger(message.alert.packet):
            used[message.alert.survey].add(message.partition)
    assert len(used["ztf"]) == 1
    assert used["lsst"] == set(range(10))


def test_alerts_come_out_of_order_but_not_far_from_their_place(broker: str) -> None:
    names = unique(["fink_sn_candidates_ztf"])
    topic = names["fink_sn_candidates_ztf"]
    alerts = [
        FinkAlert(survey="ztf", topics=(topic,), packet=alert.packet)
        for alert in night(seed=8, alerts=60, surveys=("ztf",))
    ]
    fink = FinkPublisher(broker)
    fink.create_topics({topic: 1})

    shuffled = fink.publish(alerts, twice=0, disorder=10, seed=1)
    again = fink.publish(alerts, twice=0, disorder=10, seed=1)
    ordered = fink.publish(alerts, twice=0, disorder=0)

    places = [alerts.index(message.alert) for message in shuffled]
    assert places != sorted(places) == list(range(60))
    assert max(abs(place - index) for index, place in enumerate(places)) < 10
    assert [message.alert for message in again] == [message.alert for message in shuffled]
    assert [message.alert for message in ordered] == alerts
    assert [message.offset for message in [*shuffled, *again, *ordered]] == list(range(180))


def test_a_message_of_several_megabytes_is_published(broker: str) -> None:
    names = unique(["fink_in_simbad_lsst"])
    (alert,) = night(seed=9, alerts=1, surveys=("lsst",))
    large = FinkAlert(
        survey="lsst",
        topics=tuple(names.values()),
        packet=alert.packet | {"cutoutScience": np.random.default_rng(1).bytes(5_000_000)},
    )
    fink = FinkPublisher(broker)
    fink.create_topics(names.values())

    (message,) = fink.publish([large], twice=0)

    assert message.alert == large


def test_creating_topics_again_leaves_them_as_they_are(broker: str) -> None:
    names = unique(["fink_in_tns_lsst"])
    fink = FinkPublisher(broker)

    fink.create_topics(dict.fromkeys(names.values(), 3))
    fink.create_topics(names.values())

    alerts = renamed([a for a in night(seed=2, alerts=150) if a.topics == ("fink_in_tns_lsst",)], names)
    published = fink.publish(alerts * 20, twice=0)
    assert {message.partition for message in published} == {0, 1, 2}


def test_a_topic_that_does_not_exist_is_named(broker: str) -> None:
    (alert,) = night(seed=1, alerts=1, surveys=("ztf",))
    lost = FinkAlert(survey="ztf", topics=("fink_nowhere_ztf",), packet=alert.packet)

    with pytest.raises(LookupError, match="no topic fink_nowhere_ztf"):
        FinkPublisher(broker).publish([lost])


def test_a_refused_message_is_an_error(broker: str) -> None:
    names = unique(["fink_in_tns_lsst"])
    (alert,) = night(seed=9, alerts=1, surveys=("lsst",))
    too_large = FinkAlert(
        survey="lsst", topics=tuple(names.values()), packet=alert.packet | {"cutoutScience": bytes(17 * 1024 * 1024)}
    )
    fink = FinkPublisher(broker)
    fink.create_topics(names.values())

    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        fink.publish([too_large])


def test_the_commands_publish_a_night_and_files_and_say_how_much(broker: str, tmp_path: Path) -> None:
    app = Typer()
    app.command("publish")(command.publish)
    app.command("night")(command.night)
    file = tmp_path / "ztf.avro"
    with file.open("wb") as opened:
        packets = [alert.packet for alert in ordinary(night(seed=4, alerts=5, surveys=("ztf",)))]
        fastavro.writer(opened, json.loads(LIVE["ztf"].key), packets)

    made_up = CliRunner().invoke(
        app, ["night", "--alerts", "20", "--survey", "lsst", "--over-s", "7", "--bootstrap-servers", broker]
    )
    of_file = CliRunner().invoke(
        app, ["publish", str(file), "--topic", "fink_vra_ztf", "--bootstrap-servers", broker, "--seed", "3"]
    )

    assert made_up.exit_code == of_file.exit_code == 0, (made_up.output, of_file.output)
    assert "messages published" in made_up.output
    assert "ztf" not in made_up.output
    assert "fink_vra_ztf" in of_file.output
