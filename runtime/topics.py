"""Creation and checking of the local topics."""

import logging
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic

from runtime import kafka
from runtime.settings import ProcessSettings

log = logging.getLogger(__name__)

ENOUGH_BROKERS = 3
"""From three brokers on, every message is on three of them, and two must have it before it is acknowledged."""

DAY_MS = 86_400_000
VISIBLE_S = 30.0


class BrokerUnreachable(Exception):
    """No Kafka broker answers."""


class TopicUnusable(Exception):
    """A local topic is missing or has settings under which alerts would be lost."""


def prepare(settings: ProcessSettings) -> None:
    """Create the local topics that do not exist, and check the ones that do.

    Raises `BrokerUnreachable` if no broker answers within ``kafka_connect_timeout_s``, and `TopicUnusable`.
    """
    admin = AdminClient(kafka.connection(settings), logger=kafka.log)
    cluster = _cluster(admin, settings)
    replicas = min(ENOUGH_BROKERS, len(cluster.brokers))
    partitions = settings.kafka_topic_partitions
    for name, config in _local_topics(settings, brokers=len(cluster.brokers)):
        if name in cluster.topics:
            _check(admin, name, config)
        else:
            topic = NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=dict(config))
            _create(admin, topic)
            _await(admin, name)


def _local_topics(settings: ProcessSettings, *, brokers: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the name and the configuration of each local topic."""
    config = {
        # Fink's time stamps may be days old: such alerts must not expire on arrival.
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(int(settings.kafka_topic_retention_days * DAY_MS)),
        "compression.type": "zstd",
        "cleanup.policy": "delete",
    }
    if brokers >= ENOUGH_BROKERS:
        config["min.insync.replicas"] = "2"
    else:
        config["flush.messages"] = "1"  # a single broker acknowledges from memory otherwise
    sizes = {
        settings.kafka_topic: kafka.LARGEST_MESSAGE_BYTES,
        settings.undecodable_topic: kafka.LARGEST_LETTER_BYTES,
        settings.rejected_topic: kafka.LARGEST_LETTER_BYTES,
    }
    for name, largest in sizes.items():
        yield name, config | {"max.message.bytes": str(largest)}


def _cluster(admin: AdminClient, settings: ProcessSettings) -> ClusterMetadata:
    deadline = time.monotonic() + settings.kafka_connect_timeout_s
    while True:
        try:
            return admin.list_topics(timeout=1.0)
        except KafkaException as error:
            if time.monotonic() < deadline:
                continue
            raise BrokerUnreachable(
                f"no Kafka broker answers at {settings.kafka_bootstrap_servers} "
                f"({error.args[0].str()}): is it running, and is KAFKA_BOOTSTRAP_SERVERS right?"
            ) from error


def _create(admin: AdminClient, topic: NewTopic) -> None:
    try:
        admin.create_topics([topic], operation_timeout=30)[topic.topic].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
            raise TopicUnusable(f"cannot create the topic {topic.topic}: {error.args[0].str()}") from error
    else:
        log.info("created topic=%s partitions=%d", topic.topic, topic.num_partitions)


def _await(admin: AdminClient, name: str) -> None:
    """Wait until the brokers know the topic: whoever created it was told so a little earlier."""
    deadline = time.monotonic() + VISIBLE_S
    while time.monotonic() < deadline:
        found = admin.list_topics(topic=name, timeout=VISIBLE_S).topics[name]
        if found.error is None and all(one.leader >= 0 for one in found.partitions.values()):
            return
        time.sleep(0.05)
    raise TopicUnusable(f"the topic {name} was created, but no broker leads it after {VISIBLE_S:.0f} s")


def _check(admin: AdminClient, name: str, config: Mapping[str, str]) -> None:
    """Refuse settings that would lose alerts; warn of the others."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    try:
        found = admin.describe_configs([resource])[resource].result(timeout=30)
    except KafkaException as error:
        raise TopicUnusable(f"cannot read the settings of the topic {name}: {error.args[0].str()}") from error
    actual = {option: found[option].value for option in config}
    if actual["cleanup.policy"] != "delete":
        raise TopicUnusable(
            f"the topic {name} has cleanup.policy={actual['cleanup.policy']}, which throws alerts away: "
            f"set it to delete (kafka-configs.sh --alter --topic {name} --add-config cleanup.policy=delete)"
        )
    for option, value in config.items():
        if actual[option] != value:
            log.warning("topic=%s has %s=%s, ours would be %s", name, option, actual[option], value)
