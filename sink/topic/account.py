"""The account of one partition: how the records below the committed offset ended."""

from schemas.origin import Origin
from sink import metrics
from sink.topic.ahead import Ahead
from sink.topic.copies import Copies
from sink.topic.tally import Outcome, Tally, of


class Account:
    """Counts each offset once, in their order. Committed with the offset, it survives what that survives."""

    def __init__(self, metadata: str = "", *, offset: int = 0) -> None:
        """``metadata`` is what was committed with ``offset``."""
        self.tally = Tally.read(metadata, offset)
        self._copies = Copies(metadata)
        self._in_line: dict[int, tuple[Origin, Tally]] = {}
        self._expired_untold = 0

    def stands_in_line(self, offset: int, origin: Origin, between: Tally) -> None:
        """Note the next record, and what became of the offsets between the one before it and itself."""
        self._in_line[offset] = origin, between

    def passed(self, offset: int, outcome: Outcome) -> None:
        """Count a record, and what stood before it. Records are passed in the order in which they stand in line."""
        origin, between = self._in_line.pop(offset)
        how = of(outcome)
        if origin.is_redriven:
            how = Tally(redriven=1)
        elif self._copies.pass_by(origin):
            how = Tally(copies=1)
        self.lost(between)
        self.tally = self.tally.plus(how)
        self.holds()

    def lost(self, range_of: Tally) -> None:
        """Count offsets that are gone."""
        self.tally = self.tally.plus(range_of)
        self._expired_untold += range_of.expired

    def holds(self) -> None:
        """Let the metric have what expired, too: the account is the one that is counted on.

        What turns out to have been delivered ahead is taken back from it, and so from what the metric gets next.
        """
        if self._expired_untold > 0:
            metrics.EXPIRED.inc(self._expired_untold)
            self._expired_untold = 0

    @property
    def note(self) -> str:
        """What to commit with the offset."""
        return " ".join(filter(None, (self.tally.note, self._copies.note)))


def metadata(account: Account, ahead: Ahead) -> str:
    """Return what to commit with an offset. Less than Kafka's 4,096 characters, above which it drops the commit."""
    return " ".join(filter(None, (account.note, ahead.note)))
