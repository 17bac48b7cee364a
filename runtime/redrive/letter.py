"""A dead letter that waits, without the message in it; and which letters somebody means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from schemas.dead_letters import DeadLetter, Source


class RedriveFailed(Exception):
    """Kafka does not do what a redrive needs; the text says what."""


class NoSuchLetter(Exception):
    """There is no letter at that place; the text says so."""


class NotPutBack(Exception):
    """A letter stays where it is; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What is known of a letter without its message."""

    partition: int
    offset: int
    """Where it stands in its topic."""
    put_aside_at: datetime
    """Append time of the letter, UTC."""
    why: DeadLetter
    obj_id: str
    fink_topic: str
    """Both as far as the message tells: empty where it does not."""
    bytes: int
    """Of the message's value."""
    times: int
    """How often the alert was put back before it was put aside again."""

    @property
    def id(self) -> str:
        """How an operator names it: its own place, which is no other letter's."""
        return f"{self.partition}:{self.offset}"

    @property
    def source(self) -> Source:
        """Where its message stood."""
        return self.why.source


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which letters are meant: those that fit everything that is said here."""

    ids: frozenset[str] = frozenset()
    """These and no others; without any, all."""
    stage: str = ""
    reason: str = ""
    part: str = ""
    topic: str = ""
    obj_id: str = ""
    """Patterns, as a shell's for names of files. Empty: whatever it is."""
    text: str = ""
    """Stands somewhere in the letter's sentence or in SkyPortal's answer, in capitals or not."""
    since: datetime | None = None
    until: datetime | None = None
    """When it was put aside: from the one on, and before the other."""

    def takes(self, letter: Letter) -> bool:
        """Say whether ``letter`` is meant."""
        why = letter.why
        said = why.message + ("" if why.answer is None else "\n" + why.answer.body)
        patterns = (
            (self.stage, why.stage),
            (self.reason, why.reason),
            (self.part, why.part),
            (self.topic, letter.fink_topic),
            (self.obj_id, letter.obj_id),
        )
        return (
            (not self.ids or letter.id in self.ids)
            and all(not pattern or fnmatchcase(value, pattern) for pattern, value in patterns)
            and self.text.casefold() in said.casefold()
            and (self.since is None or letter.put_aside_at >= self.since)
            and (self.until is None or letter.put_aside_at < self.until)
        )


def place_of(letter_id: str) -> tuple[int, int]:
    """Return partition and offset of a letter's id. Raises `NoSuchLetter` for what is none."""
    partition, _, offset = letter_id.partition(":")
    if not (partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise NoSuchLetter(f"{letter_id!r:.60} is no letter's id: it is PARTITION:OFFSET, as `redrive list` shows it")
    return int(partition), int(offset)


def one_of_each_source(letters: Sequence[Letter]) -> list[Letter]:
    """Return one letter of each source, the oldest source first; if only some hold the message, one that does."""
    best: dict[Source, Letter] = {}
    for letter in letters:
        other = best.setdefault(letter.source, letter)
        if letter.why.is_whole and not other.why.is_whole:
            best[letter.source] = letter
    return list(best.values())
