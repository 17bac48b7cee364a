"""How many dead letters wait, by their reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from confluent_kafka import Message

from runtime.redrive.topic import LetterTopic
from runtime.redrive.waiting import About, Waiting
from schemas.dead_letters import DeadLetter
from sink.settings import ConsumerGroupSettings

Reason = tuple[str, str, str]
"""Stage, part (empty for the whole alert) and name of the error."""


class Letters:
    """The dead letters of both halves. Asked again, it reads only what has come since."""

    def __init__(self, settings: ConsumerGroupSettings, *, since: datetime) -> None:
        """``since``: when the oldest was put aside that is to be counted."""
        names = (settings.undecodable_topic, settings.rejected_topic)
        self._since = since
        self._topics = [(LetterTopic(settings, name), Waiting(_nothing)) for name in names]

    def count(self) -> Mapping[str, Counter[Reason]]:
        """Return the letters that wait, by topic. Raises `RedriveFailed` if the broker is silent."""
        for topic, waiting in self._topics:
            topic.read_on(waiting, self._since)
        return {topic.name: _by_reason(waiting) for topic, waiting in self._topics}


def _by_reason(waiting: Waiting) -> Counter[Reason]:
    return Counter((one.why.stage, one.why.part, one.why.reason) for one in waiting.letters())


def in_order(counts: Counter[Reason]) -> Sequence[tuple[Reason, int]]:
    """Return the reasons, the most frequent first."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _nothing(message: Message, why: DeadLetter) -> About:
    """Look into no message: the reason stands in its headers."""
    del message, why
    return About("", "")
