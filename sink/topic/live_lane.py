"""The live lane: where delivery is far behind, the newest records are read ahead of the others."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka
from sink.settings import SinkSettings
from sink.topic.offsets import Holding, appended_at, offset_of

log = logging.getLogger(__name__)

BATCH = 100
LOOK_EVERY_S = 1.0
REST_S = 30.0
"""After an error: the other reader says what is wrong."""

ANSWER_S = 5.0


class LiveLane:
    """Reads what is fresh in partitions whose older records are not delivered yet. Used by one thread.

    It commits nothing: only what is settled below the first record that the backlog's reader has not read is passed.
    So whatever becomes of this lane, nothing is skipped.
    """

    def __init__(self, settings: SinkSettings, *, end_of: Callable[[Holding], int]) -> None:
        """``end_of`` tells where a partition ends, as far as its other reader knows."""
        self._settings = settings
        self._end_of = end_of
        self._readings: dict[int, Holding] = {}
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

    def consume(
        self, holdings: Collection[Holding], *, has_backlog: bool, full: bool
    ) -> Iterator[tuple[Message, Holding]]:
        """Yield fresh records of ``holdings`` while there is a backlog; none while too much is in flight."""
        for given_up in [one for one in self._readings.values() if one not in holdings]:
            self._leave(given_up)
        if time.monotonic() - self._looked_at >= LOOK_EVERY_S and self._settings.sink_fresh_first_s:
            self._looked_at = time.monotonic()
            self._look(holdings, has_backlog=has_backlog)
        if full or not self._readings:
            return
        fresh_from = time.time() - self._settings.sink_fresh_first_s
        old: set[Holding] = set()
        for message in self._consumer.consume(BATCH, timeout=0):
            error, partition = message.error(), message.partition()
            if error is not None:
                self._handle(error, partition)
            elif partition is not None and partition in self._readings:
                holding, offset, moment = self._readings[partition], offset_of(message), appended_at(message)
                if 0 < moment < fresh_from and offset < self._own_end(holding) - 1:
                    old.add(holding)
                elif holding.read_ahead(offset, moment):
                    yield message, holding
        self._read(old & set(self._readings.values()))  # this lane is far behind itself, as after an outage

    def refuse(self, holding: Holding, offset: int) -> bool:
        """Leave the record at ``offset`` and all after it to the backlog's reader; False if they are its already."""
        self._leave(holding)
        return holding.unread(offset)

    def close(self) -> None:
        """Read nothing more."""
        if "_consumer" in vars(self):
            kafka.leave(self._consumer)

    def _look(self, holdings: Collection[Holding], *, has_backlog: bool) -> None:
        """Begin to read what is behind, and leave what has caught up."""
        before = set(self._readings)
        if has_backlog:  # all partitions: what lies unread in one is as old as what was read of another
            others = [holding for holding in holdings if holding.partition not in before]
            self._read([holding for holding in others if not holding.blocked and not holding.has_newer])
        else:
            for holding in tuple(self._readings.values()):
                if holding.has_read(max(self._end_of(holding), self._own_end(holding))):
                    self._leave(holding)
        if begun := set(self._readings) - before:
            log.warning(
                "fresh first: read from the first fresh record on, the backlog beside it partitions=%s", sorted(begun)
            )
        if ended := before - set(self._readings):
            log.info("fresh first: the backlog is read partitions=%s", sorted(ended))

    def _read(self, holdings: Collection[Holding]) -> None:
        """Read partitions from their first fresh record on."""
        for holding in holdings:
            self._leave(holding)
        try:
            starts = self._starts([TopicPartition(holding.topic, holding.partition) for holding in holdings])
        except KafkaException as error:
            self._look_later(error.args[0])
            return
        self._consumer.incremental_assign(starts)
        for holding in holdings:
            self._readings[holding.partition] = holding
            holding.is_behind = True

    def _starts(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        fresh_from = int((time.time() - self._settings.sink_fresh_first_s) * 1000)
        # The end first: what comes between the two answers is then read, not missed.
        ends = kafka.offsets_at(self._consumer, partitions, OFFSET_END, timeout_s=ANSWER_S)
        starts = kafka.offsets_at(self._consumer, partitions, fresh_from, timeout_s=ANSWER_S)
        return [
            TopicPartition(self._settings.kafka_topic, number, start if start >= 0 else ends[number])
            for number, start in starts.items()
        ]

    def _leave(self, holding: Holding) -> None:
        if self._readings.pop(holding.partition, None) is not None:
            self._consumer.incremental_unassign([TopicPartition(holding.topic, holding.partition)])
            holding.is_behind = False

    def _handle(self, error: KafkaError, partition: int | None) -> None:
        """Leave a partition that cannot be read here: its other reader says what is wrong with it."""
        if partition in self._readings:
            self._leave(self._readings[partition])
            self._look_later(error)
        else:
            kafka.log_error(error)

    def _look_later(self, error: KafkaError) -> None:
        kafka.log_error(error)
        self._looked_at = time.monotonic() + REST_S

    def _own_end(self, holding: Holding) -> int:
        _low, high = self._consumer.get_watermark_offsets(TopicPartition(holding.topic, holding.partition), cached=True)
        return int(high)
