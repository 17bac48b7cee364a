"""Records put aside: published byte for byte, and settled when the broker has them."""

import logging
import threading
from dataclasses import dataclass

from confluent_kafka import Message

from runtime.publisher import Delivery, Publisher
from schemas import names
from schemas.dead_letters import Answer, DeadLetter
from sink import metrics
from sink.offsets import Holding, offset_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Letter:
    delivery: Delivery
    holding: Holding
    offset: int


class DeadLetters:
    """Puts records aside. Their offsets are settled in `settle`, never before the broker has acknowledged."""

    def __init__(self, publisher: Publisher, topic: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._lock = threading.Lock()
        self._letters: list[_Letter] = []

    def put_aside(
        self, message: Message, holding: Holding, *, stage: str, reason: str, text: str, answer: Answer | None = None
    ) -> None:
        """Publish ``message`` with the reason in its headers. Thread-safe; returns at once."""
        letter = DeadLetter(
            topic=holding.topic,
            partition=holding.partition,
            offset=offset_of(message),
            signed_by=names.SINK,
            stage=stage,
            reason=reason,
            message=text,
            answer=answer,
        )
        log.warning(
            "dead-lettered topic=%s partition=%d offset=%d stage=%s reason=%s: %s",
            letter.topic, letter.partition, letter.offset, stage, reason, text[:500],
        )  # fmt: skip
        headers = [*(message.headers() or []), *letter.headers()]
        delivery = self._publisher.publish(self._topic, key=message.key(), value=message.value(), headers=headers)
        with self._lock:
            self._letters.append(_Letter(delivery, holding, letter.offset))
        metrics.DEAD_LETTERS.labels(stage).inc()

    def settle(self) -> None:
        """Settle what the broker has acknowledged by now.

        Raises `NotPublished` for a letter that the broker refused: its offset stays where it is.
        """
        self._publisher.poll()
        with self._lock:
            answered = [letter for letter in self._letters if letter.delivery.done.is_set()]
            self._letters = [letter for letter in self._letters if not letter.delivery.done.is_set()]
        for letter in answered:
            letter.delivery.confirm()
            letter.holding.settle(letter.offset)
            metrics.SETTLED.labels("rejected").inc()

    def waiting(self) -> bool:
        """Say whether letters are on their way."""
        with self._lock:
            return bool(self._letters)
