"""Dead letters that were put back: what says so on the message that is published again, and beside the letter.

Beside the letter it is a *marker*: a message without a value, in the letter's partition and behind it. It serves all
letters before it in that partition that have the same source.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.dead_letters import CONNECT, Header, Source, utc

REDRIVEN = "fink_skyportal.redriven."
"""Before ``topic``, ``partition`` and ``offset`` of the message that was put aside, ``times`` and ``at``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Redriven:
    """A message was put back, for the ``times``-th time. The same headers stand on the message and on the marker."""

    source: Source
    """Where the message stood that was put aside."""
    times: int
    """How often the alert has been put back, this time included."""
    at: datetime
    """UTC."""

    def headers(self) -> list[Header]:
        """Return the headers that say all this; a reader gets it back with `redriven`."""
        topic, partition, offset = self.source
        said = {
            "topic": topic,
            "partition": str(partition),
            "offset": str(offset),
            "times": str(self.times),
            "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        }
        return [(f"{REDRIVEN}{name}", value.encode(errors="replace")) for name, value in said.items()]


def redriven(headers: Iterable[Header]) -> Redriven:
    """Read back what `Redriven.headers` says; KeyError where a header is missing, ValueError where one is wrong."""
    found = {name: (value or b"").decode(errors="replace") for name, value in headers if name.startswith(REDRIVEN)}
    return Redriven(
        source=Source(found[f"{REDRIVEN}topic"], int(found[f"{REDRIVEN}partition"]), int(found[f"{REDRIVEN}offset"])),
        times=int(found[f"{REDRIVEN}times"]),
        at=utc(found[f"{REDRIVEN}at"]),
    )


def times_redriven(headers: Iterable[Header]) -> int:
    """Return how often a message was put back: 0 if it never was, or does not say it readably."""
    try:
        return redriven(headers).times
    except (KeyError, ValueError):
        return 0


def is_marker(headers: Iterable[Header]) -> bool:
    """Say whether a message of a topic of dead letters is no letter, but says that one was put back."""
    names = {name for name, _value in headers}
    return f"{REDRIVEN}topic" in names and f"{CONNECT}topic" not in names


def without_redriven(headers: Iterable[Header]) -> list[Header]:
    """Return ``headers`` without what an earlier redrive has said."""
    return [(name, value) for name, value in headers if not name.startswith(REDRIVEN)]
