"""What a Kafka message says of itself, beside its content."""

from datetime import datetime, timedelta
from typing import NamedTuple

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from schemas.record import EPOCH


class Place(NamedTuple):
    """Where a message stands. Events have none of it: nothing there, -1."""

    topic: str
    partition: int
    offset: int


def place(message: Message) -> Place:
    """Return where ``message`` stands."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    return Place(topic or "", -1 if partition is None else partition, -1 if offset is None else offset)


def published_at(message: Message) -> datetime | None:
    """Return the time that Kafka gave ``message``, UTC; None where there is none, or one beyond the calendar."""
    kind, milliseconds = message.timestamp()
    if kind == TIMESTAMP_NOT_AVAILABLE:
        return None
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:  # producers may write what they like
        return None
