"""What changes rarely at the local Kafka, looked at once a minute: how long a topic is kept, and the broker's disk."""

import contextlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from runtime import kafka, topics
from runtime.brokers import broker_settings
from runtime.disk import folders_here
from runtime.gauges import Values, alone
from runtime.settings import ProcessSettings

EVERY_S = 60.0
ANSWER_S = 10.0


class LocalBroker:
    """Remembers what it saw last. One thread looks, any may ask."""

    def __init__(self, settings: ProcessSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._admin = AdminClient(kafka.connection(settings), logger=kafka.log)
        self._topic = settings.kafka_topic
        self._clock = clock
        self._due = 0.0
        self._folders: Sequence[Path] = ()
        self._free: Values = {}
        self._size: Values = {}
        self.retention_s = settings.kafka_topic_retention_days * 86_400
        """For how long the topic keeps a record: by its own setting once that is known. Infinite if it is for ever."""

    def look(self) -> None:
        """Look if it is time; a broker that is silent leaves what was known of it."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + EVERY_S
        self._admin.poll(0)  # else what the client says of its connection would pile up
        # The disk of a broker that is away is looked at all the same: it may be away because that is full.
        with contextlib.suppress(KafkaException, topics.TopicUnusable):
            self._ask()
        self._measure()

    def disk_free_bytes(self) -> Values:
        """Return what is free on the broker's disk; of several, the one with the least. Nothing if it is not seen."""
        return self._free

    def disk_size_bytes(self) -> Values:
        """Return the size of that disk."""
        return self._size

    def _ask(self) -> None:
        if not self._folders:
            cluster = self._admin.list_topics(timeout=ANSWER_S)
            self._folders = folders_here(broker_settings(self._admin, cluster), cluster)
        kept_ms = float(topics.configuration(self._admin, self._topic)["retention.ms"])
        self.retention_s = kept_ms / 1000 if kept_ms >= 0 else float("inf")

    def _measure(self) -> None:
        try:
            disks = [shutil.disk_usage(folder) for folder in self._folders]
        except OSError:
            disks = []
        fullest = min(disks, key=lambda disk: disk.free, default=None)
        self._free = alone(float(fullest.free)) if fullest else {}
        self._size = alone(float(fullest.total)) if fullest else {}
