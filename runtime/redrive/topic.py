"""A topic of dead letters, read beside everything else: in no group, and nothing is committed."""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.redrive.letter import Letter, NoSuchLetter, RedriveFailed, place_of
from runtime.redrive.waiting import About, Waiting
from runtime.settings import ProcessSettings

SILENCE_S = 60.0
"""A broker that says nothing for so long is given up."""

PIECE_S = 1.0
SILENT = {KafkaError._TIMED_OUT, KafkaError._TRANSPORT}  # noqa: SLF001  # librdkafka's own codes begin so
"""What is said of a broker that has not answered so far."""

BATCH = 100
FETCHED_KBYTES = 16 * 1024
"""Bound on what is fetched in advance."""

Span = tuple[int, int]
"""First offset, and the one after the last."""


class LetterTopic:
    """The topic of one half's dead letters. What Kafka does not let it read is `RedriveFailed`. Not thread-safe.

    A topic that does not exist is an empty one.
    """

    def __init__(self, settings: ProcessSettings, name: str) -> None:
        self.name = name
        self._timeout_s = settings.kafka_connect_timeout_s
        self._servers = settings.kafka_bootstrap_servers
        self._read_up_to: dict[int, int] = {}
        self._client = kafka.connection(settings) | {
            "group.id": f"{name}.redrive",  # librdkafka wants one; it is joined by nobody
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "queued.max.messages.kbytes": FETCHED_KBYTES,
            "fetch.message.max.bytes": kafka.LARGEST_LETTER_BYTES,
        }
        self._consumer = self._new_consumer()  # for questions; each reading has one of its own

    def read_on(self, waiting: Waiting, since: datetime | None = None) -> None:
        """Take what has been appended since the last time, and is there now, into ``waiting``.

        The first time begins with what was appended at ``since``: markers stand behind their letters.
        """
        spans = self._ends()
        starts = self._read_up_to or ({} if since is None else self._starts(spans, since))
        wanted = {number: (max(low, starts.get(number, low)), high) for number, (low, high) in spans.items()}
        for message in self._messages(wanted):
            waiting.add(message)
        self._read_up_to |= {number: high for number, (_low, high) in spans.items()}

    def fetch(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Message]]:
        """Yield ``letters`` with their messages, in the order of each partition.

        What Kafka has let go of meanwhile is left out.
        """
        wanted = {(letter.partition, letter.offset): letter for letter in letters}
        spans: dict[int, Span] = {}
        for number, offset in wanted:
            low, high = spans.get(number, (offset, offset + 1))
            spans[number] = min(low, offset), max(high, offset + 1)
        for message in self._messages(spans):
            letter = wanted.get((message.partition() or 0, message.offset() or 0))
            if letter is not None:
                yield letter, message

    def message(self, letter_id: str) -> Message:
        """Return the message at a letter's place. Raises `NoSuchLetter`."""
        number, offset = place_of(letter_id)
        low, high = self._ends().get(number, (0, 0))
        if low <= offset < high:
            for message in self._messages({number: (offset, offset + 1)}):
                return message
        raise NoSuchLetter(f"no message at {letter_id} in {self.name}: it was never there, or Kafka has let it go")

    def waits(self, letter: Letter) -> bool:
        """Say whether ``letter`` has not been put back, by the markers behind it."""
        _low, high = self._ends().get(letter.partition, (0, 0))
        behind = Waiting(lambda _message, _why: About("", ""))
        for message in self._messages({letter.partition: (letter.offset, high)}):
            behind.add(message)
        return bool(behind.partitions(letter.source))

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()

    def _new_consumer(self) -> Consumer:
        return Consumer(self._client, logger=kafka.log)

    def _ends(self) -> dict[int, Span]:
        self._reach()
        try:
            found = self._consumer.list_topics(self.name, timeout=self._timeout_s).topics[self.name]
            if found.error is not None:
                if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    return {}
                raise KafkaException(found.error)
            parts = [TopicPartition(self.name, number) for number in found.partitions]
            return {
                part.partition: self._consumer.get_watermark_offsets(part, timeout=self._timeout_s) for part in parts
            }
        except KafkaException as error:
            raise self._unreadable(error.args[0]) from error

    def _reach(self) -> None:
        """Wait for a broker, in short pieces: within a question to Kafka nobody hears Ctrl-C."""
        give_up_at = time.monotonic() + self._timeout_s
        while (left := give_up_at - time.monotonic()) > PIECE_S:
            try:
                self._consumer.list_topics(self.name, timeout=PIECE_S)
            except KafkaException as error:
                if error.args[0].code() not in SILENT:
                    raise self._unreadable(error.args[0]) from error
                time.sleep(min(left, 0.1))
            else:
                return

    def _starts(self, spans: Mapping[int, Span], since: datetime) -> dict[int, int]:
        asked = [TopicPartition(self.name, number, max(0, round(since.timestamp() * 1000))) for number in spans]
        try:
            found = self._consumer.offsets_for_times(asked, self._timeout_s) if asked else []
        except KafkaException as error:
            raise self._unreadable(error.args[0]) from error
        ends = {number: high for number, (_low, high) in spans.items()}
        return {one.partition: ends[one.partition] if one.offset in {OFFSET_END, -1} else one.offset for one in found}

    def _messages(self, spans: Mapping[int, Span]) -> Iterator[Message]:
        """Yield the messages in ``spans``, those of a partition in order."""
        left = {number: high for number, (low, high) in spans.items() if low < high}
        if not left:
            return
        consumer = self._new_consumer()
        try:
            consumer.assign([TopicPartition(self.name, number, spans[number][0]) for number in left])
            give_up_at = time.monotonic() + SILENCE_S
            while left:
                # Not all at once: it would wait for the batch to be full.
                messages = consumer.consume(1, timeout=0.5) + consumer.consume(BATCH, timeout=0)
                if messages:
                    give_up_at = time.monotonic() + SILENCE_S
                elif time.monotonic() >= give_up_at:
                    raise RedriveFailed(f"{self.name}: the broker says nothing for {SILENCE_S:.0f} s")
                for message in messages:
                    yield from self._wanted(message, left)
        finally:
            consumer.close()

    def _wanted(self, message: Message, left: dict[int, int]) -> Iterator[Message]:
        """Yield ``message`` if it is of a span, and strike the partition off when its span has been read."""
        number, error = message.partition() or 0, message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # librdkafka's own codes begin so
                left.pop(number, None)
            elif error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise self._unreadable(error)
            return
        end, offset = left.get(number, -1), message.offset() or 0
        if offset + 1 >= end:
            left.pop(number, None)
        if offset < end:
            yield message

    def _unreadable(self, error: KafkaError) -> RedriveFailed:
        return RedriveFailed(
            f"cannot read {self.name}: {error.str()} ({error.name()}); is Kafka at {self._servers} running, "
            "and is KAFKA_BOOTSTRAP_SERVERS right?"
        )
