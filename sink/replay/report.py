"""What a replay says of itself: how far it is, and what came of it."""

import time
from dataclasses import dataclass, field

from runtime.health import Health
from sink import metrics
from sink.replay.beside import Beside
from sink.replay.counts import Counts
from sink.replay.progress import Plan
from sink.replay.window import Window

MOST_LINES = 20
"""Refused records that are listed at the end; each is in the log too."""


def requests_so_far() -> int:
    """Return how many requests this process has sent to SkyPortal."""
    samples = (sample for family in metrics.REQUESTS.collect() for sample in family.samples)
    return round(sum(sample.value for sample in samples if sample.name.endswith("_total")))


@dataclass(kw_only=True)
class Report:
    """One run of a replay, from its beginning."""

    window: Window
    plan: Plan
    counts: Counts
    beside: Beside
    health: Health
    is_done: bool = False
    """Whether all of it was delivered, put aside or skipped."""
    _began: float = field(default_factory=time.monotonic)
    _requests_before: int = field(default_factory=requests_so_far)

    @property
    def is_well(self) -> bool:
        """Whether all of it was accepted or skipped."""
        return self.is_done and not self.counts.rejected

    @property
    def total(self) -> int:
        """Records of the window."""
        return self.plan.records

    @property
    def done(self) -> int:
        """Records of the window that need no more work, those of earlier runs too."""
        return max(0, self.total - self.counts.reading.unread - self.counts.in_flight)

    @property
    def seconds(self) -> float:
        """Since the beginning of this run."""
        return time.monotonic() - self._began

    @property
    def requests(self) -> int:
        """Sent in this run, refused ones and probes too."""
        return requests_so_far() - self._requests_before

    @property
    def seconds_left(self) -> float:
        """To the end, at the speed so far; 0 if that is not known."""
        here = self.done - self.plan.done
        return (self.total - self.done) * self.seconds / here if here > 0 else 0.0

    def state(self) -> str:
        """Return the numbers of the moment."""
        counts = self.counts
        parts = [f"accepted {counts.accepted}", f"skipped {counts.skipped}", f"refused {counts.rejected}"]
        return ", ".join([*parts, f"{self.requests / max(self.seconds, 1e-3):.1f} requests/s"])

    def obstacle(self) -> str:
        """Return why nothing moves at the moment; an empty text while it does."""
        status, text = self.health.readyz()
        first = text.partition("\n")[0]
        if status != 200 or first != "ok":  # noqa: PLR2004  # HTTP's
            return first
        remark = text.partition("\n")[2].partition("\n")[0]
        if remark:
            return remark
        waiting = self.beside.waiting
        if waiting:
            return f"{waiting} records wait until the live sinks have passed newer ones of their objects"
        return ""

    def line(self) -> str:
        """Return where it stands, for a log."""
        left = f", {duration(self.seconds_left)} left" if self.seconds_left else ""
        obstacle = f"; {self.obstacle()}" if self.obstacle() else ""
        return f"replayed {self.done:,} of {self.total:,} records, {self.state()}{left}{obstacle}"

    def summary(self) -> str:
        """Return what came of it, in one line."""
        counts = self.counts
        numbers = {
            "records": self.total,
            "selected": counts.selected,
            "accepted": counts.accepted,
            "skipped": counts.skipped,
            "refused": counts.rejected,
            "unusable": counts.unusable,
            "lost": counts.reading.lost,
            "left_to_sinks": self.window.left,
            "requests": self.requests,
            "seconds": round(self.seconds),
        }
        return "replay: " + " ".join(f"{name}={number}" for name, number in numbers.items())

    def complaints(self) -> list[str]:
        """Return a line for each of the first records that were refused, or of which a part was."""
        lines = [f"refused: {line}" for line in self.counts.refused[:MOST_LINES]]
        more = len(self.counts.refused) - MOST_LINES
        return [*lines, f"refused: and {more} more, see the log"] if more > 0 else lines


def duration(seconds: float) -> str:
    """Return a time span as a person reads it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
