"""What a replay has counted."""

from dataclasses import dataclass, field

from sink.replay.reading import Reading
from sink.topic.tally import Outcome


@dataclass(slots=True, kw_only=True)
class Counts:
    """Records of one run of a replay."""

    reading: Reading
    selected: int = 0
    """Read, and meant."""
    not_wanted: int = 0
    """Of them, those that no route takes."""
    unusable: int = 0
    """Passed without being sent: no records, or not sendable."""
    no_route: set[str] = field(default_factory=set)
    """Topics that no route names."""
    refused: list[str] = field(default_factory=list)
    """A line for each record, or part of one, that was put aside."""

    @property
    def accepted(self) -> int:
        """Records that SkyPortal has accepted."""
        return self._settled("accepted")

    @property
    def rejected(self) -> int:
        """Records that were put aside."""
        return self._settled("rejected")

    @property
    def skipped(self) -> int:
        """Records that no route takes."""
        return self.not_wanted + self._settled("skipped")

    @property
    def in_flight(self) -> int:
        """Records that are read, and neither accepted, put aside nor skipped."""
        return self.selected - self.accepted - self.rejected - self.skipped

    def _settled(self, outcome: Outcome) -> int:
        return sum(holding.settled[outcome] for holding in self.reading.holdings.values())
