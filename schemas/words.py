"""What processes say of themselves in the state topic, and `python -m sink status` shows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, TypeAdapter

State = Literal["up", "away", "halted", "paused"]
"""Whether SkyPortal takes what a sink sends; halted and paused need somebody to do something."""


def _with_its_zone(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time without its zone")
    return text


Instant = Annotated[str, AfterValidator(_with_its_zone)]
"""ISO 8601, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FinkStanding:
    """One of Fink's partitions, as one consumer group has read it from the offset ``first`` on.

    ``first`` and what was published, put aside and expired add up to ``position``. Counted in the group's commits.
    """

    PREFIX: ClassVar[str] = "fink/"

    survey: str
    group: str
    topic: str
    partition: int
    first: int
    began: int
    """When Fink published that one, in milliseconds since 1970: of a topic made anew it is later. 0: not known."""
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
    read_to: Instant | Literal[""]
    """When Fink published what was read last; empty if nothing was read since the start."""

    @property
    def key(self) -> str:
        """Key of the word.

        A group that begins anew, elsewhere or in a topic made anew, has another one: what it counted before stays.
        """
        return f"{self.PREFIX}{self.group}/{self.topic}/{self.partition}/{self.first}@{self.began}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorWord:
    """One processor, some seconds ago."""

    PREFIX: ClassVar[str] = "processor/"

    survey: str
    group: str
    name: str
    """Host and port of its metrics."""
    at: Instant
    """When it said so."""
    why: str
    """Remarks, such as a schema that has changed; empty without any."""

    @property
    def key(self) -> str:
        """Key of the word."""
        return f"{self.PREFIX}{self.group}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkWord:
    """One sink, some seconds ago."""

    PREFIX: ClassVar[str] = "sink/"

    group: str
    name: str
    """Host and port of its metrics."""
    state: State
    since: Instant
    why: str
    """What keeps alerts from flowing, and remarks such as a broken route; empty if nothing does."""
    at: Instant
    """When it said so."""
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
        return f"{self.PREFIX}{self.group}/{self.name}"


Kind = TypeVar("Kind", FinkStanding, ProcessorWord, SinkWord)


def said(*words: FinkStanding | ProcessorWord | SinkWord) -> Mapping[str, Mapping[str, Any]]:
    """Return what to say, by key."""
    return {word.key: asdict(word) for word in words}


def heard(kind: type[Kind], value: Mapping[str, Any]) -> Kind:
    """Take what somebody said. Raises ValueError for anything else, as of another version."""
    return TypeAdapter(kind).validate_python(value)
