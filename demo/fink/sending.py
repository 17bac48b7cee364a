"""Messages on their way to a Fink's Kafka, and what became of them."""

from confluent_kafka import KafkaError, KafkaException, Message, Producer

LARGEST_MESSAGE = 16 * 1024 * 1024
PATIENCE_SECONDS = 60.0

BY_KEY = -1
"""librdkafka's word for: let the partitioner choose."""

QUIET = {"log_level": 2}
"""Nothing of librdkafka's own: what goes wrong for good is raised, and at the end the broker goes first."""


class Sending:
    """Sends messages, and tells where the broker has put each of them."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "message.max.bytes": LARGEST_MESSAGE,
                "queue.buffering.max.kbytes": 64 * 1024,
                "message.timeout.ms": int(PATIENCE_SECONDS * 1000),
                # So that only the copies which are meant to be there are doubled.
                "enable.idempotence": True,
                # While a new topic's leader starts, it may refuse a producer's first batch and accept the second. The
                # first, sent again, then passes for a duplicate: acknowledged, without an offset, and lost.
                "max.in.flight": 1,
                # Of Java, in which Fink's producer is written.
                "partitioner": "murmur2_random",
                **QUIET,
            }
        )
        self._sent = 0
        self._acknowledged: dict[int, tuple[int, int]] = {}
        self._refused: list[KafkaError] = []

    def send(self, topic: str, *, key: bytes, value: bytes, partition: int = BY_KEY) -> None:
        """Hand one message to Kafka; waits while too much is on its way. Raises KafkaException if one is refused."""
        index = self._sent

        def delivered(error: KafkaError | None, message: "Message[bytes, bytes]") -> None:
            if error is not None:
                self._refused.append(error)
                return
            self._acknowledged[index] = _known(message.partition()), _known(message.offset())

        while True:
            try:
                self._producer.produce(topic, key=key, value=value, partition=partition, on_delivery=delivered)
                break
            except BufferError:
                self._producer.poll(0.1)  # bounded by message.timeout.ms: what cannot be sent leaves the queue
        self._sent += 1
        self._producer.poll(0)
        self._raise_refused()

    def finish(self) -> list[tuple[int, int]]:
        """Wait for every acknowledgement, and return partition and offset of each message, in the order sent."""
        waiting = self._producer.flush(2 * PATIENCE_SECONDS)
        self._raise_refused()
        if waiting:
            raise TimeoutError(f"{waiting} of {self._sent} messages are not acknowledged")
        return [self._acknowledged[index] for index in range(self._sent)]

    def _raise_refused(self) -> None:
        if self._refused:
            raise KafkaException(self._refused[0])


def _known(number: int | None) -> int:
    if number is None:
        raise LookupError("Kafka acknowledged a message without saying where it is: it may be lost, publish again")
    return number
