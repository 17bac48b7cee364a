"""What one half of the product says of its dead letters, and how it puts one back."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from confluent_kafka import Message

from runtime.redrive.letter import Letter
from runtime.redrive.waiting import About
from schemas.dead_letters import DeadLetter, Header


class Record(NamedTuple):
    """A message for the local topic of records, without what says that it was put back."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


class Half(Protocol):
    """The sink's side or the processor's."""

    def look(self, message: Message, why: DeadLetter) -> About:
        """Return what a letter's message is about. Never raises."""

    def record(self, letter: Letter, message: Message) -> Record:
        """Return what is to be published of a letter's message. Raises `NotPutBack`."""

    def shown(self, letter: Letter, message: Message) -> str:
        """Return what is in a letter's message, for a person: lines of printable text. Never raises."""
