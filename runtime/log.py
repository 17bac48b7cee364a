"""One event, one line, on standard error."""

import logging
import re
import threading
import time

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"


def configure(level: str) -> None:
    """Log everything from ``level`` on, with UTC times. Call it once, before anything else."""
    formatter = logging.Formatter(FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # One line per request would bury everything else.
    logging.getLogger("urllib3").setLevel(logging.WARNING)


class OnceAMinute(logging.Filter):
    """Lets a line pass that has not been said for a minute, numbers aside.

    librdkafka says twenty times a second that a broker is away.
    """

    SILENCE_S = 60.0
    _NUMBERS = re.compile(r"\d+")

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether ``record`` is news."""
        now = time.monotonic()
        line = self._NUMBERS.sub("", record.getMessage())
        with self._lock:
            self._said = {line: when for line, when in self._said.items() if now - when < self.SILENCE_S}
            is_news = line not in self._said
            self._said.setdefault(line, now)
        return is_news
