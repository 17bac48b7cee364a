"""The sinks' consumer group: is one running, and how much has it to deliver."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from runtime import topics
from runtime.checks import Finding, lasting, ok, unchecked, warning
from runtime.extent import Extent
from runtime.look import Look, stamped_at

SINKS, BACKLOG = "sinks", "records to deliver"

ANSWER_S = 10.0
HOUR_S = 3600.0
DAY_S = 86_400.0

MANY = 1000
"""Records: that a group begins with fewer is not worth a warning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What a topic holds that the group has not delivered."""

    extent: Extent
    oldest_s: float
    """How long the oldest of it has been in the topic; 0 if there is none."""
    kept_s: float
    """How long the topic keeps records; infinite if for ever."""


def group_findings(admin: AdminClient, look: Look, *, group_id: str, topic: str) -> Iterator[Finding]:
    """Yield how many sinks of ``group_id`` run, and what they have to deliver."""
    try:
        found = admin.describe_consumer_groups([group_id])[group_id].result(timeout=ANSWER_S)
    except KafkaException as error:
        yield unchecked(SINKS, f"the group {group_id} cannot be looked at: {error.args[0].str()}")
    else:
        yield ok(SINKS, f"{len(found.members) or 'none'} running in the group {group_id}")
    extent = look.extent(topic)
    kept_ms = float(topics.configuration(admin, topic)["retention.ms"])
    stamps: Sequence[float] = stamped_at(look.messages(extent, extent.first_unread()))
    waiting = Waiting(
        extent=extent,
        oldest_s=time.time() - min(stamps) if stamps else 0.0,
        kept_s=kept_ms / 1000 if kept_ms >= 0 else float("inf"),
    )
    yield backlog_finding(waiting, group_id=group_id)


def backlog_finding(waiting: Waiting, *, group_id: str) -> Finding:
    """Return how much ``group_id`` has to deliver, and whether some of it will expire or has expired."""
    extent = waiting.extent
    said = f"{extent.unread:,} wait, the oldest for {lasting(waiting.oldest_s)}"
    if extent.lost:
        return warning(
            BACKLOG,
            f"{extent.lost:,} expired before they were delivered; {said}",
            "raise retention.ms of the topic, and watch sink_oldest_undelivered_seconds",
        )
    if not extent.unread:
        return ok(BACKLOG, "none waits")
    left_s = waiting.kept_s - waiting.oldest_s
    if left_s < DAY_S:
        return warning(
            BACKLOG,
            f"{said}; the oldest expires in about {lasting(left_s)}",
            "raise retention.ms of the topic now, then see why they are not delivered",
        )
    if extent.is_new_to_the_group and extent.unread >= MANY:
        return warning(
            BACKLOG,
            f"the group {group_id} has delivered nothing yet and begins with everything in the topic: {said}",
            "nothing, if it is meant so; if another group has delivered it, set SINK_GROUP_ID to that one",
        )
    return ok(BACKLOG, said)
