"""What somebody wants replayed, in the words of the command."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from schemas.record import SkyPortalAlert


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which records of the local topic. Times are UTC, in whole milliseconds, as Kafka has them."""

    since: datetime
    """When they were appended, at the earliest."""
    until: datetime | None = None
    """They were appended before it; None: before the replay began."""
    observed_since: datetime | None = None
    """When they were detected, at the earliest; None: whenever."""
    topics: tuple[str, ...] = ()
    """Fink topics, exact or as globs; none: all."""
    objects: frozenset[str] = frozenset()
    """None: all."""

    def may_take(self, key: bytes | None) -> bool:
        """Say whether the record of a message with this key may be meant: its key is its object."""
        return not self.objects or key is None or key.decode(errors="replace") in self.objects

    def takes(self, alert: SkyPortalAlert) -> bool:
        """Say whether the record is meant, if it was appended in time."""
        return (
            (not self.objects or alert.obj_id in self.objects)
            and (not self.topics or any(fnmatchcase(alert.topic, pattern) for pattern in self.topics))
            and (self.observed_since is None or alert.observed_at >= self.observed_since)
        )

    def group(self, live_group: str, topic: str) -> str:
        """Return the consumer group that keeps the progress of this replay: the same for the same selection."""
        words = json.dumps([topic, *self.options()])
        return f"{live_group}.replay.{hashlib.blake2s(words.encode(), digest_size=5).hexdigest()}"

    def options(self) -> list[str]:
        """Return the options that say the same, whenever they are read."""
        times = [("--since", self.since), ("--until", self.until), ("--observed-since", self.observed_since)]
        said = [word for option, time in times if time is not None for word in (option, written(time))]
        said += [word for topic in sorted(self.topics) for word in ("--topic", topic)]
        return said + [word for obj_id in sorted(self.objects) for word in ("--object", obj_id)]


def written(time: datetime) -> str:
    """Return a UTC time as an operator may write it."""
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def milliseconds(time: datetime) -> int:
    """Return a time as Kafka has it; below zero it has signs for the ends of a topic."""
    return max(0, round(time.timestamp() * 1000))
