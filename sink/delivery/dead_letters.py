"""Records put aside: published byte for byte, and settled when the broker has them."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from runtime.publisher import Delivery, Publisher
from schemas import names
from schemas.dead_letters import DeadLetter
from sink import metrics
from sink.delivery.reasons import Reason
from sink.topic.offsets import Holding, offset_of
from sink.topic.tally import Outcome

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class _Entry:
    deliveries: Sequence[Delivery]
    holding: Holding
    offset: int
    outcome: Outcome


class DeadLetters:
    """Puts records aside. Their offsets are settled in `settle`, never before the broker has acknowledged."""

    def __init__(self, publisher: Publisher, topic: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def put_aside(self, message: Message, holding: Holding, *reasons: Reason, outcome: Outcome = "rejected") -> None:
        """Publish ``message`` once for each reason, which stands in its headers. Thread-safe; returns at once.

        ``outcome`` is what becomes of the alert when all are acknowledged: accepted, if only parts of it are lost.
        """
        deliveries = [self._publish(message, holding, reason) for reason in reasons]
        with self._lock:
            self._entries.append(_Entry(deliveries, holding, offset_of(message), outcome))

    def settle(self) -> None:
        """Settle what the broker has acknowledged by now.

        Raises `NotPublished` for a letter that the broker refused: its offset stays where it is.
        """
        self._publisher.poll()
        with self._lock:
            answered = [entry for entry in self._entries if _is_answered(entry)]
            self._entries = [entry for entry in self._entries if not _is_answered(entry)]
        for entry in answered:
            for delivery in entry.deliveries:
                delivery.confirm()
            entry.holding.settle(entry.offset, entry.outcome)
            metrics.SETTLED.labels(entry.outcome).inc()

    def settle_until(self, deadline: float) -> None:
        """Settle what the broker acknowledges until ``deadline``, of time.monotonic(), or until all is. As `settle`."""
        while self.waiting() and time.monotonic() < deadline:
            self.settle()
            time.sleep(LOOK_EVERY_S)

    def waiting(self) -> bool:
        """Say whether letters are on their way."""
        with self._lock:
            return bool(self._entries)

    def _publish(self, message: Message, holding: Holding, reason: Reason) -> Delivery:
        letter = DeadLetter(
            topic=holding.topic,
            partition=holding.partition,
            offset=offset_of(message),
            signed_by=names.SINK,
            stage=reason.stage,
            reason=reason.name,
            message=reason.text,
            part=reason.part,
            answer=reason.answer,
        )
        log.warning(
            "dead-lettered topic=%s partition=%d offset=%d stage=%s reason=%s: %s",
            letter.topic, letter.partition, letter.offset, reason.stage, reason.name, reason.text[:500],
        )  # fmt: skip
        metrics.DEAD_LETTERS.labels(reason.stage).inc()
        headers = [*(message.headers() or []), *letter.headers()]
        return self._publisher.publish(self._topic, key=message.key(), value=message.value(), headers=headers)


def _is_answered(entry: _Entry) -> bool:
    return all(delivery.done.is_set() for delivery in entry.deliveries)
