"""Dead letters: a message put aside, byte for byte, with the reason in its headers.

Of a message that is too large for the topic of the dead letters, parts are left out, and the headers say which.

The names under ``__connect.errors.`` are Kafka Connect's, so that its tools can read our letters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NamedTuple

CONNECT = "__connect.errors."
OURS = "fink_skyportal.errors."
_FIRST = f"{CONNECT}topic"
"""A letter's headers begin with it: what stands before is the message's own."""

LEFT_OUT = f"{OURS}left_out."
"""Before ``value_bytes``, ``key_bytes`` or ``headers_bytes``: so much is left out. No such header: nothing is."""

WRITER_SCHEMA = f"{OURS}schema"
"""The writer's schema of a message whose key is not it: without it the message could not be read again."""

PUBLISHED_AT = f"{OURS}published_at"
"""When Kafka had the message, in ISO 8601: the letter's own time is that of its being put aside."""

EXCERPT = 2_000
"""Longest text in a header, in characters: SkyPortal's tracebacks reach 3 MB."""

Header = tuple[str, bytes | None]


class Source(NamedTuple):
    """Where the message stood that was put aside. Letters of one source are of one alert."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What SkyPortal answered to a request that it will never accept. Contains no token."""

    endpoint: str
    """Method and path, without the query."""
    status: int
    body: str
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """What a letter lacks of its message, in bytes; the original is where the letter's topic and offset say."""

    value_bytes: int = 0
    key_bytes: int = 0
    headers_bytes: int = 0
    """Of the message's own headers, names and values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """Why and where a message was put aside. Readers tell letters apart by topic, partition and offset."""

    topic: str
    partition: int
    offset: int
    signed_by: str
    """`names.PROCESSOR` or `names.SINK`."""
    stage: str
    """What failed: decode, convert, publish, deliver, route; part, if the rest of the alert was accepted."""
    reason: str
    """Name of the error."""
    message: str
    part: str = ""
    """The part of the alert that was refused: candidate, photometry, annotation. Of stage ``part`` it alone is lost."""
    answer: Answer | None = None
    left_out: LeftOut = LeftOut()
    published_at: datetime | None = None
    """Time that Kafka gave the message, UTC, where that is known and cannot be found elsewhere."""

    @property
    def source(self) -> Source:
        """Where the message stood."""
        return Source(self.topic, self.partition, self.offset)

    @property
    def is_whole(self) -> bool:
        """Whether the letter holds the message's key and value."""
        return not (self.left_out.value_bytes or self.left_out.key_bytes)

    def headers(self) -> list[Header]:
        """Return the headers that say all this; a reader gets it back with `from_headers`."""
        context = {
            _FIRST: self.topic,
            f"{CONNECT}partition": str(self.partition),
            f"{CONNECT}offset": str(self.offset),
            f"{CONNECT}connector.name": self.signed_by,
            f"{CONNECT}stage": self.stage,
            f"{CONNECT}exception.class.name": self.reason,
            f"{CONNECT}exception.message": self.message[:EXCERPT],
        }
        if self.answer is not None:
            context |= {
                f"{OURS}http.endpoint": self.answer.endpoint,
                f"{OURS}http.status": str(self.answer.status),
                f"{OURS}http.answer": self.answer.body[:EXCERPT],
                f"{OURS}attempts": str(self.answer.attempts),
            }
        if self.part:
            context[f"{OURS}part"] = self.part
        if self.published_at is not None:
            context[PUBLISHED_AT] = self.published_at.astimezone(UTC).isoformat(timespec="milliseconds")
        context |= {f"{LEFT_OUT}{part}": str(size) for part, size in asdict(self.left_out).items() if size}
        return [(name, value.encode(errors="replace")) for name, value in context.items()]


def from_headers(headers: Iterable[Header]) -> DeadLetter:
    """Read a dead letter's context back; KeyError where a header is missing, ValueError where one is wrong."""
    found = {name: (value or b"").decode(errors="replace") for name, value in headers}
    answer = None
    if f"{OURS}http.status" in found:
        answer = Answer(
            endpoint=found[f"{OURS}http.endpoint"],
            status=int(found[f"{OURS}http.status"]),
            body=found[f"{OURS}http.answer"],
            attempts=int(found[f"{OURS}attempts"]),
        )
    return DeadLetter(
        topic=found[f"{CONNECT}topic"],
        partition=int(found[f"{CONNECT}partition"]),
        offset=int(found[f"{CONNECT}offset"]),
        signed_by=found[f"{CONNECT}connector.name"],
        stage=found[f"{CONNECT}stage"],
        reason=found[f"{CONNECT}exception.class.name"],
        message=found[f"{CONNECT}exception.message"],
        part=found.get(f"{OURS}part", ""),
        answer=answer,
        left_out=LeftOut(
            value_bytes=int(found.get(f"{LEFT_OUT}value_bytes", 0)),
            key_bytes=int(found.get(f"{LEFT_OUT}key_bytes", 0)),
            headers_bytes=int(found.get(f"{LEFT_OUT}headers_bytes", 0)),
        ),
        published_at=utc(found[PUBLISHED_AT]) if PUBLISHED_AT in found else None,
    )


def own_headers(headers: Sequence[Header]) -> tuple[Sequence[Header], Sequence[Header]]:
    """Return the headers that the message had of its own, and those that made a letter of it."""
    begin = max((number for number, (name, _value) in enumerate(headers) if name == _FIRST), default=len(headers))
    return headers[:begin], headers[begin:]


def utc(text: str) -> datetime:
    """Return the time in a header, UTC. Raises ValueError."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r:.60} lies beyond the calendar") from error
