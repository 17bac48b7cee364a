"""A job of Fink's Data Transfer: alerts of past nights in a topic of their own, their schema in a topic beside it."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from random import Random

import fastavro

from demo.fink.alert import FinkAlert, Survey, encode
from demo.fink.publisher import PARTITIONS, FinkPublisher
from demo.fink.sending import Sending

SCHEMA_MESSAGES = 100
"""All alike, so that whoever reads any partition finds the schema. Fink sends a thousand."""

_NAME_OF_SCHEMA = fastavro.parse_schema(
    {"type": "record", "name": "topLevelRecord", "fields": [{"name": "schema", "type": ["string", "null"]}]}
)


def topic_of_transfer(survey: Survey) -> str:
    """Return a name for a new transfer, as Fink's portal makes them."""
    now = datetime.now(UTC)
    return f"ftransfer_{survey}_{now:%Y-%m-%d}_{now.microsecond}"


def publish_transfer(bootstrap_servers: str, topic: str, alerts: Iterable[FinkAlert], *, seed: int = 0) -> int:
    """Publish the schema of ``alerts``, then each alert once, and return how many there were.

    Topics are created with ten partitions; ``seed`` decides where each alert goes. Raises ValueError for alerts of
    several schemas, which one transfer cannot hold, and what `FinkPublisher.publish` raises.
    """
    found = list(alerts)
    keys = {alert.written_with.key for alert in found}
    if len(keys) != 1:
        raise ValueError(f"a transfer has one schema, but these {len(found)} alerts have {len(keys)}")
    publish_schema(bootstrap_servers, topic, keys.pop(), seed=seed)
    return publish_packets(bootstrap_servers, topic, found, seed=seed)


def publish_schema(bootstrap_servers: str, topic: str, key: bytes, *, seed: int = 0) -> None:
    """Publish ``key``, the schema of the alerts of ``topic``, to the topic beside it."""
    value = BytesIO()
    fastavro.schemaless_writer(value, _NAME_OF_SCHEMA, {"schema": f"new_schema_{time.time()}.avsc"})
    beside = f"{topic}_schema"
    FinkPublisher(bootstrap_servers).create_topics([beside])
    chance, sending = Random(seed), Sending(bootstrap_servers)
    for _ in range(SCHEMA_MESSAGES):
        sending.send(beside, key=key, value=value.getvalue(), partition=chance.randrange(PARTITIONS))
    sending.finish()


def publish_packets(bootstrap_servers: str, topic: str, alerts: Iterable[FinkAlert], *, seed: int = 0) -> int:
    """Publish ``alerts`` to ``topic``, without their schema: the key is the name of the topic."""
    FinkPublisher(bootstrap_servers).create_topics([topic])
    chance, sending = Random(seed), Sending(bootstrap_servers)
    for alert in alerts:
        _, value = encode(alert)
        sending.send(topic, key=topic.encode(), value=value, partition=chance.randrange(PARTITIONS))
    return len(sending.finish())
