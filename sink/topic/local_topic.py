"""The local topic: reading it as a member of the group, and passing what is settled."""

import logging
import math
import random
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.patience import FORBIDDEN
from schemas.origin import origin_in
from sink.delivery.shards import Load
from sink.settings import SinkSettings
from sink.topic import positions
from sink.topic.account import Account, metadata
from sink.topic.ahead import Ahead
from sink.topic.live_lane import LiveLane
from sink.topic.offsets import Holding, appended_at, offset_of
from sink.topic.positions import Start
from sink.topic.replaced import Replaced
from sink.topic.room import is_full_of_live, is_to_wait

log = logging.getLogger(__name__)

BATCH = 100
ANSWER_TIMEOUT_S = 10.0
"""How long the group waits for our requests when a partition is revoked."""


class Unreadable(Exception):
    """The local topic cannot be read; the text says why, and what to do."""


class Revoked(Protocol):
    """Gives up the records of partitions that are taken away."""

    def __call__(self, holdings: Sequence[Holding], *, wait_s: float) -> None:
        """Start no new request for ``holdings``; return when none is under way, or after ``wait_s`` seconds."""


class LocalTopic:
    """A member of the sinks' consumer group. Used by one thread; the callbacks run in `consume`."""

    def __init__(self, settings: SinkSettings, revoked: Revoked) -> None:
        self._topic = settings.kafka_topic
        self._revoked = revoked
        self._holdings: dict[int, Holding] = {}
        self._unplaced: set[int] = set()
        """Partitions whose offset is not in the topic, and whose beginning the broker has not told yet."""
        self._replaced = Replaced(settings.kafka_topic)
        self._load = Load(bytes=0, ahead=0, waiting=0, has_backlog=False)
        self._room = math.inf
        self._paused: set[int] = set()
        self.is_member = False
        """Whether the group has given it its partitions, be it none, and has not taken them away without a word."""
        client = kafka.connection(settings) | kafka.group_member(settings.sink_group_id)
        client |= {
            # A lost range is said, not jumped over.
            "auto.offset.reset": "error",
            "on_commit": self._replaced.committed,
            "fetch.message.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
            # Read ahead by the client: a few rounds' worth, and one fetch more. Its own limits are 64 and 50 MB.
            "queued.max.messages.kbytes": 8 * 1024,
            "fetch.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
        }
        self._consumer = Consumer(client, logger=kafka.log)
        self._lane = LiveLane(settings, end_of=self._end_of)
        self._consumer.subscribe([self._topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lost)

    def consume(self) -> Iterator[tuple[Message, Holding]]:
        """Yield the messages that have arrived, each with its partition, and keep the membership alive.

        Raises `Unreadable`.
        """
        if self._unplaced:  # one a turn: a silent broker takes seconds each, and any order could starve one
            self._reset(random.choice(tuple(self._unplaced)))  # noqa: S311  # no secret
        self._replaced.turn(self._consumer)
        for message in self._consumer.consume(BATCH, timeout=0.1):
            error = message.error()
            partition = message.partition()
            if error is not None:
                self._handle(error, partition)
            elif partition in self._holdings and not self._is_passed_over(partition):
                if self._holdings[partition].begins_again(offset_of(message)):
                    self._start_over(partition, offset_of(message))
                holding, origin = self._holdings[partition], origin_in(kafka.headers_of(message))
                if not holding.reaches(offset_of(message), appended_at(message), origin):
                    holding.collected(offset_of(message), appended_at(message), origin)
                    yield message, holding
        is_full = is_full_of_live(self._load, self._room)
        yield from self._lane.consume(self._holdings.values(), has_backlog=self._load.has_backlog, full=is_full)

    def balance(self, load: Load, *, room: float) -> None:
        """Pause reading while more than ``room`` bytes are in flight."""
        self._load, self._room = load, room
        if self._still() != self._paused:
            self._apply()

    def block(self, holding: Holding, offset: int) -> None:
        """Read nothing from ``offset`` on in the partition of ``holding``."""
        if not self._lane.refuse(holding, offset):
            holding.blocked = True
            self._apply()

    def numbers(self) -> list[int]:
        """Return the numbers of the partitions that are ours."""
        return list(self._holdings)

    def holdings(self) -> Collection[Holding]:
        """Return the partitions that are ours. May be called by any thread."""
        return tuple(self._holdings.values())

    def store_settled(self) -> None:
        """Let Kafka forget what is settled; librdkafka commits it within a second."""
        for holding in self._holdings.values():
            self._store(holding)

    def close(self) -> None:
        """Commit what is settled and leave the group."""
        self.store_settled()
        self._lane.close()
        kafka.leave(self._consumer)

    def _store(self, holding: Holding) -> None:
        moved = holding.advance()
        if moved is None:
            return
        try:
            self._consumer.store_offsets(offsets=[moved])  # singly: in company a revoked one would fail silently
        except KafkaException as error:
            if error.args[0].code() != KafkaError._STATE:  # noqa: SLF001  # librdkafka's name for "not assigned"
                raise
            log.info("not ours any more partition=%d offset=%d", moved.partition, moved.offset)

    def _still(self) -> set[int]:
        return {
            number
            for number, holding in self._holdings.items()
            if is_to_wait(holding, self._load, self._room, is_paused=number in self._paused)
        }

    def _is_passed_over(self, partition: int) -> bool:
        return self._holdings[partition].blocked or partition in self._unplaced

    def _apply(self) -> None:
        """Pause and resume, said for every partition: a new assignment forgets it."""
        self._paused = self._still()
        moving = self._holdings.keys() - self._paused
        self._consumer.pause([TopicPartition(self._topic, partition) for partition in self._paused])
        self._consumer.resume([TopicPartition(self._topic, partition) for partition in moving])

    def _end_of(self, holding: Holding) -> int:
        _low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, holding.partition), cached=True)
        return int(high)

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            starts = [positions.start(consumer, partition) for partition in partitions]
        except KafkaException as error:  # then `consume` asks again, and what comes before is read once more
            kafka.log_error(error.args[0])
            starts = [Start(position=partition, ahead=Ahead(), account=Account()) for partition in partitions]
            self._unplaced |= {partition.partition for partition in partitions}
        for start in starts:
            self._replaced.found(consumer, start.position)
        consumer.incremental_assign([start.position for start in starts])
        self.is_member = True
        for start in starts:
            number, first = start.position.partition, start.position.offset
            self._holdings[number] = Holding(self._topic, number, start.ahead, account=start.account, first=first)
        self._apply()
        log.info("assigned partitions=%s", sorted(partition.partition for partition in partitions))

    def _revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        del consumer
        self._give_up(partitions, wait_s=ANSWER_TIMEOUT_S, store=True)
        log.info("revoked partitions=%s", sorted(partition.partition for partition in partitions))

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        del consumer
        self.is_member = False
        self._give_up(partitions, wait_s=0, store=False)
        log.warning("lost partitions=%s", sorted(partition.partition for partition in partitions))

    def _give_up(self, partitions: Sequence[TopicPartition], *, wait_s: float, store: bool) -> None:
        holdings = [self._holdings.pop(one.partition) for one in partitions if one.partition in self._holdings]
        numbers = {holding.partition for holding in holdings}
        self._unplaced -= numbers
        self._replaced.given_up(numbers)
        self._revoked(holdings, wait_s=wait_s)
        if store:
            for holding in holdings:
                self._store(holding)

    def _handle(self, error: KafkaError, partition: int | None) -> None:
        if error.code() == KafkaError._AUTO_OFFSET_RESET and partition is not None:  # noqa: SLF001  # the code's name
            self._reset(partition)
        elif error.fatal() or error.code() in FORBIDDEN:
            raise Unreadable(f"cannot read the topic {self._topic}: {error.str()} ({error.name()})")
        else:
            kafka.log_error(error)

    def _reset(self, partition: int) -> None:
        """Read a partition from its beginning: its offset is unknown, or points at what is not there."""
        if partition not in self._holdings:
            return
        self._unplaced.add(partition)
        try:
            start = positions.start(self._consumer, TopicPartition(self._topic, partition))
            first = start.position.offset
            if first == OFFSET_BEGINNING:
                first, _end = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=5)
            # Else the offset that was stored last would be committed below, to what may be another topic.
            noted = metadata(start.account, start.ahead)
            self._consumer.store_offsets(offsets=[TopicPartition(self._topic, partition, first, metadata=noted)])
        except KafkaException as error:  # a broker that is just starting: asked again in the next turn
            kafka.log_error(error.args[0])
            return
        self._unplaced.discard(partition)
        if self._replaced.found(self._consumer, start.position):
            self._begin_anew(partition, first)
        else:
            self._holdings[partition].begin(start.ahead, start.account, first=first)
        # A partition in this state takes no seek; given anew with an offset, it goes on. The group does not notice.
        self._consumer.incremental_unassign([TopicPartition(self._topic, partition)])
        self._consumer.incremental_assign([start.position])
        self._apply()

    def _start_over(self, partition: int, offset: int) -> None:
        """Read on in a topic that was deleted and made anew meanwhile."""
        self._replaced.begins(self._consumer, partition, str(offset))
        self._begin_anew(partition, offset)

    def _begin_anew(self, partition: int, offset: int) -> None:
        """Hold ``partition`` as another one: what the old topic had left is gone."""
        self._revoked([self._holdings[partition]], wait_s=0)
        self._holdings[partition] = Holding(self._topic, partition, account=Account(offset=offset), first=offset)
