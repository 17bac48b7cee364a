"""Fink's Kafka, through fink_client: who we are there, and a consumer that forgets nothing by itself."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from fink_client.configuration import load_credentials
from fink_client.consumer import AlertConsumer, _get_kafka_config

from processor.counts import Counts, Outcome
from processor.fink_security import AS_FINK_CLIENT, VARIABLES, Security
from processor.message import place
from runtime import kafka
from runtime.refusals import said_of

log = logging.getLogger(__name__)

UNNOTICED_WAIT_S = 1.0
"""Waits up to this long change nothing; pausing for each of them would throw away what is fetched in advance."""

MEMORY_KBYTES = 64 * 1024
"""Bound on what is fetched in advance."""

BATCH_BYTES = 16 * 1024 * 1024
BATCH = 1_000
STEP = 10
"""A batch is full at so many bytes or messages; ``STEP`` messages more may be in it."""


class FinkFailed(Exception):
    """Fink's consumer cannot go on."""


class CredentialsUnreadable(Exception):
    """There is a credentials file, but not one that finkctl has written."""


def credentials(survey: str) -> dict[str, Any]:
    """Return what ``finkctl`` has stored; nothing if there is no such file. Raises `CredentialsUnreadable`."""
    try:
        found = load_credentials(survey)
    except OSError as error:
        if error.errno is None:  # fink_client's own way of saying that there is no file
            return {}
        raise CredentialsUnreadable(f"cannot read finkctl's credentials of {survey}: {error}") from error
    except Exception as error:
        # Its words quote what stands there: a password that begins with ! or * and has no quotes.
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        where = f", see line {line}" if line else ""
        raise CredentialsUnreadable(f"finkctl's credentials of {survey} are no YAML{where}") from error
    if not isinstance(found, dict):
        raise CredentialsUnreadable(
            f"finkctl's credentials of {survey} are a {type(found).__name__}, not names with values"
        )
    return found


def connection(
    *, servers: str, group_id: str, username: str, password: str, security: Security = AS_FINK_CLIENT
) -> kafka.ClientSettings:
    """Return how fink_client reaches and speaks to Fink's Kafka: with a login only if it has both parts of one."""
    login = {"username": username, "password": password} if username and password else {}
    return {
        **security.over(_get_kafka_config({"bootstrap.servers": servers, "group.id": group_id, **login})),
        "client.id": "fink-skyportal",
    }


