"""What the brokers of the local Kafka tell of themselves: settings, memory of groups, time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource

from runtime import topics, wanted_topics
from runtime.checks import Finding, ok, unchecked, warning, wrong
from runtime.look import Look, stamped_at
from runtime.settings import ProcessSettings

ANSWER_S = 10.0
MINUTES_A_DAY = 1440

CLOCK_WARNING_S = 2.0
CLOCK_WRONG_S = 60.0


def longest_days(admin: AdminClient, expected: Mapping[str, Mapping[str, str]], settings: ProcessSettings) -> float:
    """Return for how many days records are kept, at most, in those of the topics that exist."""
    names = [name for name, config in expected.items() if "retention.ms" in config]
    kept_ms = [float(topics.configuration(admin, name)["retention.ms"]) for name in names]
    if min(kept_ms, default=0.0) < 0:
        return float("inf")
    return max(kept_ms) / wanted_topics.DAY_MS if kept_ms else settings.kafka_topic_retention_days


def offsets_findings(name: str, broker: Mapping[str, str], kept_days: float) -> Iterator[Finding]:
    """Yield whether the broker remembers where a group was for as long as it keeps the records."""
    if "offsets.retention.minutes" not in broker:
        yield unchecked(name, "the broker does not tell offsets.retention.minutes")
        return
    days = int(broker["offsets.retention.minutes"]) / MINUTES_A_DAY
    said = f"kept for {days:.3g} days after the last member left"
    if days >= kept_days:
        yield ok(name, said)
        return
    kept = f"for {kept_days:.3g} days" if isfinite(kept_days) else "for ever"
    enough = f"{kept_days * MINUTES_A_DAY:.0f}" if isfinite(kept_days) else "the longest outage in minutes"
    yield warning(
        name,
        f"{said}, records {kept}: a sink that was off for longer would begin anew",
        f"set offsets.retention.minutes of the broker to {enough} or more",
    )


def broker_settings(admin: AdminClient, cluster: ClusterMetadata) -> Mapping[str, str]:
    """Return the settings of the brokers that tell them; of several, the first one's, and the folders of all."""
    found: dict[str, str] = {}
    folders = []
    for number in cluster.brokers:
        resource = ConfigResource(ConfigResource.Type.BROKER, str(number))
        try:
            told = admin.describe_configs([resource])[resource].result(timeout=ANSWER_S)
        except (KafkaException, TimeoutError):  # not everybody may read them
            continue
        settings = {name: str(entry.value) for name, entry in told.items() if entry.value is not None}
        folders.append(settings.get("log.dirs") or settings.get("log.dir", ""))
        found = settings | found
    return found | {"log.dirs": ",".join(folders)}


def clock_findings(name: str, look: Look, names: Sequence[str]) -> Iterator[Finding]:
    """Yield whether messages have come from our future: all that Kafka tells of its clock without being written to."""
    stamps = []
    for topic in names:
        extent = look.extent(topic)
        stamps += stamped_at(look.messages(extent, extent.newest()))
    if not stamps:
        yield unchecked(name, "there is no message yet whose time could be compared")
        return
    ahead = max(stamps) - time.time()
    if ahead <= CLOCK_WARNING_S:
        yield ok(name, "no message is from the future")
        return
    text = f"the newest message is from {ahead:.0f} s in the future: its broker's clock or ours is wrong"
    to_do = "let both machines follow a time server (chronyc tracking, timedatectl)"
    yield wrong(name, text, to_do) if ahead > CLOCK_WRONG_S else warning(name, text, to_do)
