"""What a process says of itself, again and again, in the state topic: `python -m sink status` shows it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from runtime.publisher import Delivery, NotPublished
from runtime.state import StateTopic

EVERY_S = 5.0

AGAIN_EVERY_S = 600.0
"""What has not changed is said again: the topic may have been made anew, or another process have said otherwise."""

LAST_WORD_S = 2.0
"""To wait for the broker at the end."""

Words = Mapping[str, Mapping[str, Any]]
"""By key."""


class Reporter:
    """Says what has changed, every few seconds. Used by one thread; never waits but for the last time."""

    def __init__(
        self, state: StateTopic, words: Callable[[], Words], *, own: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``words`` returns what there is to say now; ``own`` is the key that says that the process runs."""
        self._state = state
        self._words = words
        self._own = own
        self._clock = clock
        self._due = self._all_due = 0.0
        self._said: dict[str, Mapping[str, Any]] = {}
        self._under_way: list[Delivery] = []

    def turned(self) -> None:
        """Report if it is time. A broker that has not taken the last report gets no other."""
        self._state.poll()  # the process itself may have nothing to publish
        now = self._clock()
        if now >= self._due and all(delivery.done.is_set() for delivery in self._under_way):
            self._due = now + EVERY_S
            # Of what was refused nobody knows which words arrived.
            if now >= self._all_due or any(delivery.error for delivery in self._under_way):
                self._all_due = now + AGAIN_EVERY_S
                self._said.clear()
            self._report()

    def close(self, *, patience_s: float = LAST_WORD_S) -> None:
        """Report for the last time, that the process runs no more, and wait a little for the broker."""
        self._report()
        last = [*self._under_way, self._state.unsay(self._own)]
        deadline = time.monotonic() + patience_s
        try:
            for delivery in last:
                self._state.wait(delivery, patience_s=max(0.0, deadline - time.monotonic()))
        except NotPublished:
            return

    def _report(self) -> None:
        news = {key: word for key, word in self._words().items() if self._said.get(key) != word}
        self._under_way = [self._state.say(key, word) for key, word in news.items()]
        self._said |= news
