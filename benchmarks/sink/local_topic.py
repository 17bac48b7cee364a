"""A local topic of a benchmark's own: what was published to it, and how much of that the sinks have settled."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from benchmarks.sink.account import Key
from benchmarks.sink.contestant import Lost, key
from schemas import codec, names
from schemas.record import SkyPortalAlert

PARTITIONS = 12
PATIENCE_S = 60.0

_LARGEST_BYTES = 8 * 1024 * 1024
_QUIET = {"log_level": 2}


class LocalTopic:
    """A new topic, and the consumer group that reads it."""

    def __init__(self, bootstrap_servers: str) -> None:
        unique = uuid.uuid4().hex[:12]
        self.bootstrap_servers = bootstrap_servers
        self.name, self.group = f"bench.{unique}", f"bench-{unique}"
        self.rejected = self.name + names.REJECTED_TOPIC.removeprefix(names.ALERTS_TOPIC)
        self.published_at: dict[Key, float] = {}
        """When the broker had each alert, as time.time() has it."""
        self._keys: defaultdict[int, dict[int, Key]] = defaultdict(dict)
        """Of each partition, which alert is at an offset."""
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, **_QUIET})
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "message.max.bytes": _LARGEST_BYTES,
                "compression.type": "zstd",
                "max.in.flight": 1,
                **_QUIET,
            }
        )
        config = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(_LARGEST_BYTES)}
        self._admin.create_topics([NewTopic(self.name, PARTITIONS, 1, config=config)])[self.name].result(PATIENCE_S)

    def publish(self, alerts: Iterable[SkyPortalAlert]) -> None:
        """Publish records as the processor does, and return when the broker has them. Raises `Lost`."""
        for alert in alerts:
            self.send(alert)
        if left := self._producer.flush(PATIENCE_S):
            raise Lost(f"Kafka has not taken {left} records")

    def send(self, alert: SkyPortalAlert) -> None:
        """Publish one record; it may be on its way yet."""
        said = key(alert)
        while True:
            try:
                self._producer.produce(
                    self.name,
                    key=alert.obj_id.encode(),
                    value=codec.encode(alert),
                    on_delivery=lambda error, message: self._sent(said, error, message),
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def settled(self) -> set[Key]:
        """Return the alerts that the group has passed."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": self.group, **_QUIET})
        try:
            asked = [TopicPartition(self.name, number) for number in range(PARTITIONS)]
            found = consumer.committed(asked, timeout=PATIENCE_S)
        finally:
            consumer.close()
        passed: Mapping[int, int] = {one.partition: one.offset for one in found}
        return {
            said
            for partition, keys in self._keys.items()
            for offset, said in keys.items()
            if offset < passed[partition]
        }

    def dead_letters(self) -> int:
        """Return how many records were put aside."""
        if self.rejected not in self._admin.list_topics(timeout=PATIENCE_S).topics:
            return 0
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # theirs
        asked = {TopicPartition(self.rejected, number): latest for number in range(PARTITIONS)}
        return sum(answer.result(PATIENCE_S).offset for answer in self._admin.list_offsets(asked).values())

    def delete(self) -> None:
        """Delete the topic and the dead letters."""
        found = self._admin.list_topics(timeout=PATIENCE_S).topics
        ours = [name for name in found if name.startswith(self.name)]
        for deleted in self._admin.delete_topics(ours, operation_timeout=PATIENCE_S).values():
            deleted.result()

    def _sent(self, said: Key, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise KafkaException(error)
        partition, offset = message.partition(), message.offset()
        if partition is None or offset is None:
            raise Lost("Kafka has taken a record and does not say where it is")
        self._keys[partition][offset] = said
        self.published_at[said] = message.timestamp()[1] / 1000
