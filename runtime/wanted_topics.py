"""The local topics as they are to be: how many copies and partitions, and the settings under which nothing is lost."""

from collections.abc import Iterator, Mapping

from runtime import kafka
from runtime.settings import ProcessSettings

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
