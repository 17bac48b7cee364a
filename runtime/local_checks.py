"""What both processes need of the local Kafka: brokers, topics and their settings, time, room on the disk."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from confluent_kafka.admin import AdminClient, ClusterMetadata, TopicMetadata

from runtime import kafka, topics, wanted_topics
from runtime.brokers import broker_settings, clock_findings, longest_days, offsets_findings
from runtime.checks import Blocked, Finding, collected, counted, ok, unchecked, warning, wrong
from runtime.disk import disk_findings
from runtime.look import Look
from runtime.reach import reached
from runtime.refusals import LOCAL
from runtime.settings import ProcessSettings, SettingsError, load

KAFKA, RETENTION, CLOCK, DISK = "local Kafka", "offsets of groups", "clock of Kafka", "disk of Kafka"


def local_findings(settings: ProcessSettings, *, disk: Path | None) -> Iterator[Finding]:
    """Yield what is found of the local Kafka. Changes nothing there.

    ``disk`` is a folder on the broker's disk, or None to find out by its settings.
    """
    connection = kafka.connection(settings)
    try:
        cluster = yield from reached(KAFKA, settings.kafka_bootstrap_servers, connection, variables=LOCAL)
    except Blocked:
        for name in ("local topics", RETENTION, CLOCK, DISK):
            yield unchecked(name, "the local Kafka does not answer")
        return
    admin = AdminClient(connection, logger=kafka.log)
    with closing(Look(connection)) as look:
        expected = dict(wanted_topics.local_topics(settings, brokers=len(cluster.brokers)))
        if missing := [name for name in expected if name not in cluster.topics]:
            yield warning(
                "local topics",
                f"not there: {', '.join(missing)}; they are created when a process starts",
                "start a processor or a sink; if they were there before, find out who deleted them",
            )
        there = {name: config for name, config in expected.items() if name not in missing}
        for name, config in there.items():
            yield from collected(f"topic {name}", partial(_topic, admin, cluster, name, config))
        broker = broker_settings(admin, cluster)
        yield from collected(
            RETENTION, lambda: offsets_findings(RETENTION, broker, longest_days(admin, there, settings))
        )
        yield from collected(CLOCK, lambda: clock_findings(CLOCK, look, list(there)))

        def disk_step() -> Iterator[Finding]:
            configurations = {name: topics.configuration(admin, name) for name in there}
            return disk_findings(DISK, look, broker, cluster, configurations, disk)

        yield from collected(DISK, disk_step)


def wrong_settings(mistakes: str, *, disk: Path | None) -> Iterator[Finding]:
    """Yield each line of ``mistakes``, then what is found of the local Kafka if that can be found by the settings."""
    for mistake in mistakes.splitlines():
        yield wrong("settings", mistake, "")
    try:
        settings = load(ProcessSettings, own_prefixes=())
    except SettingsError:
        yield unchecked("local Kafka", "its settings are wrong")
    else:
        yield from local_findings(settings, disk=disk)
    yield unchecked("everything else", "the settings are wrong")


def _topic(admin: AdminClient, cluster: ClusterMetadata, name: str, wanted: Mapping[str, str]) -> Iterator[Finding]:
    title = f"topic {name}"
    try:
        actual = topics.configuration(admin, name)
    except topics.TopicUnusable as error:
        yield wrong(title, str(error), "let the user of KAFKA_SASL_USERNAME describe the topic")
        return
    if sentence := wanted_topics.unusable(name, wanted, actual):
        what, _, to_do = sentence.partition(": ")
        yield wrong(title, what, to_do)
    found = cluster.topics[name]
    yield from _copies(title, found, brokers=len(cluster.brokers))
    others = wanted_topics.differences(wanted, actual)
    for option, value in others.items():
        if option != "cleanup.policy":
            yield warning(
                title,
                f"{option}={value}, ours would be {wanted[option]}: {MEANING.get(option, 'it differs')}",
                f"kafka-configs.sh --alter --topic {name} --add-config {option}={wanted[option]}; "
                "or leave it, if it is meant so",
            )
    yield ok(title, f"{counted(len(found.partitions), 'partition')}, {_kept(actual)}")


MEANING = {
    "retention.ms": "how long an outage may last before alerts expire unread",
    "message.timestamp.type": "with the producer's time, an old alert may expire as it arrives",
    "max.message.bytes": "larger ones cannot be stored",
    "min.insync.replicas": "how many brokers must have an alert before it counts as stored",
    "flush.messages": "a single broker that loses power loses what it has not written to its disk",
    "compression.type": "it takes another amount of disk",
}
"""Of a topic's settings, what they decide here."""


def _copies(title: str, found: TopicMetadata, *, brokers: int) -> Iterator[Finding]:
    """Yield what is wrong with the places where a topic's messages stand."""
    parts = found.partitions
    wanted = wanted_topics.wanted_replicas(brokers)
    if dead := [number for number, part in parts.items() if part.leader < 0]:
        yield wrong(title, f"no broker leads the partitions {_numbers(dead)}", "start the broker that holds them")
    if few := [number for number, part in parts.items() if len(part.replicas) < wanted]:
        yield warning(
            title,
            f"fewer than {wanted} brokers have copies of the partitions {_numbers(few)}",
            "add copies with kafka-reassign-partitions.sh, or the loss of a broker loses alerts",
        )
    if behind := [number for number, part in parts.items() if 0 < len(part.isrs) < len(part.replicas)]:
        yield warning(title, f"copies of the partitions {_numbers(behind)} are behind", "see whether each broker is up")


def _kept(actual: Mapping[str, str]) -> str:
    if "delete" not in actual["cleanup.policy"]:
        return "the newest of each key is kept"
    milliseconds = int(actual["retention.ms"])
    return (
        f"messages are kept for {milliseconds / wanted_topics.DAY_MS:.3g} days"
        if milliseconds >= 0
        else "kept for ever"
    )


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
