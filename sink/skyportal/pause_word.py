"""The word that pauses the sinks of a group: what it says, and how the operator says it and takes it back."""

import getpass
import socket
from datetime import UTC, datetime

from runtime import state
from runtime.publisher import Publisher
from runtime.state import StateTopic, Word
from sink.settings import ConsumerGroupSettings


def key_of(settings: ConsumerGroupSettings) -> str:
    """Return the key under which the word stands in the state topic."""
    return f"pause/{settings.sink_group_id}"


def since_of(word: Word) -> str:
    """Return since when the sinks are paused, in ISO 8601, UTC."""
    return str(word.value.get("since") or word.appended_at.isoformat(timespec="seconds"))


def sentence_of(word: Word) -> str:
    """Return that the sinks are paused, since when, and who said why."""
    by, reason = word.value.get("by"), word.value.get("reason")
    who = f", {by}" if by else ""
    return f"paused by the operator{who} since {since_of(word)}" + (f": {reason}" if reason else "")


class PauseWord:
    """The operator's side of the pause of one group; to be used once, by one command."""

    def __init__(self, settings: ConsumerGroupSettings, publisher: Publisher) -> None:
        self._settings = settings
        self._key = key_of(settings)
        self._topic = StateTopic(publisher, settings)

    def standing(self) -> list[Word]:
        """Return the word that stands; nothing if the sinks are not paused. Raises `BrokerUnreachable`."""
        words = state.read(self._settings)
        return [words[self._key]] if self._key in words else []

    def pause(self, reason: str) -> Word:
        """Say the word and return it, as soon as Kafka keeps it.

        A word that stands keeps its time, and its reason unless there is a new one. Raises `BrokerUnreachable`, and
        `NotPublished` if Kafka has not acknowledged it in time: then it may hold or not.
        """
        now = datetime.now(UTC)
        value = {"since": now.isoformat(timespec="seconds"), "reason": " ".join(reason.split()), "by": _who()}
        for word in self.standing():
            value |= {"since": since_of(word)}
            value |= {} if value["reason"] else {"reason": str(word.value.get("reason", ""))}
        self._topic.wait(self._topic.say(self._key, value), patience_s=self._settings.kafka_connect_timeout_s)
        return Word(value=value, appended_at=now)

    def resume(self) -> None:
        """Take the word back; returns as soon as Kafka has forgotten it. Raises `NotPublished` as `pause` does."""
        self._topic.wait(self._topic.unsay(self._key), patience_s=self._settings.kafka_connect_timeout_s)


def _who() -> str:
    """Return who runs this, and where; in a container nobody may know the user."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (ImportError, KeyError, OSError):
        return socket.gethostname()
