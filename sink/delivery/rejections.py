"""When a refusal is believed. Half of the failures in a fault of SkyPortal's database look like bad data."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from sink.delivery.in_flight import InFlight, Suspicion
from sink.skyportal.sender import Refused, Unanswered

LONGEST_PAUSE_S = 60.0

UNANSWERED = "not answered, though others were"
ENOUGH_UNANSWERED = 15
"""Tries. Where every second request fails by chance, one in 30,000 records gets there."""


class Rejections:
    """Believes a refusal if the record was alone, and got the same answer again some time later, and the same part of
    another object was accepted in between. Without such a control it may be an outage, and the record waits.

    A request that is answered as in an outage, again and again, though others are accepted between its attempts, is
    believed to be refused only after ``patience_s``. Thread-safe.
    """  # noqa: D205  # the rule is one sentence, and is longer than a line

    def __init__(
        self,
        interval_s: float,
        *,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
        patience_clock: Callable[[], float] | None = None,
    ) -> None:
        """``patience_clock`` is what time without an answer is measured by, if that is not ``clock``."""
        self._interval = interval_s
        self._patience = patience_s
        self._clock = clock
        self._now = patience_clock or clock
        self._lock = threading.Lock()
        self._accepted: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._doubted: defaultdict[str, set[str]] = defaultdict(set)

    def accepted(self, part: str, obj_id: str) -> None:
        """Note that SkyPortal accepted ``part`` of an object."""
        with self._lock:
            self._doubted.pop(part, None)
            latest = self._accepted[part]
            latest.pop(obj_id, None)
            latest[obj_id] = self._now()
            while len(latest) > 2:  # noqa: PLR2004  # two, so that one of them is another object
                del latest[next(iter(latest))]

    def doubted(self, part: str, obj_id: str) -> int:
        """Return of how many objects ``part`` was refused since it was accepted of any, ``obj_id`` among them."""
        with self._lock:
            self._doubted[part].add(obj_id)
            return len(self._doubted[part])

    def believe(self, item: InFlight, refusal: Refused, part: str) -> bool:
        """Say whether ``item``, alone in its request, is really refused; if not, say when to try it again."""
        if isinstance(refusal, Unanswered):
            return self._believe_silence(item, refusal, part)
        suspicion = self._suspect(item, part, refusal.answer.wording, since=self._now())
        old_enough = suspicion.attempts > 1 and suspicion.latest - suspicion.since >= self._interval
        if suspicion.latest - suspicion.since >= self._patience and suspicion.attempts >= ENOUGH_UNANSWERED:
            return self._control_of_any_part(item.alert.obj_id, suspicion.since)
        return old_enough and self._control(part, item.alert.obj_id, suspicion.since)

    def _believe_silence(self, item: InFlight, refusal: Unanswered, part: str) -> bool:
        last_tried = item.unanswered_at.get(part, refusal.since)
        item.unanswered_at[part] = self._now()
        if not self._control(part, item.alert.obj_id, last_tried):
            item.not_before = self._clock()  # nobody else got through either: an outage, and the gate sees to that
            return False
        suspicion = self._suspect(item, part, UNANSWERED, since=refusal.since)
        often_enough = suspicion.attempts * refusal.tries >= ENOUGH_UNANSWERED
        return often_enough and suspicion.latest - suspicion.since >= self._patience

    def _suspect(self, item: InFlight, part: str, message: str, *, since: float) -> Suspicion:
        now = self._now()
        known = item.suspicion
        same = known is not None and (known.part, known.message) == (part, message)
        attempts = known.attempts + 1 if known is not None and same else 1
        item.suspicion = Suspicion(
            message=message,
            part=part,
            since=known.since if known is not None and same else since,
            latest=now,
            attempts=attempts,
        )
        item.not_before = self._clock() + min(LONGEST_PAUSE_S, self._interval * 2 ** min(attempts - 1, 10))
        return item.suspicion

    def _control(self, part: str, obj_id: str, since: float) -> bool:
        with self._lock:
            return any(other != obj_id and at > since for other, at in self._accepted[part].items())

    def _control_of_any_part(self, obj_id: str, since: float) -> bool:
        """Say whether SkyPortal takes anything: nobody may have anything else of the kind that is refused."""
        return any(self._control(part, obj_id, since) for part in tuple(self._accepted))
