"""What a panel shows of a light curve, wherever its points came from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a point is; the value is what people read."""

    DETECTION = "detection"
    LIMIT = "upper limit, 5 σ"
    FORCED = "forced photometry"
    ASIDE = "in the packet, not in the record"


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One measurement of an object's brightness."""

    mjd: float
    """UTC."""
    flux: float
    """µJy; of an upper limit the limit itself."""
    fluxerr: float
    """µJy; 0 for an upper limit."""
    band: str
    """The survey's one letter: g, r."""
    kind: Kind
    is_trigger: bool = field(default=False, compare=False)
    """Whether this is the detection that the alert is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """The points of one panel, each once, and what is to be said of those that cannot be drawn."""

    points: Sequence[Point]
    remark: str = ""

    @property
    def counts(self) -> str:
        """How many points of each kind there are, in words."""
        counted = Counter(point.kind for point in self.points)
        words = {Kind.DETECTION: "detection", Kind.LIMIT: "upper limit", Kind.FORCED: "forced", Kind.ASIDE: "left out"}
        plural = {Kind.DETECTION, Kind.LIMIT}
        return " · ".join(
            f"{counted[kind]} {word}{'s' if kind in plural and counted[kind] > 1 else ''}"
            for kind, word in words.items()
            if counted[kind]
        )
