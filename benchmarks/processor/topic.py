"""A Fink topic for a benchmark, whose messages all appear at once, when everything is ready to read them."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import ConsumerGroupState, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from benchmarks.processor.cases import FinkMessage
from demo.fink import FinkPublisher
from schemas import names

PARTITIONS = 4
PATIENCE_S = 60.0

_LARGEST_BYTES = 16 * 1024 * 1024
_QUIET = {"log_level": 2}


class FinkTopic:
    """A new topic, the local topic that its alerts go to, and the consumer group that reads it."""

    def __init__(self, bootstrap_servers: str) -> None:
        unique = uuid.uuid4().hex[:12]
        self.bootstrap_servers = bootstrap_servers
        self.name, self.local_topic, self.group = f"fink_{unique}", f"bench.{unique}", f"bench-{unique}"
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, **_QUIET})
        FinkPublisher(bootstrap_servers).create_topics({self.name: PARTITIONS})

    @contextmanager
    def withheld(self, messages: Iterable[FinkMessage]) -> Iterator[None]:
        """Publish ``messages``, evenly over the partitions; readers see the first of them when the block ends.

        They are one transaction, and Kafka's consumers wait for its end.
        """
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "transactional.id": self.name,
                "transaction.timeout.ms": 600_000,
                "message.max.bytes": _LARGEST_BYTES,
                "queue.buffering.max.kbytes": 128 * 1024,
                "max.in.flight": 1,
                **_QUIET,
            }
        )
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        for number, message in enumerate(messages):
            _send(producer, self.name, message, number % PARTITIONS)
        producer.flush(PATIENCE_S)
        yield
        producer.commit_transaction(PATIENCE_S)

    def is_shared_by(self, members: int) -> bool:
        """Say whether so many members of the group have equal shares of the partitions; a young broker cannot say."""
        try:
            group = self._admin.describe_consumer_groups([self.group])[self.group].result(PATIENCE_S)
        except KafkaException:
            return False
        shares = [len(member.assignment.topic_partitions) for member in group.members]
        return group.state == ConsumerGroupState.STABLE and shares == [PARTITIONS // members] * members

    def records(self) -> int:
        """Return how many records are in the local topic."""
        return self._end(self.local_topic)

    def dead_letters(self) -> int:
        """Return how many messages were put aside."""
        return self._end(self.local_topic + names.UNDECODABLE_TOPIC.removeprefix(names.ALERTS_TOPIC))

    def delete(self) -> None:
        """Delete the topic and what came of it."""
        cluster = self._admin.list_topics(timeout=PATIENCE_S).topics
        ours = [name for name in cluster if name == self.name or name.startswith(self.local_topic)]
        for deleted in self._admin.delete_topics(ours, operation_timeout=PATIENCE_S).values():
            deleted.result()

    def _end(self, topic: str) -> int:
        partitions = self._admin.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # theirs
        asked = {TopicPartition(topic, number): latest for number in partitions}
        return sum(answer.result(PATIENCE_S).offset for answer in self._admin.list_offsets(asked).values())


def _send(producer: Producer, topic: str, message: FinkMessage, partition: int) -> None:
    while True:
        try:
            producer.produce(topic, key=message.key(), value=message.value(), partition=partition)
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return
