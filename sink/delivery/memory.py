"""What SkyPortal holds of the latest objects, so that it need not be asked, or told, again. May be lost at any time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sink.delivery.held import Held
from sink.topic.offsets import Holding

LIFE_S = 6 * 3600.0
"""SkyPortal purges objects that nobody saved, active ones too, and then takes one new point without a word about the
ten that are gone: what is known of an object is forgotten after this time, and all of its next alert sent anew."""

MOST_POINTS = 500_000
"""Fingerprints in all, some 100 bytes each."""


@dataclass(slots=True, eq=False)
class _Entry:
    held: Held
    holding: Holding
    since: float


class Memory:
    """Objects by their ids, the least recently used forgotten first. Thread-safe.

    What is known of an object holds for the assignment of its partition under which it was learned: another sink may
    have written since.
    """

    def __init__(self, most_objects: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most_objects
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._pauses: dict[str, float] = {}
        """Objects with a write that may yet be applied, and the clock's time from which it will not."""

    def of(self, obj_id: str, holding: Holding) -> Held:
        """Return what is known of an object: an empty `Held`, to be filled, if that is nothing."""
        with self._lock:
            entry = self._entries.get(obj_id)
            now = self._clock()
            if entry is None or entry.holding is not holding or now - entry.since > LIFE_S:
                entry = self._entries[obj_id] = _Entry(Held(), holding, now)
            self._entries.move_to_end(obj_id)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry.held

    def forget(self, obj_id: str) -> None:
        """Forget an object: SkyPortal has been seen to hold something else."""
        with self._lock:
            self._entries.pop(obj_id, None)

    def forget_points(self) -> None:
        """Forget the points of the least recently used objects while there are too many."""
        with self._lock:
            sizes = {
                obj_id: sum(map(len, entry.held.points.values()))
                for obj_id, entry in self._entries.items()
                if entry.held.points
            }
            total = sum(sizes.values())
            for obj_id, size in sizes.items():
                if total <= MOST_POINTS:
                    break
                del self._entries[obj_id]
                total -= size

    def pause(self, obj_id: str, seconds: float) -> None:
        """Write nothing of an object for so long: an unanswered request may yet be applied. Forgets it, too."""
        self.forget(obj_id)
        if seconds > 0:
            with self._lock:
                now = self._clock()
                self._pauses = {name: until for name, until in self._pauses.items() if until > now}
                self._pauses[obj_id] = now + seconds

    def paused_for_s(self, obj_id: str) -> float:
        """Return for how many seconds nothing of the object is to be written; 0 if it may be at once."""
        with self._lock:
            left = self._pauses.get(obj_id, 0.0) - self._clock()
            if left <= 0:
                self._pauses.pop(obj_id, None)
            return max(0.0, left)
