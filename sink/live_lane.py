"""The live lane: where delivery is far behind, the newest records are read ahead of the others."""

import logging
import math
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from confluent_kafka import OFFSET_END, Consumer, KafkaError, Message, TopicPartition

from runtime import kafka
from sink.offsets import Holding, appended_at, offset_of
from sink.settings import SinkSettings

log = logging.getLogger(__name__)

BATCH = 100
LOOK_EVERY_S = 1.0


@dataclass(slots=True, eq=False)
class _Reading:
    holding: Holding
    latest: int = -1
    """The offset that this lane has read last."""
    appended_at: float = math.inf
    """When that was appended to the topic, as time.time() has it."""


class LiveLane:
    """Reads partitions from their end while older records than a threshold are not settled. Used by one thread.

    It commits nothing: only what is settled below the first record that the backlog's reader has not read is passed.
    So whatever becomes of this lane, nothing is skipped; what it had delivered when the process ends is delivered
    again.
    """

    def __init__(self, settings: SinkSettings, *, end_of: Callable[[Holding], int]) -> None:
        """``end_of`` tells where a partition ends, as far as its other reader knows."""
        self._settings = settings
        self._end_of = end_of
        self._readings: dict[int, _Reading] = {}
        self._looked_at = 0.0

    @cached_property
    def _consumer(self) -> Consumer:
        client = kafka.connection(self._settings) | {
            "group.id": self._settings.sink_group_id,  # it never joins, but librdkafka wants one
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.message.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
            "queued.max.messages.kbytes": 8 * 1024,
            "fetch.max.bytes": kafka.LARGEST_MESSAGE_BYTES,
        }
        return Consumer(client, logger=kafka.log)

    def consume(self, holdings: Collection[Holding], *, full: bool) -> Iterator[tuple[Message, Holding]]:
        """Yield new records of those of ``holdings`` that are far behind; none while too much is in flight."""
        for given_up in [one.holding for one in self._readings.values() if one.holding not in holdings]:
            self._leave(given_up)
        if full:
            return
        if time.monotonic() - self._looked_at >= LOOK_EVERY_S and self._settings.sink_fresh_first_s:
            self._looked_at = time.monotonic()
            self._look(holdings)
        if not self._readings:
            return
        for message in self._consumer.consume(BATCH, timeout=0):
            error, partition = message.error(), message.partition()
            if error is not None:
                self._handle(error, partition)
            elif partition is not None and partition in self._readings:
                reading = self._readings[partition]
                reading.latest, reading.appended_at = offset_of(message), appended_at(message)
                if reading.holding.read_ahead(reading.latest, reading.appended_at):
                    yield message, reading.holding

    def refuse(self, holding: Holding, offset: int) -> bool:
        """Leave the record at ``offset`` and all after it to the backlog's reader; False if they are its already."""
        if not holding.unread(offset):
            return False
        self._leave(holding)
        return True

    def close(self) -> None:
        """Read nothing more."""
        if "_consumer" in vars(self):
            kafka.leave(self._consumer)

    def _look(self, holdings: Collection[Holding]) -> None:
        """Begin to read what is far behind, and leave what has caught up."""
        fresh_from = time.time() - self._settings.sink_fresh_first_s
        # Of them all: what lies unread in a partition is as old as what was read of another.
        is_behind = any(0 < holding.oldest() < fresh_from for holding in holdings)
        before = set(self._readings)
        for holding in holdings:
            reading = self._readings.get(holding.partition)
            if reading is None:
                if is_behind and not holding.blocked and not holding.has_newer:
                    self._read(holding)
            elif not is_behind and holding.latest >= max(reading.latest, self._end_of(holding) - 1):
                self._leave(holding)
            elif reading.appended_at < fresh_from and reading.latest < self._own_end(holding) - 1:
                self._read(holding)  # this lane is far behind itself, as after an outage
        if begun := set(self._readings) - before:
            log.warning("fresh first: read from the end, the backlog beside it partitions=%s", sorted(begun))
        if ended := before - set(self._readings):
            log.info("fresh first: the backlog is read partitions=%s", sorted(ended))

    def _read(self, holding: Holding) -> None:
        """Read a partition from its end on."""
        self._leave(holding)
        self._consumer.incremental_assign([TopicPartition(holding.topic, holding.partition, OFFSET_END)])
        self._readings[holding.partition] = _Reading(holding)
        holding.is_behind = True

    def _leave(self, holding: Holding) -> None:
        if self._readings.pop(holding.partition, None) is not None:
            self._consumer.incremental_unassign([TopicPartition(holding.topic, holding.partition)])
            holding.is_behind = False

    def _handle(self, error: KafkaError, partition: int | None) -> None:
        """Leave a partition that cannot be read here: its other reader says what is wrong with it."""
        kafka.log_error(error)
        if partition in self._readings and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # the code's name
            self._leave(self._readings[partition].holding)

    def _own_end(self, holding: Holding) -> int:
        _low, high = self._consumer.get_watermark_offsets(TopicPartition(holding.topic, holding.partition), cached=True)
        return int(high)
