"""How far Fink's partitions have been read, as processors say it in the state topic."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

PREFIX = "processor/"


@dataclass(frozen=True, kw_only=True, slots=True)
class FinkStanding:
    """One of Fink's partitions, as one consumer group has read it from the offset ``first`` on.

    ``first`` and what was published, put aside and expired add up to ``position``. Counted in the group's commits.
    """

    survey: str
    group: str
    topic: str
    partition: int
    first: int
    position: int
    """The offset that comes next."""
    end: int
    """The offset behind the last message, as far as the processor knew."""
    published: int
    """Messages whose record is in the local topic."""
    put_aside: int
    """Messages that are dead letters."""
    expired: int
    """Messages that Fink deleted before they were read."""
    read_to: str
    """When Fink published what was read last, ISO 8601 UTC; empty if nothing was read since the start."""

    @property
    def key(self) -> str:
        """Key of the word. A group that begins anew elsewhere has another one, so that what it counted before stays."""
        return f"{PREFIX}{self.group}/{self.topic}/{self.partition}/{self.first}"

    def word(self) -> Mapping[str, Any]:
        """Return what to say."""
        return asdict(self)


def standing_in(word: Mapping[str, Any]) -> FinkStanding:
    """Take what `FinkStanding.word` has made. Raises ValueError for anything else."""
    return TypeAdapter(FinkStanding).validate_python(word)
