"""``routes.toml`` while the sink runs: another content takes effect when SkyPortal knows what it names."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runtime.health import Health
from sink.routing import routes
from sink.routing.routes import Routes, RoutesError
from sink.skyportal.client import Unavailable
from sink.skyportal.connection import LOOK_AT_FILES_S

log = logging.getLogger(__name__)

PART = "routes.toml"
"""Under which ``/readyz`` says why another content does not hold."""


class RoutesWatch:
    """Reads the file of some routes again and again. Whatever is wrong with it, the routes from before hold.

    A mistake is said once, in the log and in ``/readyz``, until it is mended: in the file or in SkyPortal. The content
    counts, not the file: it may be edited, replaced, or be another one behind a symbolic link.
    """

    def __init__(
        self,
        current: Routes,
        *,
        look_up: Callable[[Routes], Sequence[str]],
        take: Callable[[Routes], object],
        health: Health,
        again_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``look_up`` says what SkyPortal does not know, or raises `Unavailable`; ``take`` lets routes take effect.

        What SkyPortal does not know is looked up again every ``again_s`` seconds.
        """
        self._current = current
        self._look_up = look_up
        self._take = take
        self._health = health
        self._again_s = again_s
        self._clock = clock
        self._seen = current.text
        self._refused = ""
        self._again_at = 0.0
        self._said = ""
        self._failure: Exception | None = None

    def start(self, told: threading.Event, stop: threading.Event) -> None:
        """Look every few seconds, and at once when ``told``, on a thread that ends when ``stop`` is set."""
        if self._current.path is not None:
            threading.Thread(target=self._keep_looking, args=(told, stop), name="routes", daemon=True).start()

    def check(self) -> None:
        """Raise what ended the looking, if something has: what an operator writes would never take effect."""
        if self._failure is not None:
            raise self._failure

    def look(self, *, told: bool = False) -> None:
        """Look once. Another content is taken when the next look finds it too, or at once if somebody told to look."""
        path = self._current.path
        if path is None:
            return
        try:
            text, mistake = routes.text_of(path), ""
        except RoutesError as error:
            text, mistake = "", str(error)
        is_whole, self._seen = (text or mistake) == self._seen, text or mistake
        if not (is_whole or told):
            return
        if mistake:
            self._say(mistake)
        elif text == self._current.text:
            self._clear("says again what holds")
        elif not text.strip():  # it would be valid, and is what a full disk leaves
            self._say(f"{path} is empty")
        elif told or text != self._refused or self._clock() >= self._again_at:
            self._consider(text, path)

    def _consider(self, text: str, path: Path) -> None:
        self._refused, self._again_at = text, self._clock() + self._again_s
        try:
            wanted = routes.parse(text, path)
            missing = self._look_up(wanted)
        except RoutesError as error:
            self._say(str(error))
        except Unavailable as error:
            if not error.sent:  # it costs SkyPortal nothing
                self._again_at = 0.0
            self._say(f"{path} has changed and is not looked up yet: {error}")
        else:
            if missing:
                self._say("\n".join(f"{path}: {sentence}" for sentence in missing))
                return
            before, self._current = self._current, wanted
            self._take(wanted)
            log.warning("routes have changed %s", difference(before, wanted))
            self._clear("holds now")

    def _say(self, mistake: str) -> None:
        if mistake != self._said:
            self._said = mistake
            for line in mistake.splitlines():
                log.warning("the routes from before hold: %s", line)
        self._health.remark(PART, f"the routes from before hold: {'; '.join(mistake.splitlines())}")

    def _clear(self, what: str) -> None:
        if self._said:
            log.warning("%s %s", self._current.path, what)
        self._said = self._refused = ""
        self._health.ready(PART)

    def _keep_looking(self, told: threading.Event, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                was_told = told.wait(LOOK_AT_FILES_S)
                told.clear()
                self.look(told=was_told)
        except Exception as error:  # noqa: BLE001  # `check` raises it where it is handled
            self._failure = error


def difference(before: Routes, after: Routes) -> str:
    """Return which routes are new, gone or other ones, by their topics; for the log."""
    old, new = before.by_topic(), after.by_topic()
    kinds = {
        "added": [topic for topic in new if topic not in old],
        "removed": [topic for topic in old if topic not in new],
        "changed": [topic for topic in new if topic in old and new[topic] != old[topic]],
        "order": list(new) if [topic for topic in new if topic in old] != [t for t in old if t in new] else [],
    }
    return " ".join(f"{kind}={','.join(topics)}" for kind, topics in kinds.items() if topics) or "in nothing but form"
