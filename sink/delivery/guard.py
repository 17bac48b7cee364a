"""Too many refusals are no bad data: then it is the sink, or SkyPortal, that is wrong, and a person has to look."""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 100
SILENCE_S = 600.0
"""After somebody has looked."""


class Guard:
    """Watches the share of refused alerts among the latest. Thread-safe."""

    def __init__(self, *, in_a_row: int, percent: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Object when the next refusal would be number ``in_a_row``, or make ``percent`` of the last hundred."""
        self._in_a_row = in_a_row
        self._percent = percent
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: deque[bool] = deque(maxlen=WINDOW - 1)
        """Whether each was refused."""
        self._before = 0
        """Refusals before the start, while few alerts have been accepted since."""
        self._accepted = 0
        self._silent_until = float("-inf")

    def remember(self, refusals: int) -> None:
        """Count refusals of before the start as the beginning of the row."""
        self._before = refusals

    def accepted(self) -> None:
        """Note an alert that SkyPortal has accepted."""
        with self._lock:
            self._latest.append(False)
            self._accepted += 1
            # One acceptance is what makes a refusal believable: it says nothing of what was before the start.
            if self._accepted >= self._in_a_row:
                self._before = 0

    def refused(self, count: int = 1) -> None:
        """Note alerts, or parts of them, that were put aside because SkyPortal refused them."""
        with self._lock:
            self._latest.extend([True] * count)

    def objection(self, why: str) -> str:
        """Return why no other alert may be put aside, ``why`` being what SkyPortal said; nothing if one may."""
        with self._lock:
            row = 1 + self._before
            for was_refused in reversed(self._latest):
                if not was_refused:
                    break
                row += 1
            refused = sum(self._latest) + 1
            if self._clock() < self._silent_until:
                return ""
            is_full = len(self._latest) == WINDOW - 1
        in_a_row = 0 < self._in_a_row <= row
        if not in_a_row and not (is_full and 100 * refused / WINDOW >= self._percent):
            return ""
        how_many = f"{row} alerts in a row" if in_a_row else f"{refused} of the last {WINDOW} alerts"
        return (
            f"SkyPortal refuses {how_many}; the latest: {why[:500]}. Mend the cause; or, if these alerts are to become "
            "dead letters, send the sink a SIGHUP, or in a terminal a SIGUSR1: "
            f"then none halts it for {SILENCE_S / 60:.0f} minutes"
        )

    def clear(self) -> None:
        """Forget the past, and do not object for a while: somebody has looked."""
        with self._lock:
            self._latest.clear()
            self._before = 0
            self._silent_until = self._clock() + SILENCE_S
