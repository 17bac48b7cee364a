"""The operator's pause: while SkyPortal is being upgraded, no sink of the group sends it anything."""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping

from runtime.health import Health
from runtime.state import GONE, Gone, Listener, Word
from sink.skyportal.pause_word import sentence_of

log = logging.getLogger(__name__)

PART = "pause"
LOOK_EVERY_S = 0.2
HOW_TO_END_IT = "`python -m sink resume` goes on"


class Pause:
    """Whether the sinks are paused now. Thread-safe; whoever asks hears what is new, and never waits for it.

    Only the operator's word ends a pause: no signal does, no token, and no restart.
    """

    def __init__(
        self,
        health: Health,
        *,
        key: str = "",
        listener: Listener | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a ``listener`` there is never a pause."""
        self._health = health
        self._key = key
        self._listener = listener
        self._clock = clock
        self._hearing = threading.Lock()
        self._sentence = ""
        self._stood = (0.0, math.inf)
        """Seconds of the pauses that are over, and when this one was heard: one value, so that nobody sees half."""

    def begin(self) -> None:
        """Hear what was said before the start. Raises `BrokerUnreachable` if the state topic cannot be read."""
        if self._listener is not None:
            with self._hearing:
                self._listener.catch_up()

    def is_on(self) -> bool:
        """Say whether nothing may be sent now."""
        if self._listener is not None and self._hearing.acquire(blocking=False):
            try:
                self._heed(self._listener.news())
            finally:
                self._hearing.release()
        return self._stood[1] < math.inf

    def wait(self, given_up: Callable[[], bool]) -> bool:
        """Return True as soon as there is no pause; False if ``given_up`` becomes true before."""
        while self.is_on():
            if given_up():
                return False
            time.sleep(LOOK_EVERY_S)
        return True

    def clock(self) -> float:
        """Return the time of a clock that stands still in a pause: patience does not run out meanwhile."""
        before, since = self._stood
        return min(self._clock(), since) - before

    def _heed(self, news: Mapping[str, Word | Gone]) -> None:
        word = news.get(self._key)
        before, since = self._stood
        if isinstance(word, Word):
            self._stood = before, min(since, self._clock())
            self._say(f"{sentence_of(word)}; {HOW_TO_END_IT}")
        elif word == GONE and since < math.inf:
            lasted = self._clock() - since
            self._stood = before + lasted, math.inf
            self._sentence = ""
            log.warning("resumed by the operator after_s=%.1f", lasted)
            self._health.ready(PART)

    def _say(self, sentence: str) -> None:
        if sentence != self._sentence:
            log.warning("%s", sentence)
            self._sentence = sentence
        self._health.unready(PART, sentence)
