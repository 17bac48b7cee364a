"""The Kafka that a test or a benchmark uses: the one it is given, else one of its own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from demo.kafka.cluster import LocalKafka


@contextmanager
def running_kafka(brokers: int = 1, properties: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield bootstrap servers: $KAFKA_BOOTSTRAP_SERVERS, if that is set; else those of a new LocalKafka.

    A Kafka that is given is used as it is: ``brokers`` and ``properties`` are for a new one, which ends with the block.
    """
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield given
        return
    with LocalKafka(brokers, properties=properties) as kafka:
        yield kafka.bootstrap_servers
