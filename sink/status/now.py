"""Everything that the status shows, looked up at one moment."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from runtime import state
from runtime.state import Word
from schemas.words import FinkStanding, Kind, ProcessorWord, SinkWord, heard
from sink.settings import ConsumerGroupSettings
from sink.skyportal.pause_word import key_of, sentence_of
from sink.status import local
from sink.status.account import Account, account
from sink.status.letters import Letters, Reason
from sink.status.local import Partition

FORGOTTEN_AFTER = timedelta(days=1)
"""A process that has said nothing for so long is not shown; until then it may be cut off, and somebody may care."""

SILENT_AFTER = timedelta(seconds=30)
"""Processes speak every few seconds."""

Process = TypeVar("Process", ProcessorWord, SinkWord)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard(Generic[Process]):
    """What a process said last, and when the broker got it."""

    word: Process
    at: datetime

    def is_silent(self, now: datetime) -> bool:
        """Say whether it should have said something since: it was killed, or cut off from Kafka."""
        return now - self.at > SILENT_AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """Where every alert is."""

    at: datetime
    """UTC."""
    fink: Sequence[FinkStanding]
    """As the processors said it last."""
    local: Sequence[Partition]
    processors: Sequence[Heard[ProcessorWord]]
    sinks: Sequence[Heard[SinkWord]]
    paused: str
    """The sentence, or nothing."""
    letters: Mapping[str, Counter[Reason]]
    account: Account


def look(settings: ConsumerGroupSettings, letters: Letters) -> Now:
    """Look everything up. Raises `BrokerUnreachable`, `RedriveFailed` or KafkaException if the broker is silent."""
    words = state.read(settings)  # first: what is published meanwhile is then a surplus, and no loss
    now = datetime.now(UTC)
    fink = sorted(
        (word for word, _at in _all(FinkStanding, words)),
        key=lambda one: (one.topic, one.partition, one.group, one.first),
    )
    parts = local.partitions(settings)
    pause = words.get(key_of(settings))
    return Now(
        at=now,
        fink=fink,
        local=parts,
        processors=_processes(ProcessorWord, words, now),
        sinks=[one for one in _processes(SinkWord, words, now) if one.word.group == settings.sink_group_id],
        paused=sentence_of(pause) if pause else "",
        letters=letters.count(),
        account=account(fink, parts),
    )


def _all(kind: type[Kind], words: Mapping[str, Word]) -> Iterator[tuple[Kind, datetime]]:
    """Yield what was said of one kind, and when; what another version says otherwise will be missed in the account."""
    for key, word in words.items():
        if key.startswith(kind.PREFIX):
            with contextlib.suppress(ValueError):
                yield heard(kind, word.value), word.appended_at


def _processes(kind: type[Process], words: Mapping[str, Word], now: datetime) -> list[Heard[Process]]:
    found = [Heard(word=word, at=at) for word, at in _all(kind, words) if now - at < FORGOTTEN_AFTER]
    return sorted(found, key=lambda one: one.word.name)
