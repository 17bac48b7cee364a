"""Messages that cannot become a record, put aside byte for byte, if that fits, with the reason."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from confluent_kafka import Message

from processor import metrics
from processor.message import place, published_at
from runtime import kafka
from runtime.publisher import Delivery, Publisher
from schemas import names
from schemas.dead_letters import EXCERPT, WRITER_SCHEMA, DeadLetter, LeftOut

log = logging.getLogger(__name__)


class DeadLetters:
    """Writes to the topic of what cannot be decoded, converted or published."""

    def __init__(self, publisher: Publisher, topic: str, schema_of: Callable[[Message], bytes | None]) -> None:
        self._publisher = publisher
        self._schema_of = schema_of
        self.topic = topic

    def put_aside(self, message: Message, *, stage: str, error: Exception) -> Delivery:
        """Send ``message`` as it came, with the reason in its headers; its offset must wait for the delivery."""
        letter = _letter(message, stage=stage, error=error)
        log.warning(
            "dead-lettered topic=%s partition=%d offset=%d stage=%s reason=%s",
            letter.topic,
            letter.partition,
            letter.offset,
            stage,
            letter.message[:EXCERPT],
        )
        metrics.DEAD_LETTERS.labels(letter.topic, stage).inc()
        return self._send(message, letter)

    def put_aside_again(self, message: Message, *, stage: str, error: Exception) -> Iterator[Delivery]:
        """Send ``message`` as it came, then ever less of it: to go on with while the broker finds it too large.

        Fink keeps the original at the place that the headers name.
        """
        letter = _letter(message, stage=stage, error=error)
        yield self._send(message, letter)
        for left_out in _less_and_less(message):
            log.warning(
                "too large for a dead letter, left out topic=%s partition=%d offset=%d "
                "value_bytes=%d key_bytes=%d headers_bytes=%d",
                letter.topic,
                letter.partition,
                letter.offset,
                left_out.value_bytes,
                left_out.key_bytes,
                left_out.headers_bytes,
            )
            yield self._send(message, replace(letter, left_out=left_out))

    def _send(self, message: Message, letter: DeadLetter) -> Delivery:
        less = letter.left_out
        headers = [] if less.headers_bytes else message.headers() or []
        schema = self._schema_of(message)
        elsewhere = [] if schema == message.key() else [(WRITER_SCHEMA, schema)]
        return self._publisher.publish(
            self.topic,
            key=None if less.key_bytes else message.key(),
            value=None if less.value_bytes else message.value(),
            headers=[*headers, *letter.headers(), *elsewhere],
        )


def _letter(message: Message, *, stage: str, error: Exception) -> DeadLetter:
    topic, partition, offset = place(message)
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        signed_by=names.PROCESSOR,
        stage=stage,
        reason=type(error).__name__,
        message=str(error),
        published_at=published_at(message),
    )


def _less_and_less(message: Message) -> Iterator[LeftOut]:
    value = LeftOut(value_bytes=len(message.value() or b""))
    key = replace(value, key_bytes=len(message.key() or b""))
    yield value
    yield key
    headers = kafka.headers_of(message)
    yield replace(key, headers_bytes=sum(len(name.encode()) + len(text or b"") for name, text in headers))
