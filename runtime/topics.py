"""Creation and checking of the local topics."""

import logging
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic

from runtime import kafka
from runtime.refusals import LOCAL, Refusal
from runtime.settings import ProcessSettings

log = logging.getLogger(__name__)

ENOUGH_BROKERS = 3
"""From three brokers on, every message is on three of them, and two must have it before it is acknowledged."""

DAY_MS = 86_400_000

LATEST_WORDS = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": str(8 * 1024 * 1024),
    "segment.ms": "3600000",
    # Who was cut off for less than this hears that a word was taken back.
    "delete.retention.ms": str(7 * DAY_MS),
}
"""Of the state topic: it stays short, so that everybody can read it from its beginning."""

VISIBLE_S = 30.0


class BrokerUnreachable(Exception):
    """No Kafka broker answers."""


class TopicUnusable(Exception):
    """A local topic is missing or has settings under which alerts would be lost."""


def prepare(settings: ProcessSettings) -> None:
    """Create the local topics that do not exist, and check the ones that do.

    Raises `BrokerUnreachable` if no broker answers within ``kafka_connect_timeout_s``, and `TopicUnusable`.
    """
    refusal = Refusal(LOCAL)
    admin = AdminClient(refusal.heard_by(kafka.connection(settings)), logger=kafka.log)
    cluster = _cluster(admin, settings, refusal)
    replicas = wanted_replicas(len(cluster.brokers))
    for name, config in local_topics(settings, brokers=len(cluster.brokers)):
        if name in cluster.topics:
            _check(admin, name, config)
        else:
            partitions = wanted_partitions(settings, name)
            topic = NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=dict(config))
            _create(admin, topic)
            _await(admin, name)


def wanted_replicas(brokers: int) -> int:
    """Return on how many of so many brokers each message stands."""
    return min(ENOUGH_BROKERS, brokers)


def local_topics(settings: ProcessSettings, *, brokers: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the name of each local topic, and the settings that it has in a cluster of so many brokers."""
    config = {
        # Fink's time stamps may be days old: such alerts must not expire on arrival.
        "message.timestamp.type": "LogAppendTime",
        "compression.type": "zstd",
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
    kept = {
        "cleanup.policy": "delete",
        "retention.ms": str(int(settings.kafka_topic_retention_days * DAY_MS)),
    }
    for name, largest in sizes.items():
        yield name, config | kept | {"max.message.bytes": str(largest)}
    yield settings.state_topic, config | LATEST_WORDS


def wanted_partitions(settings: ProcessSettings, name: str) -> int:
    """Return how many partitions the local topic ``name`` gets."""
    return 1 if name == settings.state_topic else settings.kafka_topic_partitions


def _cluster(admin: AdminClient, settings: ProcessSettings, refusal: Refusal) -> ClusterMetadata:
    deadline = time.monotonic() + settings.kafka_connect_timeout_s
    while True:
        try:
            return admin.list_topics(timeout=1.0)
        except KafkaException as error:
            if time.monotonic() < deadline:
                continue
            admin.poll(0)  # it tells then why
            if refusal.text:
                raise BrokerUnreachable(
                    f"the Kafka at {settings.kafka_bootstrap_servers} and this process refuse each other "
                    f"({refusal.text}): {refusal.to_do}"
                ) from error
            raise BrokerUnreachable(
                f"no Kafka broker answers at {settings.kafka_bootstrap_servers} "
                f"({error.args[0].str()}): is it running, does it speak as KAFKA_SECURITY_PROTOCOL says, and "
                "is KAFKA_BOOTSTRAP_SERVERS right?"
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
    actual = configuration(admin, name)
    if sentence := unusable(name, config, actual):
        raise TopicUnusable(sentence)
    for option, value in differences(config, actual).items():
        log.warning("topic=%s has %s=%s, ours would be %s", name, option, value, config[option])


def configuration(admin: AdminClient, name: str) -> Mapping[str, str]:
    """Return the settings that a topic has now. Raises `TopicUnusable` if they cannot be read."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    try:
        found = admin.describe_configs([resource])[resource].result(timeout=30)
    except KafkaException as error:
        raise TopicUnusable(f"cannot read the settings of the topic {name}: {error.args[0].str()}") from error
    return {option: str(entry.value) for option, entry in found.items()}


def unusable(name: str, wanted: Mapping[str, str], actual: Mapping[str, str]) -> str:
    """Return why a topic with the ``actual`` settings would lose what it holds, and what to do; or nothing."""
    policy, right = actual["cleanup.policy"], wanted["cleanup.policy"]
    if policy == right:
        return ""
    loses = "throws alerts away" if right == "delete" else "forgets what it holds when that gets old"
    return (
        f"the topic {name} has cleanup.policy={policy}, which {loses}: set it to {right} "
        f"(kafka-configs.sh --alter --topic {name} --add-config cleanup.policy={right})"
    )


def differences(wanted: Mapping[str, str], actual: Mapping[str, str]) -> Mapping[str, str]:
    """Return the ``actual`` value of each setting that is not as ``wanted``.

    Settings that the broker does not have are none: Redpanda takes ``flush.messages`` in silence, and writes through.
    """
    return {option: actual[option] for option, value in wanted.items() if actual.get(option, value) != value}
