"""Dead letters back into the local topic, each once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from confluent_kafka import Message

from runtime.publisher import Delivery, Publisher, TooLarge
from runtime.redrive.half import Half, Record
from runtime.redrive.letter import Letter, NotPutBack
from runtime.redrive.topic import LetterTopic
from runtime.redrive.waiting import Waiting
from schemas.redriven import Redriven, without_redriven

BATCH = 100
BATCH_BYTES = 16 * 1024 * 1024
"""So many are published before they are marked: what a crash repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of a letter. One that is not back and has no reason to stay was put back by somebody else."""

    letter: Letter
    is_back: bool
    because: str = ""
    """Why it stays."""


@dataclass(frozen=True, kw_only=True)
class PutBack:
    """Puts letters back: published, acknowledged, and only then marked beside the letter.

    A crash between the two has what it did not mark put back again, at most a batch. Right before each batch the
    markers are read again, so that of two redrives at once the second leaves out what the first has done; both may
    publish what they look at in the same moment.
    """

    half: Half
    letters: LetterTopic
    waiting: Waiting
    publisher: Publisher
    topic: str
    """Local topic of the records."""
    stop: Event
    """Set by whoever wants it to end: the batch that is under way is finished, and no other one begun."""

    def fates(self, chosen: Sequence[Letter]) -> Iterator[Fate]:
        """Put ``chosen`` back, one letter of each source, and yield what became of each.

        Raises `RedriveFailed`, and `NotPublished` if the broker does not take a record or a marker for another
        reason than its size, or has not taken it some seconds after ``stop``.
        """
        for batch in _batches(self.letters.fetch(chosen)):
            if self.stop.is_set():
                return
            self.letters.read_on(self.waiting)
            yield from self._together(batch)

    def rehearsed(self, chosen: Sequence[Letter]) -> Iterator[Fate]:
        """Yield what would become of ``chosen``, and publish nothing."""
        for letter, message in self.letters.fetch(chosen):
            if self.stop.is_set():
                return
            try:
                self.half.record(letter, message)
            except NotPutBack as error:
                yield Fate(letter=letter, is_back=False, because=str(error))
            else:
                yield Fate(letter=letter, is_back=True)

    def _together(self, batch: Sequence[tuple[Letter, Message]]) -> Iterator[Fate]:
        sent: list[tuple[Letter, Record, Delivery]] = []
        for letter, message in batch:
            if not self.waiting.partitions(letter.source):
                yield Fate(letter=letter, is_back=False)
                continue
            try:
                record = self.half.record(letter, message)
            except NotPutBack as error:
                yield Fate(letter=letter, is_back=False, because=str(error))
            else:
                sent.append((letter, record, self._publish(letter, record)))
        self._wait(delivery for _letter, _record, delivery in sent)
        fates = [self._fate(letter, record, delivery) for letter, record, delivery in sent]
        self._mark([fate.letter for fate in fates if fate.is_back])
        yield from fates

    def _fate(self, letter: Letter, record: Record, delivery: Delivery) -> Fate:
        try:
            try:
                delivery.confirm()
            except TooLarge:  # the broker refuses the producer's batches whole, and it may not be the large one
                alone = self._publish(letter, record)
                self._wait([alone])
                alone.confirm()
        except TooLarge as error:
            return Fate(letter=letter, is_back=False, because=str(error))
        return Fate(letter=letter, is_back=True)

    def _publish(self, letter: Letter, record: Record) -> Delivery:
        headers = [*without_redriven(record.headers), *_said(letter).headers()]
        return self.publisher.publish(self.topic, key=record.key, value=record.value, headers=headers)

    def _mark(self, letters: Iterable[Letter]) -> None:
        markers = [
            self.publisher.publish(
                self.letters.name, key=None, value=None, headers=_said(letter).headers(), partition=partition
            )
            for letter in letters
            for partition in self.waiting.partitions(letter.source)
        ]
        self._wait(markers)
        for marker in markers:
            marker.confirm()

    def _wait(self, deliveries: Iterable[Delivery]) -> None:
        self.publisher.wait(list(deliveries), stop=self.stop)


def _said(letter: Letter) -> Redriven:
    return Redriven(source=letter.source, times=letter.times + 1, at=datetime.now(UTC))


def _batches(found: Iterable[tuple[Letter, Message]]) -> Iterator[list[tuple[Letter, Message]]]:
    batch: list[tuple[Letter, Message]] = []
    size = 0
    for letter, message in found:
        batch.append((letter, message))
        size += letter.bytes
        if len(batch) == BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
