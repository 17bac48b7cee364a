"""What a group has not read of a topic, what that takes, and how soon it expires."""

from dataclasses import dataclass

from runtime.checks import Finding, lasting, ok, size, warning
from runtime.extent import Extent

DAY_S = 86_400.0
HOUR_S = 3600.0

KEPT_DAYS = 4.0
"""For so long Fink keeps alerts, where nothing shows it: its documentation says four days, and seven."""

MARGIN_S = DAY_S
"""What expires sooner than this is in danger: a night and a morning."""

MANY = 1000
"""Messages: fewer are not worth a warning, and do not show how long a topic keeps them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """A topic, and what a few of its messages tell."""

    extent: Extent
    message_bytes: float
    """Key and value, of the newest."""
    seconds_of_one: float
    """Of one core, to make a record of one; 0 if none could be made."""
    oldest_at: float
    """Unix seconds; 0 if unknown."""
    first_unread_at: float
    """Of the oldest message that the group has not read, Unix seconds; 0 if unknown or everything is read."""


def backlog_finding(name: str, sampled: Sampled, *, group_id: str, now: float) -> Finding:
    """Return what ``group_id`` has to read yet, and whether some of it will expire or has expired."""
    extent = sampled.extent
    if extent.is_new_to_the_group:
        return _of_a_new_group(name, sampled, group_id)
    if extent.lost:
        return warning(
            name,
            f"{extent.lost:,} messages expired at Fink before the group {group_id} had read them; {_unread(sampled)}",
            "they are gone from the stream; Fink's Data Transfer can bring those nights again",
        )
    if not extent.unread:
        return ok(name, f"the group {group_id} has read everything")
    left_s = headroom_s(sampled, now=now)
    said = f"the group {group_id} has not read {_unread(sampled)}"
    if sampled.first_unread_at and left_s < MARGIN_S:
        return warning(
            name,
            f"{said}; the oldest of it expires in about {lasting(left_s)}",
            "let a processor run now, several if there are several partitions",
        )
    return ok(name, said)


def headroom_s(sampled: Sampled, *, now: float) -> float:
    """Return the seconds until the oldest unread message expires, as far as the topic shows how long it keeps them."""
    extent = sampled.extent
    age_s = now - sampled.oldest_at if sampled.oldest_at else 0.0
    # Where messages have expired, and there are many, the oldest one is as old as they get.
    shows_it = any(part.low > 0 for part in extent.parts) and extent.held >= MANY
    return sampled.first_unread_at + (age_s if shows_it else max(age_s, KEPT_DAYS * DAY_S)) - now


def _of_a_new_group(name: str, sampled: Sampled, group_id: str) -> Finding:
    text = f"the group {group_id} has read nothing yet and begins with everything that Fink keeps: {_unread(sampled)}"
    if sampled.extent.unread < MANY:
        return ok(name, text)
    return warning(
        name,
        text,
        "nothing, if it is meant so; if the alerts went to another group so far, set FINK_GROUP_ID to that one",
    )


def _unread(sampled: Sampled) -> str:
    """Return how much is unread: messages, bytes to fetch, computing time."""
    unread = sampled.extent.unread
    said = f"{unread:,} messages, about {size(unread * sampled.message_bytes)}"
    hours = unread * sampled.seconds_of_one / HOUR_S
    if hours < 1 / 60:
        return said
    return f"{said}, {hours:.1f} hours of one core" if hours >= 1 else f"{said}, {hours * 60:.0f} minutes of one core"
