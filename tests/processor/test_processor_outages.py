"""A processor whose surroundings are silent, late or absent."""

import socket
from collections import Counter

from demo.kafka import LocalKafka
from support.kafka import committed, create_topic, publish, until
from support.processes import LEAVING_S
from support.processor import (
    comes_true,
    environment,
    group,
    is_done,
    publish_alerts,
    published,
    running_processor,
    status_page,
    until_done,
    until_said,
    ztf_alerts,
)


def test_a_topic_that_does_not_exist_yet_is_read_once_it_does(broker: str, topic: str) -> None:
    there, later = f"fink_{topic}_there", f"fink_{topic}_later"
    publish_alerts(broker, there, ztf_alerts(5, there))

    with running_processor(environment(broker, topic, there, later)) as processor:
        until_done(broker, topic, there)
        until_said(processor, f"WARNING processor.fink Fink: topic={later}")
        publish_alerts(broker, later, ztf_alerts(5, later, seed=2))
        until_done(broker, topic, there, later)
        assert processor.stop() == 0
        assert processor.output.count(f"WARNING processor.fink Fink: topic={later}") == 1

    assert Counter(record.topic for record in published(broker, topic)) == {there: 5, later: 5}


def test_nothing_is_committed_before_a_silent_broker_has_acknowledged(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    alerts = ztf_alerts(20, fink_topic)
    create_topic(broker, fink_topic)
    with LocalKafka() as local:
        settings = environment(broker, topic, fink_topic, KAFKA_BOOTSTRAP_SERVERS=local.bootstrap_servers)
        with running_processor(settings) as processor:
            until_said(processor, "assigned")
            local.freeze(0)
            publish_alerts(broker, fink_topic, alerts)
            assert not comes_true(lambda: bool(committed(broker, fink_topic, group(topic))), within_s=4)
            assert status_page(processor, "/healthz") == (200, "ok\n")
            local.thaw(0)
            until_done(broker, topic, fink_topic)
            assert processor.stop() == 0

        assert Counter(record.alert_id for record in published(local.bootstrap_servers, topic)) == Counter(
            str(alert.packet["candid"]) for alert in alerts
        )


def test_leaving_while_the_broker_is_silent_is_said_and_passes_nothing(broker: str, topic: str) -> None:
    fink_topic = f"fink_{topic}"
    create_topic(broker, fink_topic)
    with LocalKafka() as local:
        settings = environment(broker, topic, fink_topic, KAFKA_BOOTSTRAP_SERVERS=local.bootstrap_servers)
        with running_processor(settings) as processor:
            until_said(processor, "assigned")
            local.freeze(0)
            publish(broker, fink_topic, [(None, b"no alert")])
            publish_alerts(broker, fink_topic, ztf_alerts(3, fink_topic))
            until_said(processor, "dead-lettered")  # so a delivery is waited for
            assert not comes_true(lambda: is_done(broker, topic, fink_topic), within_s=2)
            assert processor.stop(LEAVING_S) == 1
            assert "ERROR processor asked to stop before the broker acknowledged" in processor.output
        local.thaw(0)

    assert committed(broker, fink_topic, group(topic)) == {}


def test_leaving_while_fink_is_silent_takes_seconds(broker: str, topic: str) -> None:
    with LocalKafka() as fink:
        create_topic(fink.bootstrap_servers, "fink_x")
        settings = environment(broker, topic, "fink_x", FINK_SERVERS=fink.bootstrap_servers)
        with running_processor(settings) as processor:
            until_said(processor, "assigned")
            publish_alerts(fink.bootstrap_servers, "fink_x", ztf_alerts(20, "fink_x"))
            until(lambda: len(published(broker, topic)) == 20, "the alerts")
            fink.freeze(0)
            assert processor.stop(LEAVING_S) == 0
        fink.thaw(0)


def test_a_user_with_a_password_logs_in(broker: str, topic: str) -> None:
    settings = environment(broker, topic, "fink_x", FINK_USERNAME="ada", FINK_PASSWORD="sesame")  # noqa: S106  # made up

    with running_processor(settings) as processor:
        until_said(processor, "SASL")  # of which our Kafka knows nothing
        assert "sesame" not in processor.output


def test_a_fink_that_is_not_there_yet_is_waited_for(broker: str, topic: str) -> None:
    with LocalKafka() as fink:
        create_topic(fink.bootstrap_servers, "fink_x")
        fink.kill(0)
        settings = environment(broker, topic, "fink_x", FINK_SERVERS=fink.bootstrap_servers)
        with running_processor(settings) as processor:
            until_said(processor, "WARNING kafka Fink: ")
            assert not comes_true(lambda: processor.output.count("Connection refused") > 5, within_s=2)
            fink.restart(0)
            publish_alerts(fink.bootstrap_servers, "fink_x", ztf_alerts(3, "fink_x"))
            until(lambda: len(published(broker, topic)) == 3, "the alerts")
            assert processor.stop() == 0


def test_a_local_kafka_that_is_not_there_is_a_sentence(topic: str) -> None:
    settings = environment("127.0.0.1:1", topic, "fink_x", KAFKA_CONNECT_TIMEOUT_S="0.5")

    with running_processor(settings) as processor:
        assert processor.ended() == 1
        assert "ERROR processor no Kafka broker answers at 127.0.0.1:1" in processor.output
        assert "Traceback" not in processor.output


def test_a_port_that_is_taken_is_a_sentence(topic: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with running_processor(environment("127.0.0.1:1", topic, "x", PROCESSOR_METRICS_PORT=port)) as processor:
            assert processor.ended() == 1
            assert f"ERROR processor 127.0.0.1:{port} is taken by another program" in processor.output
            assert "PROCESSOR_METRICS_PORT" in processor.output
            assert "Traceback" not in processor.output
