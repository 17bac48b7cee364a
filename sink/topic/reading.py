"""Reading the local topic beside the sinks: as no member of any group, and nothing is committed."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.patience import ANSWER_S, FORBIDDEN, patiently
from sink.settings import SinkSettings
from sink.topic.ahead import Ahead
from sink.topic.local_topic import Unreadable
from sink.topic.offsets import offset_of

BATCH = 100
SILENCE_S = 30.0
"""A broker that says nothing for so long is given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """One partition: what it held when it was looked at, and how far the group of the sinks had come."""

    partition: int
    low: int
    """The first offset that Kafka keeps."""
    end: int
    """The offset behind the last one."""
    passed: int
    """The offset below which the group has settled everything; ``low`` if it has not begun."""
    ahead: Ahead
    """What the group has settled of the others."""
    beginning: int
    """Where to begin to read."""

    @property
    def is_passed(self) -> bool:
        """Whether the group has settled everything."""
        return self.passed >= self.end


class Reading:
    """Reads the topic of the records once. What Kafka does not let it read is `Unreadable`. Not thread-safe."""

    def __init__(self, settings: SinkSettings) -> None:
        self.topic = settings.kafka_topic
        self._settings = settings
        self._left: dict[int, int] = {}
        client = kafka.connection(settings) | {
            "group.id": settings.sink_group_id,  # asked for its offsets, and never joined
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "fetch.message.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
            "queued.max.messages.kbytes": 16 * 1024,
        }
        self._consumer = Consumer(client, logger=kafka.log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def look(self, since: datetime | None = None) -> list[Stretch]:
        """Return each partition; reading is to begin where the group goes on, or with what came at ``since``."""
        try:
            return patiently(lambda: self._look(since), seconds=self._settings.kafka_connect_timeout_s)
        except KafkaException as error:
            raise self._unreadable(error.args[0]) from error

    def read(self, stretches: Iterable[Stretch]) -> Iterator[Message]:
        """Yield the messages up to the ends that were seen; those of a partition in order."""
        stretches = [one for one in stretches if one.beginning < one.end]
        self._left = {one.partition: one.end for one in stretches}
        self._consumer.incremental_assign(
            [TopicPartition(self.topic, one.partition, one.beginning) for one in stretches]
        )
        give_up_at = time.monotonic() + SILENCE_S
        while self._left:
            messages = self._consumer.consume(BATCH, timeout=0.5)
            if not messages and time.monotonic() >= give_up_at:
                raise Unreadable(f"{self.topic}: the broker says nothing for {SILENCE_S:.0f} s")
            for message in messages:
                yield from self._wanted(message)
            if messages:
                give_up_at = time.monotonic() + SILENCE_S

    def leave(self, partition: int) -> None:
        """Read nothing more of ``partition``."""
        if self._left.pop(partition, None) is not None:
            self._consumer.incremental_unassign([TopicPartition(self.topic, partition)])

    def _wanted(self, message: Message) -> Iterator[Message]:
        partition, error = message.partition(), message.error()
        if partition is None or partition not in self._left:
            if error is not None:
                self._heard(error)
            return
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # librdkafka's own codes begin so
                self.leave(partition)
            else:
                self._heard(error)
            return
        offset, end = offset_of(message), self._left[partition]
        if offset + 1 >= end:
            self.leave(partition)
        if offset < end:
            yield message

    def _heard(self, error: KafkaError) -> None:
        if error.fatal() or error.code() in FORBIDDEN:
            raise self._unreadable(error)
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # librdkafka's own codes begin so
            kafka.log_error(error)

    def _look(self, since: datetime | None) -> list[Stretch]:
        found = self._consumer.list_topics(self.topic, timeout=ANSWER_S).topics[self.topic]
        if found.error is not None:
            if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise Unreadable(
                    f"there is no topic {self.topic}: has a processor or a sink ever run, and is KAFKA_TOPIC right?"
                )
            raise KafkaException(found.error)
        parts = [TopicPartition(self.topic, number) for number in sorted(found.partitions)]
        # The committed offsets first: an end that was asked for earlier could lie below them.
        committed = self._consumer.committed(parts, timeout=ANSWER_S)
        marks = [self._consumer.get_watermark_offsets(part, timeout=ANSWER_S) for part in parts]
        starts = [part.offset for part in committed] if since is None else self._at(since, parts)
        return [
            _stretch(stored, low, end, start)
            for stored, (low, end), start in zip(committed, marks, starts, strict=True)
        ]

    def _at(self, since: datetime, parts: Sequence[TopicPartition]) -> list[int]:
        moment = max(0, round(since.timestamp() * 1000))
        asked = [TopicPartition(part.topic, part.partition, moment) for part in parts]
        found = {one.partition: one.offset for one in self._consumer.offsets_for_times(asked, timeout=ANSWER_S)}
        ends = {part.partition: self._consumer.get_watermark_offsets(part, timeout=ANSWER_S)[1] for part in parts}
        return [found[part.partition] if found[part.partition] >= 0 else ends[part.partition] for part in parts]

    def _unreadable(self, error: KafkaError) -> Unreadable:
        return Unreadable(
            f"cannot read the topic {self.topic}: {error.str()} ({error.name()}); is Kafka at "
            f"{self._settings.kafka_bootstrap_servers} running, and is KAFKA_BOOTSTRAP_SERVERS right?"
        )


def _stretch(stored: TopicPartition, low: int, end: int, beginning: int) -> Stretch:
    """Return a partition; of ``stored``, what the group has committed, an offset beyond the end is another topic's."""
    is_valid = 0 <= stored.offset <= end
    passed = max(low, stored.offset) if is_valid else low
    return Stretch(
        partition=stored.partition,
        low=low,
        end=end,
        passed=passed,
        ahead=Ahead(stored.metadata or "", end=end) if is_valid else Ahead(),
        beginning=max(low, beginning) if 0 <= beginning <= end else low,
    )
