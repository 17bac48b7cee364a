"""Fink's Data Transfer: past nights in topics of their own, whose schema stands in a topic beside each."""

import logging
import time
from collections import deque
from collections.abc import Sequence

from confluent_kafka import KafkaException, Message, TopicPartition

from processor.convert import FinkSurvey
from processor.fink import FinkConsumer
from processor.fink_security import AS_FINK_CLIENT, Security
from processor.message import place
from processor.peek import PATIENCE_S, Nothing, NoTopic, Peek
from processor.schema import parse

log = logging.getLogger(__name__)

PREFIX = "ftransfer_"
SCHEMA_SUFFIX = "_schema"

LOOK_EVERY_S = 2.0
"""Between two looks for what is missing."""

NEEDED = {FinkSurvey.ZTF: {"objectId", "candidate"}, FinkSurvey.LSST: {"diaSource"}}
"""Without these fields a packet is no alert that could be converted."""


class TransferUnusable(Exception):
    """Each message of a transfer would be a dead letter: it must be made anew, or be left out."""


class _NotYet(Exception):
    """There is no schema of a transfer, and there may be one later."""


class TransferConsumer(FinkConsumer):
    """Reads each transfer as soon as its schema is known; those without one wait, and hold up no other.

    No message is handed out whose schema is not known. A schema is read once: Fink never uses a topic's name again.
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
        super().__init__(
            survey=survey,
            topics=(),
            servers=servers,
            group_id=group_id,
            username=username,
            password=password,
            security=security,
        )
        self._schemas: dict[str, bytes] = {}
        self._waiting = deque(topics)
        self._said_of: dict[str, str] = {}
        self._unfinished: set[str] = set()
        self._look_at = 0.0
        self._peek = Peek(self._kafka_config | {"group.id": group_id + SCHEMA_SUFFIX})

    def schema_of(self, message: Message) -> bytes | None:
        """Return the schema that the alert in ``message`` is written with: its key if that is one, else the topic's.

        Fink's key here is the name of the topic.
        """
        key = message.key()
        return key if key is not None and key.startswith(b"{") else self._schemas[place(message).topic]

    def batch(self, *, timeout: float) -> list[Message]:
        """Return messages, as `FinkConsumer.batch` does. Raises `TransferUnusable` too."""
        looking = time.monotonic() >= self._look_at
        if looking:
            self._look_for_schemas()
        messages = super().batch(timeout=timeout)
        self._unfinished.update(place(message).topic for message in messages)
        if looking:
            if not messages:
                self._look_for_ends()
            self._look_at = time.monotonic() + LOOK_EVERY_S
        return messages

    def close(self) -> None:
        """Commit what is done and leave the group; a Fink that is silent is not waited for."""
        super().close()
        self._peek.close()

    def _look_for_schemas(self) -> None:
        found: list[str] = []
        give_up_at = time.monotonic() + PATIENCE_S
        for _ in range(len(self._waiting)):
            topic = self._waiting.popleft()
            try:
                self._schemas[topic] = self._schema(topic)
            except _NotYet as reason:
                self._waiting.append(topic)
                self._warn(topic, str(reason))
            else:
                found.append(topic)
                log.info("found its schema topic=%s", topic)
            if time.monotonic() > give_up_at:  # the others come first next time
                break
        if found:
            self._unfinished.update(found)
            self.read(found)

    def _warn(self, topic: str, reason: str) -> None:
        if self._said_of.get(topic) != reason:
            self._said_of[topic] = reason
            log.warning("not read yet topic=%s: %s", topic, reason)

    def _schema(self, topic: str) -> bytes:
        beside = topic + SCHEMA_SUFFIX
        try:
            key = self._peek.newest_key(beside)
        except NoTopic as error:
            raise _NotYet(
                f"there is no topic {beside}, which tells how to read it; is the name the one that Fink's portal gave, "
                "and the transfer less than a week old?"
            ) from error
        except Nothing as error:
            raise _NotYet(
                f"{beside}, which tells how to read it, is empty; if that lasts, make the transfer anew"
            ) from error
        except KafkaException as error:
            raise _NotYet(f"{beside}, which tells how to read it, does not answer ({error.args[0].name()})") from error
        check_schema(topic, key, FinkSurvey(self.survey))
        return key

    def _look_for_ends(self) -> None:
        """Say which transfers the group has read to their ends, whichever of its members did."""
        for topic in sorted(self._unfinished):
            try:
                held = self._peek.held(topic)
                wanted = [TopicPartition(topic, number) for number in held]
                done = self._consumer.committed(wanted, timeout=PATIENCE_S) if wanted else []
            except NoTopic:
                continue
            except KafkaException:
                return  # whatever it is hinders the reading too, which says so
            if held and all(part.offset >= held[part.partition].high for part in done):
                self._unfinished.remove(topic)
                log.info(
                    "read to its end topic=%s messages=%d", topic, sum(one.high - one.low for one in held.values())
                )


def check_schema(topic: str, key: bytes, survey: FinkSurvey) -> None:
    """Raise `TransferUnusable` unless ``key``, of the topic beside a transfer, is a schema of alerts of ``survey``."""
    try:
        schema = parse(key)
    except Exception as error:  # fastavro and json raise what they happen to stumble over
        raise TransferUnusable(
            f"{topic}{SCHEMA_SUFFIX} holds no schema ({type(error).__name__}: {error}), and without it no alert of "
            f"{topic} can be read: make the transfer anew at Fink's portal, or take it out of FINK_TOPICS"
        ) from error
    fields = schema.get("fields", ()) if isinstance(schema, dict) else ()
    if missing := NEEDED[survey] - {field["name"] for field in fields}:
        raise TransferUnusable(
            f"{topic} holds no alerts of {survey}, but packets without {' and '.join(sorted(missing))}: make "
            "the transfer anew at Fink's portal with the content 'Full packet', correct FINK_SURVEY, or take it "
            "out of FINK_TOPICS"
        )
