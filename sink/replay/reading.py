"""Reading a window of the local topic, in no group."""

import logging
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.patience import FORBIDDEN
from sink.replay.progress import Plan
from sink.settings import SinkSettings
from sink.topic.local_topic import Unreadable
from sink.topic.offsets import Holding, offset_of
from sink.topic.tally import Outcome

log = logging.getLogger(__name__)

BATCH = 100
TIMEOUT_S = 5.0


def client(settings: SinkSettings, group: str) -> Consumer:
    """Return a consumer that never joins ``group``, and commits for it what it is told to."""
    return Consumer(
        kafka.connection(settings)
        | {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",  # a lost range is said, not jumped over
            "fetch.message.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
            "queued.max.messages.kbytes": 8 * 1024,
            "fetch.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
        },
        logger=kafka.log,
    )


class Replayed(Holding):
    """One partition of a window. It is never taken away."""

    def __init__(self, topic: str, partition: int, *, first: int = 0) -> None:
        super().__init__(topic, partition, first=first)
        self.settled: dict[Outcome, int] = {"accepted": 0, "rejected": 0, "skipped": 0}
        """How many records ended how, those that nobody wanted left out."""

    def settle(self, offset: int, outcome: Outcome) -> None:
        """Note that the record at ``offset`` needs no more work."""
        super().settle(offset, outcome)
        self.settled[outcome] += 1

    def pass_by(self, offset: int) -> None:
        """Note that the record at ``offset`` is not meant."""
        super().settle(offset, "skipped")


class Reading:
    """Reads each partition up to the end of its stretch. Used by one thread."""

    def __init__(self, consumer: Consumer, topic: str, plan: Plan) -> None:
        self._consumer = consumer
        self._topic = topic
        self._next = dict(plan.next)
        self._ends: Mapping[int, int] = {number: one.end for number, one in plan.stretches.items()}
        self.holdings = {number: Replayed(topic, number, first=offset) for number, offset in self._next.items()}
        self.lost = 0
        """Records of the window that Kafka does not have any more."""
        self._unplaced: set[int] = set()
        self._assign()

    @property
    def is_done(self) -> bool:
        """Whether everything is read."""
        return not self._open()

    @property
    def unread(self) -> int:
        """Records that are not read yet."""
        return sum(end - self._next[number] for number, end in self._ends.items())

    def consume(self) -> Iterator[tuple[Message, Replayed]]:
        """Yield the messages that have arrived, each with its partition. Raises `Unreadable`."""
        for unplaced in self._unplaced.copy():
            self._place(unplaced)
        for message in self._consumer.consume(BATCH, timeout=0.1):
            error, partition = message.error(), message.partition()
            if error is not None:
                self._handle(error, partition, message.offset())
            elif partition is not None and self._next[partition] <= offset_of(message) < self._ends[partition]:
                holding = self.holdings[partition]
                holding.collected(offset_of(message))
                self._reach(partition, offset_of(message) + 1)
                yield message, holding
            elif partition is not None and offset_of(message) >= self._ends[partition]:
                self._reach(partition, self._ends[partition])

    def _open(self) -> list[TopicPartition]:
        numbers = [number for number, end in self._ends.items() if self._next[number] < end]
        return [TopicPartition(self._topic, number, self._next[number]) for number in numbers]

    def _assign(self) -> None:
        self._consumer.assign(self._open())

    def _reach(self, partition: int, offset: int) -> None:
        self._next[partition] = min(offset, self._ends[partition])
        if self._next[partition] == self._ends[partition]:
            self._consumer.pause([TopicPartition(self._topic, partition)])

    def _handle(self, error: KafkaError, partition: int | None, offset: int | None) -> None:
        if error.code() == KafkaError._PARTITION_EOF and partition is not None:  # noqa: SLF001  # the code's name
            if (offset or 0) < self._ends[partition]:
                self._lose(partition, self._ends[partition], "the topic was replaced by another one of that name")
        elif error.code() == KafkaError._AUTO_OFFSET_RESET and partition is not None:  # noqa: SLF001  # the same
            self._place(partition)
        elif error.fatal() or error.code() in FORBIDDEN:
            raise Unreadable(f"cannot read the topic {self._topic}: {error.str()} ({error.name()})")
        else:
            kafka.log_error(error)

    def _place(self, partition: int) -> None:
        """Go on where the topic begins now, or leave the partition where it is another topic's."""
        self._unplaced.add(partition)
        where = TopicPartition(self._topic, partition)
        try:
            low, high = self._consumer.get_watermark_offsets(where, timeout=TIMEOUT_S)
        except KafkaException as error:  # a broker that is just starting: asked again in the next turn
            kafka.log_error(error.args[0])
            return
        self._unplaced.discard(partition)
        if low > self._next[partition]:
            self._lose(partition, low, "the topic's retention is over for them")
        elif high < self._next[partition]:
            self._lose(partition, self._ends[partition], "the topic was replaced by another one of that name")
        self._assign()

    def _lose(self, partition: int, to: int, why: str) -> None:
        before = self._next[partition]
        self._reach(partition, to)
        gone = self._next[partition] - before
        if gone:
            self.lost += gone
            log.error("lost a range: partition=%d offsets=%d..%d: %s", partition, before, before + gone - 1, why)
