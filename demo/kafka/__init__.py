"""A real Apache Kafka on this machine that needs nothing but Python: no Java, no Docker, no root.

Java comes as a Python package, Kafka's jars from Maven's repository, once, as ``jars.lock`` names them.
"""

from demo.kafka.cluster import LocalKafka
from demo.kafka.errors import BrokerDiedError, JarsUnavailableError, LocalKafkaError, PortTakenError
from demo.kafka.running import running_kafka

__all__ = [
    "BrokerDiedError",
    "JarsUnavailableError",
    "LocalKafka",
    "LocalKafkaError",
    "PortTakenError",
    "running_kafka",
]
