"""Everything that the status shows, looked up at one moment."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runtime import state
from runtime.state import Word
from schemas import sinks_word, standing
from schemas.sinks_word import SinkWord, sinks_word_in
from schemas.standing import FinkStanding, standing_in
from sink.pause_word import key_of, sentence_of
from sink.settings import SinkSettings
from sink.status import local
from sink.status.account import Account, account
from sink.status.letters import Letters, Reason
from sink.status.local import Partition

FORGOTTEN_AFTER = timedelta(days=1)
"""A sink that has said nothing for so long is not shown; until then it may have been cut off, and somebody may care."""

SILENT_AFTER = timedelta(seconds=30)
"""Sinks speak every few seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a sink said last, and when the broker got it."""

    word: SinkWord
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
    sinks: Sequence[Heard]
    paused: str
    """The sentence, or nothing."""
    letters: Mapping[str, Counter[Reason]]
    account: Account

    @property
    def lost(self) -> int:
        """Alerts that will never arrive and are no dead letters: expired unread at Fink or here, or unaccounted."""
        expired = sum(one.expired for one in self.fink) + self.account.tally.expired
        return expired + self.account.unaccounted


def look(settings: SinkSettings, letters: Letters) -> Now:
    """Look everything up. Raises `BrokerUnreachable`, `RedriveFailed` or KafkaException if the broker is silent."""
    words = state.read(settings)  # first: what is published meanwhile is then a surplus, and no loss
    now = datetime.now(UTC)
    fink = sorted(_standings(words), key=lambda one: (one.topic, one.partition, one.group, one.first))
    parts = local.partitions(settings)
    pause = words.get(key_of(settings))
    return Now(
        at=now,
        fink=fink,
        local=parts,
        sinks=sorted(_sinks(words, settings, now), key=lambda one: one.word.name),
        paused=sentence_of(pause) if pause else "",
        letters=letters.count(),
        account=account(fink, parts),
    )


def _standings(words: Mapping[str, Word]) -> Iterable[FinkStanding]:
    for key, word in words.items():
        if key.startswith(standing.PREFIX):
            try:
                yield standing_in(word.value)
            except ValueError:  # of another version; the account will show that something is missing
                continue


def _sinks(words: Mapping[str, Word], settings: SinkSettings, now: datetime) -> Iterable[Heard]:
    for key, word in words.items():
        if key.startswith(f"{sinks_word.PREFIX}{settings.sink_group_id}/") and now - word.appended_at < FORGOTTEN_AFTER:
            try:
                yield Heard(word=sinks_word_in(word.value), at=word.appended_at)
            except ValueError:
                continue
