"""The local topic as the sinks' group has passed it: what is there, and how what was there ended."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, TopicPartition

from runtime import kafka
from runtime.patience import once_coordinated
from runtime.settings import ProcessSettings
from sink.settings import ConsumerGroupSettings
from sink.topic.ahead import Ahead
from sink.topic.offsets import appended_at
from sink.topic.tally import Tally

PATIENCE_S = 10.0
FETCH_S = 5.0

RETENTION = "retention.ms"


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """One partition of the local topic."""

    number: int
    begins: int
    """Offset of the oldest record that Kafka keeps."""
    ends: int
    """Offset behind the newest record."""
    passed: int
    """The group's committed offset; the topic's beginning where it has committed none."""
    tally: Tally
    """How the records below ``passed`` ended, and those that were delivered ahead of others."""
    waiting: int
    """Records that are not settled, as far as it is committed."""
    expired: int
    """Of the records above ``passed``, those that Kafka has deleted: nobody will read them."""
    oldest_at: float
    """When the oldest waiting record was appended, as time.time() has it; 0 if none waits or it cannot be read."""

    def behind_s(self, now: float) -> float:
        """Return for how many seconds the oldest record has waited."""
        return max(0.0, now - self.oldest_at) if self.oldest_at else 0.0

    def headroom_s(self, now: float, retention_s: float) -> float:
        """Return the seconds until Kafka deletes the oldest waiting record."""
        return retention_s - self.behind_s(now)


def partitions(settings: ConsumerGroupSettings) -> list[Partition]:
    """Return the state of each partition; none if there is no topic. Raises KafkaException if the broker is silent."""
    client = {"group.id": settings.sink_group_id, "enable.auto.commit": False}  # joins no group, as it subscribes none
    consumer = Consumer(kafka.connection(settings) | client, logger=kafka.log)
    try:
        topic = consumer.list_topics(timeout=PATIENCE_S).topics.get(settings.kafka_topic)
        numbers = sorted(topic.partitions) if topic else []
        asked = [TopicPartition(settings.kafka_topic, number) for number in numbers]
        # What is passed first: what is appended meanwhile then waits, and is not too much.
        stored = once_coordinated(lambda: consumer.committed(asked, timeout=PATIENCE_S)) if asked else []
        found = [_partition(consumer, one) for one in stored]
        return _with_ages(consumer, settings.kafka_topic, found)
    finally:
        consumer.close()


def retention_s(settings: ProcessSettings) -> float:
    """Return for how long the local topic keeps a record, in seconds, as it was created."""
    return settings.kafka_topic_retention_days * 86_400


def _partition(consumer: Consumer, stored: TopicPartition) -> Partition:
    low, high = consumer.get_watermark_offsets(stored, timeout=PATIENCE_S)
    metadata = stored.metadata or ""
    if stored.offset < 0:
        passed, tally, ahead = low, Tally(before=low), Ahead()
    else:
        passed, tally = stored.offset, Tally.read(metadata, stored.offset)
        ahead = Ahead(metadata, end=high)
    delivered = ahead.below(high)
    gone = max(0, low - passed - ahead.below(low).total)
    return Partition(
        number=stored.partition,
        begins=low,
        ends=high,
        passed=passed,
        tally=tally.plus(delivered),
        waiting=max(0, high - max(passed, low) - (delivered.total - ahead.below(low).total)),
        expired=gone,
        oldest_at=0.0,
    )


def _with_ages(consumer: Consumer, topic: str, found: Sequence[Partition]) -> list[Partition]:
    """Return the partitions with the age of the oldest record that waits in each."""
    waiting = {one.number: max(one.passed, one.begins) for one in found if one.waiting}
    ages: dict[int, float] = {}
    if waiting:
        consumer.assign([TopicPartition(topic, number, offset) for number, offset in waiting.items()])
    deadline = time.monotonic() + FETCH_S
    while len(ages) < len(waiting) and time.monotonic() < deadline:
        for message in consumer.consume(100, timeout=0.2):
            number = message.partition()
            if message.error() is None and number is not None and number not in ages:
                ages[number] = appended_at(message)
                consumer.pause([TopicPartition(topic, number)])
    return [
        Partition(**{name: getattr(one, name) for name in one.__slots__} | {"oldest_at": ages.get(one.number, 0.0)})
        for one in found
    ]
