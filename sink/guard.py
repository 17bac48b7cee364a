"""Too many refusals are no bad data: then it is the sink, or SkyPortal, that is wrong, and a person has to look."""

import threading
from collections import deque

WINDOW = 100


class Guard:
    """Watches the share of refused alerts among the latest. Thread-safe."""

    def __init__(self, *, in_a_row: int, percent: float) -> None:
        """Object when the next refusal would be number ``in_a_row``, or make ``percent`` of the last hundred."""
        self._in_a_row = in_a_row
        self._percent = percent
        self._lock = threading.Lock()
        self._latest: deque[bool] = deque(maxlen=WINDOW)
        """Whether each was refused."""

    def accepted(self) -> None:
        """Note an alert that SkyPortal has accepted."""
        with self._lock:
            self._latest.append(False)

    def refused(self, count: int = 1) -> None:
        """Note alerts, or parts of them, that were put aside because SkyPortal refused them."""
        with self._lock:
            self._latest.extend([True] * count)

    def objection(self, why: str) -> str:
        """Return why no other alert may be put aside, ``why`` being what SkyPortal said; nothing if one may."""
        with self._lock:
            row = 1
            for was_refused in reversed(self._latest):
                if not was_refused:
                    break
                row += 1
            refused = sum(self._latest) + 1
        in_a_row = 0 < self._in_a_row <= row
        share = len(self._latest) >= WINDOW and 100 * refused / WINDOW >= self._percent
        if not in_a_row and not share:
            return ""
        how_many = f"{row} alerts in a row" if in_a_row else f"{refused} of the last {WINDOW} alerts"
        return (
            f"SkyPortal refuses {how_many}; the latest: {why[:500]}. Mend the cause, or, if these alerts are to become "
            "dead letters, send the sink a SIGHUP"
        )

    def clear(self) -> None:
        """Forget the past: somebody has looked."""
        with self._lock:
            self._latest.clear()
