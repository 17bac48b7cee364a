"""A sink that ends: when what was in the topic at its start is passed, by whichever member of the group."""

import logging
import re
import threading
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime import kafka
from runtime.health import Health
from runtime.patience import ANSWER_S, patiently
from sink import metrics
from sink.settings import SinkSettings
from sink.topic.local_topic import Unreadable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LOOKS_BEFORE_STUCK = 10
"""In a row: a sink that has nothing in flight for so long waits for an upgrade, and for nothing else."""


class Drained:
    """Watches the offsets of the group, joins nothing, and commits nothing."""

    def __init__(self, settings: SinkSettings, health: Health) -> None:
        """Note where the topic ends now; `is_drained` says whether all of it is passed already.

        ``health`` is where the sink says that a record waits for an upgrade. Raises `Unreadable`.
        """
        self._health = health
        client = {"group.id": settings.sink_group_id, "enable.auto.commit": False}
        self._consumer = Consumer(kafka.connection(settings) | client, logger=kafka.log)
        self._idle_looks = 0
        self.stuck = ""
        """Why this sink will never pass all of it; empty while it may."""
        self._topic, seconds = settings.kafka_topic, settings.kafka_connect_timeout_s
        try:
            self._ends = patiently(self._ends_now, seconds=seconds)
            self.is_drained = not patiently(self._behind, seconds=seconds)
        except KafkaException as error:
            sentence = f"cannot see how far the topic {self._topic} is read: {error.args[0].str()}"
            raise Unreadable(sentence) from error

    def stop_when_drained(self, stop: threading.Event) -> None:
        """Set ``stop`` as soon as everything is passed, or what is left waits for a newer sink; on another thread."""
        threading.Thread(target=self._watch, args=(stop,), name="drained", daemon=True).start()

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(LOOK_EVERY_S):
            try:
                behind = self._behind()
            except KafkaException as error:  # as any outage of the broker's: it is waited for
                kafka.log_error(error.args[0])
                continue
            self.is_drained = not behind
            self.stuck = self._why_stuck(behind)
            if self.is_drained or self.stuck:
                stop.set()

    def _ends_now(self) -> Mapping[int, int]:
        """Return the end of each partition that holds, or held, anything."""
        partitions = self._consumer.list_topics(self._topic, timeout=ANSWER_S).topics[self._topic].partitions
        ends = {number: self._marks(number)[1] for number in partitions}
        return {number: end for number, end in ends.items() if end}

    def _behind(self) -> Sequence[int]:
        """Return the partitions of which the group has not passed what was there at the start."""
        asked = [TopicPartition(self._topic, number) for number in self._ends]
        committed = self._consumer.committed(asked, timeout=ANSWER_S) if asked else []
        return [one.partition for one in committed if not self._is_passed(one.partition, one.offset)]

    def _is_passed(self, number: int, committed: int) -> bool:
        end = self._ends[number]
        if committed == end:
            return True
        low, high = self._marks(number)
        if low >= end:
            return True  # all of it has expired
        return end < committed <= high  # beyond is an offset of another topic of that name

    def _marks(self, number: int) -> tuple[int, int]:
        low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, number), timeout=ANSWER_S)
        return int(low), int(high)

    def _why_stuck(self, behind: Sequence[int]) -> str:
        blocked = waiting_for_an_upgrade(self._health)
        is_idle = bool(behind) and set(behind) <= blocked.keys() and not in_flight()
        self._idle_looks = self._idle_looks + 1 if is_idle else 0
        return "\n".join(blocked[one] for one in behind) if self._idle_looks >= LOOKS_BEFORE_STUCK else ""


def waiting_for_an_upgrade(health: Health) -> Mapping[int, str]:
    """Return the partitions in which a record of a newer version stands, and what the sink says of each."""
    _status, text = health.readyz()
    found = re.findall(r"^records of partition (\d+): (.*)$", text, re.MULTILINE)
    return {int(number): reason for number, reason in found}


def in_flight() -> float:
    """Return how many alerts of this process are collected and not settled."""
    return sum(sample.value for family in metrics.IN_FLIGHT.collect() for sample in family.samples)


def settled() -> Mapping[str, int]:
    """Return how many alerts this process has settled, by how they ended."""
    found = {"accepted": 0, "skipped": 0, "rejected": 0}
    for family in metrics.SETTLED.collect():
        for sample in family.samples:
            if sample.name.endswith("_total"):
                found[sample.labels["outcome"]] = int(sample.value)
    return found
