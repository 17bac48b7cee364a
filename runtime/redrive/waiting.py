"""The letters that wait: read so far, and not put back."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from confluent_kafka import Message

from runtime import kafka
from runtime.redrive.letter import Letter
from schemas.dead_letters import DeadLetter, Source, from_headers
from schemas.record import EPOCH
from schemas.redriven import is_marker, redriven, times_redriven


class About(NamedTuple):
    """What a letter's message is about; empty where it does not tell."""

    obj_id: str
    fink_topic: str


Look = Callable[[Message, DeadLetter], About]
"""Looks into the message of a letter. Never raises."""


class Waiting:
    """Letters without their messages: some kilobytes each, however large what was put aside is."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._letters: defaultdict[int, dict[Source, dict[str, Letter]]] = defaultdict(dict)
        """By partition, source and part; of a letter that a crash has repeated, the last."""
        self.put_back = 0
        """Sources that have been put back."""
        self.strangers = 0
        """Messages that are neither letters nor markers."""

    def add(self, message: Message) -> None:
        """Take in one message of the topic; those of a partition come in order."""
        headers = kafka.headers_of(message)
        partition = message.partition() or 0
        try:
            if is_marker(headers):
                if self._letters[partition].pop(redriven(headers).source, None) is not None:
                    self.put_back += 1
                return
            letter = letter_of(message, self._look)
        except (KeyError, ValueError, OverflowError):
            self.strangers += 1
            return
        self._letters[partition].setdefault(letter.source, {})[letter.why.part] = letter

    def letters(self) -> list[Letter]:
        """Return each letter once, the oldest first."""
        found: dict[tuple[Source, str], Letter] = {}
        for letter in sorted(self._all(), key=lambda one: (one.put_aside_at, one.partition, one.offset)):
            key = letter.source, letter.why.part
            found.pop(key, None)
            found[key] = letter
        return list(found.values())

    def partitions(self, source: Source) -> list[int]:
        """Return where letters of ``source`` wait: none if it has been put back."""
        return [partition for partition, sources in self._letters.items() if source in sources]

    def _all(self) -> list[Letter]:
        return [letter for sources in self._letters.values() for parts in sources.values() for letter in parts.values()]


def letter_of(message: Message, look: Look) -> Letter:
    """Return the letter that ``message`` is. KeyError, ValueError or OverflowError if it is none."""
    headers = kafka.headers_of(message)
    why = from_headers(headers)
    about = look(message, why)
    return Letter(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        put_aside_at=EPOCH + timedelta(milliseconds=max(0, message.timestamp()[1])),
        why=why,
        obj_id=about.obj_id,
        fink_topic=about.fink_topic,
        bytes=len(message.value() or b""),
        times=times_redriven(headers),
    )
