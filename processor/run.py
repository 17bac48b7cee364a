"""The loop, and what it does with each message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from time import time

from confluent_kafka import Message

from processor import metrics
from processor.convert import Source, Unconvertible
from processor.counts import Counts, Outcome
from processor.dead_letters import DeadLetters
from processor.decode import Undecodable
from processor.fink import FinkConsumer
from processor.message import place, published_at
from processor.records import Records
from runtime.publisher import Delivery, Publisher, TooLarge
from schemas.codec import encode

STAGES: dict[type[Exception], str] = {Undecodable: "decode", Unconvertible: "convert", TooLarge: "publish"}


def run(source: FinkConsumer, outlet: "Outlet", turned: Callable[[], object], stop: Event) -> None:
    """Publish every alert, then let Fink forget it: a crash repeats a batch and loses nothing."""

    def keep_alive() -> None:
        source.keep_alive()  # a slow broker of ours must not cost us the group at Fink
        turned()

    while not stop.is_set():
        turned()
        messages = source.batch(timeout=1.0)
        if messages:
            metrics.LAST_MESSAGE.set_to_current_time()
        deliveries = [outlet.send(message) for message in messages]
        outcomes = outlet.settle(messages, deliveries, stop=stop, keep_alive=keep_alive)  # or raises
        source.done(messages, outcomes)


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """The local Kafka: a record for each message, or a dead letter."""

    publisher: Publisher
    dead_letters: DeadLetters
    records: Records
    topic: str
    schema_of: Callable[[Message], bytes | None]
    """Returns the schema that the alert in a message is written with."""
    counts: Counts

    def send(self, message: Message) -> Delivery:
        """Decode, convert and publish ``message``; put it aside if that will never work."""
        try:
            return self._publish(message)
        except (Undecodable, Unconvertible) as error:
            return self.dead_letters.put_aside(message, stage=STAGES[type(error)], error=error)

    def _publish(self, message: Message, *, is_late: bool = False) -> Delivery:
        source = Source(topic=place(message).topic, published_at=published_at(message))
        record = self.records.record(source, self.schema_of(message), message.value())
        headers = self.counts.origin(message, is_late=is_late).headers()
        return self.publisher.publish(self.topic, key=record.obj_id.encode(), value=encode(record), headers=headers)

    def settle(
        self,
        messages: Sequence[Message],
        deliveries: Sequence[Delivery],
        *,
        stop: Event,
        keep_alive: Callable[[], object],
    ) -> list[Outcome]:
        """Wait until the broker has acknowledged a record or a dead letter of each message; say which of them it was.

        Raises `NotPublished` if it never does.
        """

        def arrived(delivery: Delivery) -> Delivery:
            self.publisher.wait([delivery], stop=stop, keep_alive=keep_alive)
            delivery.confirm()
            return delivery

        self.publisher.wait(deliveries, stop=stop, keep_alive=keep_alive)
        outcomes: list[Outcome] = []
        for message, delivery in zip(messages, deliveries, strict=True):
            try:
                settled = arrived(delivery)
            except TooLarge:
                settled = self._alone(message, arrived)
            metrics.CONSUMED.labels(place(message).topic).inc()
            outcomes.append("published" if settled.topic == self.topic else "put_aside")
            if settled.topic == self.topic:
                metrics.PUBLISHED.labels(place(message).topic).inc()
                if (moment := published_at(message)) is not None:
                    metrics.PUBLICATION_TO_LOCAL.observe(max(0.0, time() - moment.timestamp()))
        return outcomes

    def _alone(self, message: Message, arrived: Callable[[Delivery], Delivery]) -> Delivery:
        """Send ``message`` again: the broker refuses the producer's batches whole, and it may not be the large one."""
        try:
            return arrived(self._publish(message, is_late=True))
        except (Undecodable, Unconvertible) as error:
            return self._aside(message, error, arrived)
        except TooLarge as error:
            try:
                return arrived(self.dead_letters.put_aside(message, stage=STAGES[TooLarge], error=error))
            except TooLarge:
                return self._aside(message, error, arrived)

    def _aside(self, message: Message, error: Exception, arrived: Callable[[Delivery], Delivery]) -> Delivery:
        """Put ``message`` aside that is too large for it, with as much of it as the topic takes."""
        refusal = error
        for delivery in self.dead_letters.put_aside_again(message, stage=STAGES[type(error)], error=error):
            try:
                return arrived(delivery)
            except TooLarge as too_large:
                refusal = too_large
        raise refusal
