"""How far a replay has come: kept by Kafka, so that one that was stopped or killed goes on where it was."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime import kafka
from sink.replay.window import Stretch, Unreplayable, Window

TIMEOUT_S = 10.0
_NOTE = re.compile(r"window=(\d+)-(\d+) passed=(\d+)", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is left to do."""

    stretches: Mapping[int, Stretch]
    """The whole window of the first start, by partition, but for empty ones."""
    next: Mapping[int, int]
    """The offset to go on with."""
    is_resumed: bool = False
    """Whether an earlier start has delivered some of it."""
    was_finished: bool = False
    """Whether the same was replayed before, to its end: it begins anew."""

    @property
    def records(self) -> int:
        """How many the window has, those that were delivered before too."""
        return sum(one.end - one.first for one in self.stretches.values())

    @property
    def done(self) -> int:
        """How many of them were passed before."""
        return sum(self.next[number] - one.first for number, one in self.stretches.items())


class Progress:
    """Offsets of a consumer group without members; the window stands in their metadata. Used by one thread."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        """``consumer`` has the replay's group."""
        self._consumer = consumer
        self._topic = topic
        self._stretches: Mapping[int, Stretch] = {}
        self._untold: dict[int, int] = {}

    def plan(self, window: Window) -> Plan:
        """Return what is to be done: what an earlier start has left, or else all of ``window``.

        Raises `Unreplayable` if Kafka does not say.
        """
        whole = {one.partition: one for one in window.stretches if one.end > one.first}
        anew = Plan(stretches=whole, next={number: one.first for number, one in whole.items()})
        wanted = [TopicPartition(self._topic, number) for number in window.ends]
        try:
            stored = self._consumer.committed(wanted, timeout=TIMEOUT_S)
        except KafkaException as error:
            raise Unreplayable(f"cannot read how far the replay has come: {error.args[0].str()}") from error
        found: dict[int, Stretch] = {}
        position: dict[int, int] = {}
        for one in stored:
            note = _NOTE.fullmatch(one.metadata or "")
            if one.offset < 0 or note is None:
                continue
            first, end, passed = map(int, note.groups())
            found[one.partition] = Stretch(partition=one.partition, first=first, end=end, passed=passed)
            position[one.partition] = min(one.offset, end)
        if any(one.end > window.ends[number] for number, one in found.items()):
            return anew  # the topic is another one of that name
        is_finished = all(position[number] >= one.end for number, one in found.items())
        if not found or is_finished:
            return Plan(stretches=anew.stretches, next=anew.next, was_finished=bool(found))
        return Plan(stretches=found, next=position, is_resumed=True)

    def begin(self, plan: Plan) -> None:
        """Keep the window: whoever starts the same replay later goes on with it. Raises `Unreplayable`."""
        self._stretches = plan.stretches
        try:
            self._commit(plan.next)
        except KafkaException as error:
            raise Unreplayable(f"cannot keep how far the replay has come: {error.args[0].str()}") from error

    def passed(self, positions: Iterable[TopicPartition]) -> None:
        """Keep that everything below ``positions`` needs no more work; a broker that is away is told next time."""
        self._untold |= {one.partition: one.offset for one in positions}
        if not self._untold:
            return
        try:
            self._commit(self._untold)
        except KafkaException as error:
            kafka.log_error(error.args[0])
        else:
            self._untold = {}

    def finish(self) -> None:
        """Keep that all is done."""
        self.passed([TopicPartition(self._topic, number, one.end) for number, one in self._stretches.items()])

    def _commit(self, offsets: Mapping[int, int]) -> None:
        positions = []
        for number, offset in offsets.items():
            stretch = self._stretches[number]
            noted = f"window={stretch.first}-{stretch.end} passed={stretch.passed}"
            positions.append(TopicPartition(self._topic, number, min(offset, stretch.end), metadata=noted))
        if positions:
            self._consumer.commit(offsets=positions, asynchronous=False)
