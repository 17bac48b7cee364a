"""Settings of the Kafka clients, the same in every process."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import refusals
from runtime.log import OnceAMinute
from runtime.settings import ProcessSettings

log = logging.getLogger("kafka")
log.addFilter(OnceAMinute())

ClientSettings = dict[str, Any]

LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024
"""Of a record; a dead letter may be a mebibyte larger, for its headers."""

LEAVING_S = 5.0
"""How long a process that leaves waits for each answer that it still expects."""

LARGEST_LETTER_BYTES = LARGEST_MESSAGE_BYTES + 1024 * 1024


def connection(settings: ProcessSettings) -> ClientSettings:
    """Return how to reach and speak to the local Kafka."""
    client: ClientSettings = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol.lower(),
        "client.id": "fink-skyportal",
        "error_cb": log_error,
    }
    if settings.kafka_ssl_ca_location:
        client["ssl.ca.location"] = settings.kafka_ssl_ca_location
    if settings.kafka_ssl_certificate_location:
        client["ssl.certificate.location"] = settings.kafka_ssl_certificate_location
        client["ssl.key.location"] = settings.kafka_ssl_key_location
        client["ssl.key.password"] = settings.kafka_ssl_key_password.get_secret_value()
    if settings.kafka_security_protocol.startswith("SASL"):
        client["sasl.mechanism"] = settings.kafka_sasl_mechanism
        client["sasl.username"] = settings.kafka_sasl_username
        client["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    return client


def producer(settings: ProcessSettings) -> ClientSettings:
    """Return the settings of a producer that neither loses, doubles nor reorders what it is given."""
    return connection(settings) | {
        "enable.idempotence": True,
        # To a topic that was created a moment ago a later batch can arrive first. The broker then takes the earlier
        # one for a duplicate, and librdkafka reports messages as delivered that are nowhere.
        "max.in.flight": 1,
        "acks": "all",
        # A broker that is down is waited for, however long: giving a message up would only have it sent anew.
        "message.timeout.ms": 0,
        "message.max.bytes": LARGEST_LETTER_BYTES + 1024 * 1024,
        "compression.type": "zstd",
        "linger.ms": 20,
        "queue.buffering.max.kbytes": 256 * 1024,
    }


def group_member(group_id: str) -> ClientSettings:
    """Return what makes a consumer a member of ``group_id`` that stores its offsets when its work is done."""
    return {
        "group.id": group_id,
        "partition.assignment.strategy": "cooperative-sticky",
        # librdkafka would store an offset when it hands the message out. We store it when the work is done;
        # librdkafka then commits it by itself, also on revoke and on close.
        "enable.auto.offset.store": False,
        "enable.auto.commit": True,
        "auto.commit.interval.ms": 1000,
        # A member that was killed is noticed within seconds; librdkafka sends heartbeats from a thread of its own.
        "session.timeout.ms": 12_000,
        "topic.metadata.refresh.interval.ms": 10_000,
    }


def log_error(error: KafkaError) -> None:
    """Log what a client says of its connection to the local Kafka; librdkafka itself tries again."""
    log.warning("%s", refusals.said_of(error, refusals.LOCAL))


def leave(consumer: Consumer) -> None:
    """Commit what is stored and leave the group. A broker that is silent is waited for some seconds only."""
    closing = threading.Thread(target=consumer.close, name="leave-group", daemon=True)
    closing.start()
    closing.join(LEAVING_S)
    if closing.is_alive():
        log.warning(
            "leaving the group takes more than %.0f s, the broker is silent or busy: what it has not been told is done "
            "will be done again",
            LEAVING_S,
        )


def offsets_at(
    consumer: Consumer, partitions: Iterable[TopicPartition], moment: int, *, timeout_s: float
) -> Mapping[int, int]:
    """Return of each partition of one topic the first offset that is as new as ``moment``; negative if none is.

    ``moment`` is in milliseconds since 1970, or OFFSET_BEGINNING, or OFFSET_END for the offset after the last. That is
    one request for each broker; librdkafka's own question for the ends of a partition takes two for each partition.
    Raises KafkaException.
    """
    asked = [TopicPartition(one.topic, one.partition, moment) for one in partitions]
    return offsets_in(consumer.offsets_for_times(asked, timeout=timeout_s)) if asked else {}


def offsets_in(answer: Iterable[TopicPartition]) -> Mapping[int, int]:
    """Return the offset of each partition that Kafka has answered with. Raises KafkaException if one has none."""
    found = {}
    for one in answer:
        if one.error is not None:
            raise KafkaException(one.error)
        found[one.partition] = one.offset
    return found


def headers_of(message: Message) -> list[tuple[str, bytes | None]]:
    """Return a message's headers in order, in one of the forms that confluent-kafka's types allow."""
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in pairs]
