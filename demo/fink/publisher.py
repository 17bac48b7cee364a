"""Publishing as Fink does: schema in the key, at least once, and in no order."""

import heapq
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from demo.fink.alert import FinkAlert, encode
from demo.fink.sending import BY_KEY, LARGEST_MESSAGE, PATIENCE_SECONDS, QUIET, Sending

PARTITIONS = 10
"""Of a topic of Fink's, in either survey."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One message that the broker has acknowledged."""

    topic: str
    partition: int
    offset: int
    alert: FinkAlert


class FinkPublisher:
    """A Fink for the broker at ``bootstrap_servers``."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, **QUIET})

    def create_topics(self, topics: Mapping[str, int] | Iterable[str]) -> None:
        """Create topics with that many partitions, else ten; those that exist stay as they are.

        Returns when the broker shows them all. They take messages of several MB.
        """
        partitions = dict(topics) if isinstance(topics, Mapping) else dict.fromkeys(topics, PARTITIONS)
        if not partitions:
            return
        wanted = [
            NewTopic(name, count, config={"max.message.bytes": str(LARGEST_MESSAGE)})
            for name, count in partitions.items()
        ]
        for created in self._admin.create_topics(wanted, operation_timeout=PATIENCE_SECONDS).values():
            try:
                created.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        deadline = time.monotonic() + PATIENCE_SECONDS
        while missing := partitions.keys() - self._partitions().keys():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self._bootstrap_servers} does not show {', '.join(sorted(missing))} after creation"
                )

    def publish(
        self, alerts: Iterable[FinkAlert], *, seed: int = 0, twice: float = 0.05, disorder: int = 20
    ) -> list[Published]:
        """Publish every alert to each of its topics, and return what the broker has acknowledged, in the order sent.

        That share of the messages is sent ``twice``, and each is up to ``disorder`` places away from where it belongs;
        ``seed`` decides which, and the partitions of Rubin's. ZTF's share a key, so a
        partition. A topic must exist. Raises KafkaException when a message is not acknowledged, LookupError when
        it is and Kafka cannot say where; what was published by then stays published.
        """
        chance = Random(seed)
        partitions = self._partitions()
        sending = Sending(self._bootstrap_servers)
        sent: list[tuple[str, FinkAlert]] = []
        for message in _shuffled(_messages(alerts, chance, twice), chance, disorder):
            if message.topic not in partitions:
                raise LookupError(f"no topic {message.topic} on {self._bootstrap_servers}: create_topics first")
            random = message.alert.survey == "lsst"
            partition = chance.randrange(partitions[message.topic]) if random else BY_KEY
            sending.send(message.topic, key=message.key, value=message.value, partition=partition)
            sent.append((message.topic, message.alert))
        return [
            Published(topic=topic, partition=partition, offset=offset, alert=alert)
            for (topic, alert), (partition, offset) in zip(sent, sending.finish(), strict=True)
        ]

    def _partitions(self) -> dict[str, int]:
        """Return how many partitions each topic has that the broker shows."""
        topics = self._admin.list_topics(timeout=PATIENCE_SECONDS).topics
        return {
            name: len(topic.partitions) for name, topic in topics.items() if topic.error is None and topic.partitions
        }


@dataclass(frozen=True, kw_only=True)
class _ToSend:
    topic: str
    alert: FinkAlert
    key: bytes
    value: bytes


def _messages(alerts: Iterable[FinkAlert], chance: Random, twice: float) -> Iterator[_ToSend]:
    for alert in alerts:
        key, value = encode(alert)
        for topic in alert.topics:
            message = _ToSend(topic=topic, alert=alert, key=key, value=value)
            yield message
            if chance.random() < twice:
                yield message


def _shuffled(messages: Iterable[_ToSend], chance: Random, disorder: int) -> Iterator[_ToSend]:
    """Yield each message less than ``disorder`` places from its own, keeping no more than that many."""
    waiting: list[tuple[float, int, _ToSend]] = []
    for index, message in enumerate(messages):
        heapq.heappush(waiting, (index + chance.random() * disorder, index, message))
        while waiting and waiting[0][0] <= index:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