class FinkConsumer(AlertConsumer):  # type: ignore[misc]  # fink_client publishes no types
    """A member of Fink's consumer group that hands messages out whole, and lets Fink forget them when told.

    ``username`` and ``password`` are used only together, as fink_client does. Not thread-safe.
    """

    def __init__(
        self,
        *,
        survey: str,
        topics: Sequence[str],
        servers: str,
        group_id: str,
        username: str = "",
        password: str = "",
        security: Security = AS_FINK_CLIENT,
    ) -> None:
        self.survey = survey
        self.schema_path, self.dump_schema = None, False
        self._topics: list[str] = []
        self._kept: list[Message] = []
        self._waiting_since: float | None = None
        self._paused = False
        self._fatal: KafkaError | None = None
        self._troubled_topics: dict[str, int] = {}
        self._troubles: set[int] = set()
        self.counts = Counts(group_id)
        # The base class would make a consumer that commits messages before they are worked on.
        self._kafka_config = {
            **connection(servers=servers, group_id=group_id, username=username, password=password, security=security),
            **kafka.group_member(group_id),
            "error_cb": self._note,
            "max.partition.fetch.bytes": 4 * 1024 * 1024,
            "queued.max.messages.kbytes": MEMORY_KBYTES,
        }
        self._consumer = confluent_kafka.Consumer(self._kafka_config, logger=kafka.log)
        self.read(topics)

    def read(self, topics: Sequence[str]) -> None:
        """Read ``topics`` from now on, beside those that are read already."""
        self._topics += topics
        if self._topics:
            self._consumer.subscribe(
                self._topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
            )

    def schema_of(self, message: Message) -> bytes | None:
        """Return the schema that the alert in ``message`` is written with: Fink sends it in the key."""
        return message.key()

    def consume(self, num_alerts: int = 1, timeout: float = -1) -> list[Message]:
        """Return up to ``num_alerts`` messages, undecoded; events that are no messages are logged instead.

        Raises `FinkFailed` when nothing but a restart helps.
        """
        self._end_of_wait()
        kept, self._kept = self._kept, []
        fresh = self._consumer.consume(max(1, num_alerts - len(kept)), 0 if kept else timeout)
        messages = [message for message in (*kept, *fresh) if self._is_alert(message)]
        if self._fatal is not None:
            raise FinkFailed(f"Fink's consumer cannot go on: {self._fatal.str()} ({self._fatal.name()})")
        try:
            if unknown := self.counts.unknown():
                self.counts.load(self._consumer, unknown)
        except KafkaException as error:  # what was counted before is not known: asked again in the next turn
            self._note(error.args[0])
            self._kept = messages
            return []
        ours = [message for message in messages if self.counts.knows(message)]
        for message in ours:
            self.counts.reached(message)
        return ours

    def batch(self, *, timeout: float) -> list[Message]:
        """Wait up to ``timeout`` seconds for a message, and return it with what is there behind it.

        Bounded by bytes: an LSST alert is a hundred times as large as one of the multi-messenger topics.
        """
        messages = more = self.consume(1, timeout)
        size = _size(messages)
        while more and len(messages) < BATCH and size < BATCH_BYTES:
            more = self.consume(STEP, 0)
            messages += more
            size += _size(more)
        return messages

    def end_of(self, topic: str, partition: int) -> int:
        """Return the offset behind the last message of a partition, as far as it is known; negative before."""
        _low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
        return int(high)

    def keep_alive(self) -> None:
        """Stay a member of the group without reading on. To be called again and again during a wait."""
        now = time.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        if now - self._waiting_since < UNNOTICED_WAIT_S:
            return
        if not self._paused:
            self._paused = True
            self._consumer.pause(self._consumer.assignment())
        message = self._consumer.poll(0)
        if message is not None:  # an event, or a message that was on its way when its partition was paused
            self._kept.append(message)

    def done(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Let Fink forget ``messages``, which are in the order they were handed out, and count what became of each."""
        for end in self.counts.done(messages, outcomes):
            try:
                # Singly: in company, a partition that is no longer ours would pass without a word.
                self._consumer.store_offsets(offsets=[end])
            except KafkaException as error:
                if error.args[0].code() != KafkaError._STATE:  # noqa: SLF001  # librdkafka's own codes begin so
                    raise
                log.info("not ours any more, others read it again topic=%s partition=%d", end.topic, end.partition)

    def close(self) -> None:
        """Commit what is done and leave the group; a Fink that is silent is not waited for."""
        kafka.leave(self._consumer)

    def _end_of_wait(self) -> None:
        self._waiting_since = None
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())

    def _assigned(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        self.counts.expect(partitions)
        # A partition that was paused when it was revoked comes back paused.
        change = consumer.pause if self._paused else consumer.resume
        change(partitions)
        if partitions:
            log.info("assigned %s", _named(partitions))

    def _revoked(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        del consumer
        gone = {(partition.topic, partition.partition) for partition in partitions}
        self._kept = [message for message in self._kept if place(message)[:2] not in gone]
        self.counts.forget(partitions)
        log.info("revoked %s", _named(partitions))

    def _is_alert(self, message: Message) -> bool:
        error, topic = message.error(), place(message).topic
        if error is None:
            self._troubles.clear()
            if self._troubled_topics.pop(topic, None) is not None:
                log.info("reading again topic=%s", topic)
            return True
        if error.fatal():
            self._fatal = error
        elif self._troubled_topics.get(topic) != error.code():
            self._troubled_topics[topic] = error.code()
            log.warning("Fink: topic=%s: %s (%s); it is read as soon as it can be", topic, error.str(), error.name())
        return False

    def _note(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error
        elif error.code() not in self._troubles:
            self._troubles.add(error.code())
            kafka.log.warning("Fink: %s", said_of(error, VARIABLES))


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.key() or b"") + len(message.value() or b"") for message in messages)


def _named(partitions: Sequence[TopicPartition]) -> str:
    numbers: dict[str, list[int]] = {}
    for partition in sorted(partitions, key=lambda partition: (partition.topic, partition.partition)):
        numbers.setdefault(partition.topic, []).append(partition.partition)
    return " ".join(f"{topic}[{','.join(map(str, found))}]" for topic, found in numbers.items())
