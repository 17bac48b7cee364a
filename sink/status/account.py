"""The account: every record that was published has ended somehow, or waits."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.words import FinkStanding
from sink.status.local import Partition
from sink.topic.tally import Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What the processors counted in their commits at Fink, against what the sinks counted in theirs here.

    Neither is derived from the other, nor from the offsets of the local topic.
    """

    published: int
    """By the processors, each alert once, however often a crash made them repeat it."""
    tally: Tally
    """By the sinks."""
    waiting: int
    """Not settled yet; copies and records that were put back are among them."""

    @property
    def known(self) -> int:
        """Records whose fate is known, or that wait: copies, and those that were put back, are no alerts of their own.

        What Kafka deleted unread is known, too: `Tally.expired`.
        """
        tally = self.tally
        return tally.before + tally.accepted + tally.rejected + tally.skipped + tally.expired + self.waiting

    @property
    def unaccounted(self) -> int:
        """Records that were published and are nowhere. Anything but 0 is a loss."""
        return max(0, self.published - self.known)

    @property
    def surplus(self) -> int:
        """Records beyond those that were counted as published.

        Copies that wait, and what was published since the processors' last word, some seconds ago; where other
        programs publish to the topic, too, their records.
        """
        return max(0, self.known - self.published)


def account(fink: Iterable[FinkStanding], local: Iterable[Partition]) -> Account:
    """Add up what both halves counted."""
    tally, waiting = Tally(), 0
    for one in local:
        tally = tally.plus(one.tally).plus(Tally(expired=one.expired))
        waiting += one.waiting
    return Account(published=sum(one.published for one in fink), tally=tally, waiting=waiting)
