"""Publishing as Fink does: schema in the key, at least once, and in no order."""

import heapq
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from demo.fink.alert import FinkAlert, encode

PARTITIONS = 10
"""Of a topic of Fink's, in either survey."""

LARGEST_MESSAGE = 16 * 1024 * 1024
_PATIENCE_SECONDS = 60.0
_BY_KEY = -1
"""librdkafka's word for: let the partitioner choose."""

_QUIET = {"log_level": 2}
"""Nothing of librdkafka's own: what goes wrong for good is raised, and at the end the broker goes first."""


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
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, **_QUIET})

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
        for created in self._admin.create_topics(wanted, operation_timeout=_PATIENCE_SECONDS).values():
            try:
                created.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        deadline = time.monotonic() + _PATIENCE_SECONDS
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
        sending = _Sending(self._bootstrap_servers)
        for message in _shuffled(_messages(alerts, chance, twice), chance, disorder):
            if message.topic not in partitions:
                raise LookupError(f"no topic {message.topic} on {self._bootstrap_servers}: create_topics first")
            random = message.alert.survey == "lsst"
            sending.send(message, chance.randrange(partitions[message.topic]) if random else _BY_KEY)
        return sending.finish()

    def _partitions(self) -> dict[str, int]:
        """Return how many partitions each topic has that the broker shows."""
        topics = self._admin.list_topics(timeout=_PATIENCE_SECONDS).topics
        return {
            name: len(topic.partitions) for name, topic in topics.items() if topic.error is None and topic.partitions
        }


@dataclass(frozen=True, kw_only=True)
class _ToSend:
    topic: str
    alert: FinkAlert
    key: bytes
    value: bytes


class _Sending:
    """Messages on their way, and what became of them."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "message.max.bytes": LARGEST_MESSAGE,
                "queue.buffering.max.kbytes": 64 * 1024,
                "message.timeout.ms": int(_PATIENCE_SECONDS * 1000),
                # So that only the copies which are meant to be there are doubled.
                "enable.idempotence": True,
                # While a new topic's leader starts, it may refuse a producer's first batch and accept the second. The
                # first, sent again, then passes for a duplicate: acknowledged, without an offset, and lost.
                "max.in.flight": 1,
                # Of Java, in which Fink's producer is written.
                "partitioner": "murmur2_random",
                **_QUIET,
            }
        )
        self._sent = 0
        self._acknowledged: dict[int, Published] = {}
        self._refused: list[KafkaError] = []

    def send(self, wanted: _ToSend, partition: int) -> None:
        """Hand one message to Kafka; waits while too much is on its way."""
        index = self._sent

        def delivered(error: KafkaError | None, message: "Message[bytes, bytes]") -> None:
            if error is not None:
                self._refused.append(error)
                return
            self._acknowledged[index] = Published(
                topic=wanted.topic,
                partition=_known(message.partition()),
                offset=_known(message.offset()),
                alert=wanted.alert,
            )

        while True:
            try:
                self._producer.produce(
                    wanted.topic, key=wanted.key, value=wanted.value, partition=partition, on_delivery=delivered
                )
                break
            except BufferError:
                self._producer.poll(0.1)  # bounded by message.timeout.ms: what cannot be sent leaves the queue
        self._sent += 1
        self._producer.poll(0)
        self._raise_refused()

    def finish(self) -> list[Published]:
        """Wait for every acknowledgement."""
        waiting = self._producer.flush(2 * _PATIENCE_SECONDS)
        self._raise_refused()
        if waiting:
            raise TimeoutError(f"{waiting} of {self._sent} messages are not acknowledged")
        return [self._acknowledged[index] for index in range(self._sent)]

    def _raise_refused(self) -> None:
        if self._refused:
            raise KafkaException(self._refused[0])


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


def _known(number: int | None) -> int:
    if number is None:
        raise LookupError("Kafka acknowledged a message without saying where it is: it may be lost, publish again")
    return number
