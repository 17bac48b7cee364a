"""How many alerts of each of Fink's partitions were published, counted in the commits, so that no crash miscounts."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Literal, Self

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, Message, TopicPartition

from processor import metrics
from processor.message import place, published_at
from schemas.origin import Origin, series

log = logging.getLogger(__name__)

Outcome = Literal["published", "put_aside"]
"""Of a message: a record of it is in the local topic, or a dead letter."""

PATIENCE_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """What became of the messages of one of Fink's partitions, from the offset ``first`` on."""

    first: int
    began: int = 0
    """When Fink published that one, in milliseconds since 1970: of a topic made anew it is later. 0: not known."""
    published: int = 0
    put_aside: int = 0
    expired: int = 0
    """Deleted by Fink before they were read."""

    @property
    def note(self) -> str:
        """What to commit with the offset."""
        return " ".join(f"{name}={number}" for name, number in asdict(self).items())

    @classmethod
    def read(cls, metadata: str, offset: int) -> Self:
        """Take what was committed with ``offset``; where that is something else, count from there on."""
        names = {field.name for field in fields(cls)}
        pairs = [word.partition("=") for word in metadata.split()]
        numbers = {name: int(text) for name, _, text in pairs if name in names and text.isascii() and text.isdecimal()}
        is_whole = numbers.keys() == names and sum(numbers.values()) - numbers["began"] == offset
        return cls(**numbers) if is_whole else cls(first=offset)


Partition = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far one of Fink's partitions has been read, and what became of it."""

    topic: str
    partition: int
    position: int
    """The offset that comes next."""
    count: Count
    read_to: datetime | None
    """When Fink published what was read last, UTC."""


class Counts:
    """The counts of the partitions that are ours at present. What is counted is committed with the offset."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._unknown: set[Partition] = set()
        """Ours, and what was counted before is not known yet."""
        self._counts: dict[Partition, Count | None] = {}
        """None: the group has committed nothing there, its first message will say where it begins."""
        self._reached: dict[Partition, int] = {}
        """The offset that comes next."""
        self._series: dict[Partition, str] = {}
        """Of what was handed out; kept when others read on, since it may be published yet."""
        self._read_to: dict[Partition, datetime | None] = {}

    def expect(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that partitions are ours from now on: their counts are to be loaded before they are worked on."""
        self._unknown |= {(one.topic, one.partition) for one in partitions}

    def unknown(self) -> list[TopicPartition]:
        """Return the partitions whose counts are to be loaded."""
        return [TopicPartition(topic, partition) for topic, partition in sorted(self._unknown)]

    def knows(self, message: Message) -> bool:
        """Say whether a message is of a partition that is ours."""
        return place(message)[:2] in self._counts

    def load(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Ask what was committed. Raises KafkaException if Fink does not say."""
        for stored in consumer.committed(list(partitions), timeout=PATIENCE_S):
            at = stored.topic, stored.partition
            self._unknown.discard(at)
            self._counts[at] = Count.read(stored.metadata or "", stored.offset) if stored.offset >= 0 else None
            if stored.offset >= 0:
                self._reached[at] = stored.offset

    def reached(self, message: Message) -> None:
        """Note that a message is handed out. What lies between it and the one before is gone, and is said."""
        topic, partition, offset = place(message)
        at = topic, partition
        count = self._counts[at] or _begin(message)
        expected = self._reached.get(at, offset)
        if offset < expected:
            log.error("Fink made the topic anew, counting from there topic=%s partition=%d", topic, partition)
            count = _begin(message)
        if offset > expected:
            log.error(
                "lost a range: Fink deleted what was not read yet topic=%s partition=%d offsets=%d..%d alerts=%d",
                topic, partition, expected, offset - 1, offset - expected,
            )  # fmt: skip
            count = replace(count, expired=count.expired + offset - expected)
            metrics.EXPIRED.labels(topic).inc(offset - expected)
        self._counts[at], self._reached[at] = count, offset + 1
        self._series[at] = series(
            group=self._group, topic=topic, partition=partition, first=count.first, began=count.began
        )
        self._read_to[at] = published_at(message)

    def origin(self, message: Message, *, is_late: bool = False) -> Origin:
        """Return where a message that was handed out comes from, as its record will say."""
        topic, partition, offset = place(message)
        return Origin(series=self._series[topic, partition], offset=offset, is_late=is_late)

    def done(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> list[TopicPartition]:
        """Count messages, which are in the order they were handed out; return what to store for their partitions."""
        ends: dict[Partition, int] = {}
        gone: set[Partition] = set()
        for message, outcome in zip(messages, outcomes, strict=True):
            topic, partition, offset = place(message)
            count = self._counts.get((topic, partition))
            if count is None:
                gone.add((topic, partition))
                continue
            ends[topic, partition] = offset + 1
            self._counts[topic, partition] = replace(count, **{outcome: getattr(count, outcome) + 1})
        for topic, partition in sorted(gone):
            log.info("not ours any more, others read it again topic=%s partition=%d", topic, partition)
        return [
            TopicPartition(topic, partition, end, metadata=count.note)
            for (topic, partition), end in ends.items()
            if (count := self._counts[topic, partition]) is not None
        ]

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that are not ours any more: others count on."""
        for gone in partitions:
            at = gone.topic, gone.partition
            self._unknown.discard(at)
            for known in (self._counts, self._reached, self._read_to):
                known.pop(at, None)

    def now(self) -> Iterator[Standing]:
        """Yield how each partition stands of which something was ever read."""
        for (topic, partition), count in self._counts.items():
            if count is not None:
                at = topic, partition
                yield Standing(
                    topic=topic,
                    partition=partition,
                    position=self._reached[at],
                    count=count,
                    read_to=self._read_to.get(at),
                )


def _begin(message: Message) -> Count:
    """Return a count that begins with ``message``."""
    kind, milliseconds = message.timestamp()
    return Count(first=place(message).offset, began=0 if kind == TIMESTAMP_NOT_AVAILABLE else max(0, milliseconds))
