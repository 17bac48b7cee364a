"""What a sink says of itself in the state topic."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

PREFIX = "sink/"

State = Literal["up", "away", "halted", "paused"]
"""Whether SkyPortal takes what the sink sends; halted and paused need somebody to do something."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkWord:
    """One sink, some seconds ago."""

    group: str
    name: str
    """Host and port of its metrics."""
    state: State
    since: str
    """ISO 8601 UTC."""
    why: str
    """What keeps alerts from flowing, and remarks such as a broken route; empty if nothing does."""
    at: str
    """When it said so, ISO 8601 UTC."""
    requests_per_second: float
    """What it allows itself; 0: as many as SkyPortal answers."""
    requests: int
    """Since its start."""
    accepted: int
    """Alerts, since its start."""
    partitions: Sequence[int]
    """Of the local topic, that are its own at present."""

    @property
    def key(self) -> str:
        """Key of the word."""
        return f"{PREFIX}{self.group}/{self.name}"

    def word(self) -> Mapping[str, Any]:
        """Return what to say."""
        return asdict(self)


def sinks_word_in(word: Mapping[str, Any]) -> SinkWord:
    """Take what `SinkWord.word` has made. Raises ValueError for anything else."""
    return TypeAdapter(SinkWord).validate_python(word)
