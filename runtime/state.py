"""The state topic: the latest word of each process, and of the operator, to everybody who listens."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.publisher import Delivery, Publisher
from runtime.settings import ProcessSettings
from runtime.topics import BrokerUnreachable

BATCH = 500
ANSWER_S = 5.0
"""For each question to the broker."""

PARTITION = 0
"""The only one, if the topic is as we create it; then all words stand in one order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What somebody said last under a key."""

    value: Mapping[str, Any]
    """A JSON object."""
    appended_at: datetime
    """When the broker got it, UTC."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A word was taken back, or the topic that held it is gone."""


GONE = Gone()


class StateTopic:
    """Says words, and takes them back. The topic must exist: `topics.prepare` creates it. Thread-safe."""

    def __init__(self, publisher: Publisher, settings: ProcessSettings) -> None:
        self._publisher = publisher
        self._topic = settings.state_topic

    def say(self, key: str, value: Mapping[str, Any]) -> Delivery:
        """Replace the word of ``key``; returns at once, and only `wait` says whether it has arrived.

        While the broker is away each word waits in memory: who reports again and again looks at ``Delivery.done`` of
        the last report first. Raises ValueError or TypeError for what is no JSON.
        """
        return self._publish(key, json.dumps(value, allow_nan=False).encode())

    def unsay(self, key: str) -> Delivery:
        """Delete the word of ``key``, if there is one; returns at once, as `say` does."""
        return self._publish(key, None)

    def poll(self) -> None:
        """Let the words that the broker has acknowledged, or refused, know it."""
        self._publisher.poll()

    def wait(self, delivery: Delivery, *, patience_s: float) -> None:
        """Wait until the broker has acknowledged a word. Raises `NotPublished` if it refuses, or is silent so long."""
        deadline, enough = time.monotonic() + patience_s, Event()

        def look() -> None:
            if time.monotonic() >= deadline:
                enough.set()

        self._publisher.wait([delivery], stop=enough, keep_alive=look)
        delivery.confirm()

    def _publish(self, key: str, value: bytes | None) -> Delivery:
        return self._publisher.publish(self._topic, key=key.encode(), value=value, partition=PARTITION)


class Listener:
    """Hears what is said in the state topic, from its beginning on. Used by one thread at a time; in no group.

    It goes on by itself when a broker comes back, and begins anew where the topic was deleted and made anew: what the
    new one does not say is gone. A new topic that is longer already than the old one was is read from there only.
    """

    def __init__(self, settings: ProcessSettings) -> None:
        self._settings = settings
        self._topic = settings.state_topic
        self._words: dict[str, Word] = {}
        self._untold: dict[str, Word | Gone] = {}
        self._next = 0
        self._at_end = False
        """Whether the end has been reached since the beginning."""
        self._trouble = "no answer"
        client = kafka.connection(settings) | {
            "group.id": "fink-skyportal-state",  # it never joins, but librdkafka wants one
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "topic.metadata.refresh.interval.ms": 10_000,
            "queued.max.messages.kbytes": 1024,
        }
        self._consumer = Consumer(client, logger=kafka.log)
        self._consumer.assign([TopicPartition(self._topic, PARTITION, OFFSET_BEGINNING)])

    @property
    def words(self) -> Mapping[str, Word]:
        """The latest word of each key, as far as it has heard."""
        return dict(self._words)

    def news(self) -> Mapping[str, Word | Gone]:
        """Return the latest of each key that has changed since the last call; never waits, never raises.

        What was said before it began to listen comes in one piece, so that nobody acts on words that were taken back.
        """
        self._hear(0)
        if not self._at_end:
            return {}
        untold, self._untold = self._untold, {}
        return untold

    def catch_up(self) -> None:
        """Wait until it has heard all that is said; a topic that does not exist says nothing.

        Raises `BrokerUnreachable` if that takes more than ``kafka_connect_timeout_s``.
        """
        deadline = time.monotonic() + self._settings.kafka_connect_timeout_s
        end = math.inf
        while not self._at_end:
            if time.monotonic() >= deadline:
                raise BrokerUnreachable(
                    f"cannot read the topic {self._topic} at {self._settings.kafka_bootstrap_servers} "
                    f"({self._trouble}): is Kafka running, and is KAFKA_BOOTSTRAP_SERVERS right?"
                )
            if end == math.inf:
                end = self._end(patience_s=min(ANSWER_S, max(1.0, deadline - time.monotonic())))
            self._hear(0.1)
            if self._next >= end:  # while others talk all the time, librdkafka reports no end
                self._at_end = True

    def close(self) -> None:
        """Hear nothing more."""
        self._consumer.close()

    def _end(self, *, patience_s: float) -> float:
        """Return the offset of the next word, 0 if there is no topic; infinity if the broker does not say."""
        try:
            if self._topic not in self._consumer.list_topics(timeout=patience_s).topics:  # by name, it could be created
                return 0
            _low, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, PARTITION), timeout=patience_s
            )
        except KafkaException as error:
            self._trouble = error.args[0].str()
            return math.inf
        return int(high)

    def _hear(self, timeout_s: float) -> None:
        try:
            messages = self._consumer.consume(BATCH, timeout=timeout_s)
        except KafkaException as failure:
            self._trouble = failure.args[0].str()
            kafka.log_error(failure.args[0])
            return
        for message in messages:
            error = message.error()
            if error is None:
                self._place(message)
                self._take(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # librdkafka's own codes begin so
                self._place(message)
                self._next -= 1  # nothing stands there yet
                self._at_end = True
            else:
                self._trouble = error.str()
                kafka.log_error(error)

    def _place(self, message: Message) -> None:
        """Note how far it has heard; forget everything where the topic begins again."""
        offset = message.offset() or 0
        if offset < self._next:
            self._untold = dict.fromkeys(self._words, GONE)
            self._words = {}
            self._at_end = False
        self._next = offset + 1

    def _take(self, message: Message) -> None:
        try:
            key, word = _read(message)
        except ValueError as error:
            kafka.log.warning("topic=%s offset=%s is no word: %s", self._topic, message.offset(), error)
            return
        self._untold[key] = word
        if isinstance(word, Word):
            self._words[key] = word
        else:
            self._words.pop(key, None)


def read(settings: ProcessSettings) -> dict[str, Word]:
    """Return the latest word of each key; none if the topic does not exist. Raises as `Listener.catch_up` does."""
    listener = Listener(settings)
    try:
        listener.catch_up()
        return dict(listener.words)
    finally:
        listener.close()


def _read(message: Message) -> tuple[str, Word | Gone]:
    """Return key and word of a message. Raises ValueError if it is none."""
    key, value = message.key(), message.value()
    if not key:
        raise ValueError("it has no key")
    if not value:
        return key.decode(), GONE
    said = json.loads(value)
    if isinstance(said, dict):
        _kind, milliseconds = message.timestamp()
        return key.decode(), Word(value=said, appended_at=datetime.fromtimestamp(milliseconds / 1000, UTC))
    raise ValueError("it is no JSON object")
