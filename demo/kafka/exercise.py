"""What nearly every user of a local Kafka does first: done once, to have the classes behind it in the archive."""

import time

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from demo.kafka.errors import BrokerDiedError

PATIENCE_SECONDS = 60


def exercise(bootstrap_servers: str) -> None:
    """Create a topic, write a message, read it as a member of a group, commit.

    Raises BrokerDiedError if that does not come to an end.
    """
    topic = "exercise"
    quiet: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        admin = AdminClient(quiet)  # a name of its own: a client that nobody holds forgets its requests
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(PATIENCE_SECONDS)
        producer = Producer({**quiet, "enable.idempotence": True, "compression.type": "zstd"})
        producer.produce(topic, b"value", b"key")
        producer.flush(PATIENCE_SECONDS)
        consumer = Consumer({**quiet, "group.id": topic, "auto.offset.reset": "earliest", "enable.auto.commit": False})
        consumer.subscribe([topic])
        try:
            while (message := consumer.poll(0.1)) is None or message.error():
                if time.monotonic() > deadline:
                    raise BrokerDiedError(f"a message written to {bootstrap_servers} cannot be read back")
            consumer.commit(message=message, asynchronous=False)
        finally:
            consumer.close()
    except KafkaException as error:
        raise BrokerDiedError(f"the broker {bootstrap_servers} does not work: {error}") from error
