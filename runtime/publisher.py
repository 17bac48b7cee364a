"""A producer that cannot forget a failed delivery."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from runtime import kafka
from runtime.settings import ProcessSettings
from schemas.dead_letters import Header

BY_KEY = -1
"""The partition that the key gives."""


class NotPublished(Exception):
    """The broker has not acknowledged a message: what it came from must not be passed."""


class TooLarge(NotPublished):
    """The broker will never take a message of this size."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message on its way to the broker."""

    topic: str
    done: Event = field(default_factory=Event)
    error: KafkaError | None = None
    offset: int | None = None
    """Where the broker has put it."""

    def confirm(self) -> None:
        """Return if the broker has acknowledged the message. Raises `TooLarge` or `NotPublished` if not."""
        if not self.done.is_set():
            raise NotPublished(f"{self.topic} has not acknowledged a message")
        if self.error is None:
            if self.offset is None:  # the broker took it for a duplicate of a message that it does not remember
                raise NotPublished(f"{self.topic} acknowledged a message without saying where it is")
            return
        sentence = f"{self.topic} refused a message: {self.error.str()} ({self.error.name()})"
        if self.error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            raise TooLarge(sentence)
        raise NotPublished(sentence)


class Publisher:
    """Publishes to the local Kafka, and accounts for every message. Thread-safe."""

    def __init__(self, settings: ProcessSettings) -> None:
        self._producer = Producer(kafka.producer(settings), logger=kafka.log)

    def publish(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header] = (),
        partition: int = BY_KEY,
    ) -> Delivery:
        """Send one message; only `Delivery.confirm` says whether it has arrived."""
        delivery = Delivery(topic)

        def report(error: KafkaError | None, message: Message | None) -> None:
            delivery.error = error
            delivery.offset = None if message is None else message.offset()
            delivery.done.set()

        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, headers=list(headers), partition=partition, on_delivery=report
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:  # such as a message that is larger than the producer itself takes
                report(error.args[0], None)
            else:
                self._producer.poll(0)
                return delivery
            if delivery.done.is_set():
                return delivery

    def poll(self) -> None:
        """Let the deliveries that the broker has answered know it."""
        self._producer.poll(0)

    def wait(
        self, deliveries: Sequence[Delivery], *, stop: Event, keep_alive: Callable[[], object] = lambda: None
    ) -> None:
        """Wait until the broker has answered for each delivery, however long it is away.

        ``keep_alive`` is called several times a second, so that a slow broker costs a consumer no membership.
        Raises `NotPublished` if ``stop`` is set and the broker is still silent some seconds later.
        """
        give_up_at = float("inf")
        while any(not delivery.done.is_set() for delivery in deliveries):
            self._producer.poll(0.1)
            keep_alive()
            if stop.is_set():
                now = time.monotonic()
                give_up_at = min(give_up_at, now + kafka.LEAVING_S)
                if now >= give_up_at:
                    raise NotPublished("asked to stop before the broker acknowledged what was sent")
