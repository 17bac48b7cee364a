"""Records of one partition that were read ahead of older ones."""

import contextlib

from sink.topic.ranges import Ranges
from sink.topic.tally import OUTCOMES, Outcome, Tally

MOST_METADATA: dict[Outcome, int] = {"accepted": 1_000, "rejected": 200, "skipped": 400}
"""Characters. Kafka keeps 4,096 of what is committed with an offset, and drops a commit that has more."""

NOTES: dict[Outcome, str] = {"accepted": "ahead=", "rejected": "ahead_rejected=", "skipped": "ahead_skipped="}


class Ahead:
    """Which offsets were read ahead, and which of them are settled, and how.

    The settled ones are committed with the offset, so that a successor need not deliver them again. Where that fails,
    it does: the committed offset is below all of them, and SkyPortal takes the same again for the same.
    """

    def __init__(self, metadata: str = "", *, end: int = 0) -> None:
        """``metadata`` is what was committed with the offset; of another topic, if it goes beyond ``end``."""
        self._unsettled: dict[int, float] = {}
        """With the time when each was appended to the topic."""
        self._settled: dict[Outcome, Ranges] = {outcome: Ranges() for outcome in OUTCOMES}
        words = metadata.split()
        for outcome, name in NOTES.items():
            # What cannot be read, as of another version, costs requests only.
            with contextlib.suppress(ValueError):
                noted = Ranges.read(next((word.removeprefix(name) for word in words if word.startswith(name)), ""))
                self._settled[outcome] = noted if noted.end <= end else Ranges()

    def __contains__(self, offset: int) -> bool:
        return offset in self._unsettled or any(offset in ranges for ranges in self._settled.values())

    @property
    def note(self) -> str:
        """What to commit with the offset."""
        texts = {one: self._settled[one].text(most - len(NOTES[one])) for one, most in MOST_METADATA.items()}
        return " ".join(NOTES[outcome] + text for outcome, text in texts.items() if text)

    def add(self, offset: int, appended_at: float) -> None:
        """Note a record in flight."""
        self._unsettled[offset] = appended_at

    def settle(self, offset: int, outcome: Outcome) -> None:
        """Note that the record at ``offset`` needs no more work."""
        if self._unsettled.pop(offset, None) is not None:
            self._settled[outcome].add(offset)

    def forget(self, offset: int) -> None:
        """Forget a record that is in flight."""
        self._unsettled.pop(offset, None)

    @property
    def in_flight(self) -> int:
        """How many are not settled."""
        return len(self._unsettled)

    def count(self, begin: int, end: int) -> int:
        """Return how many offsets from ``begin`` to before ``end`` were read ahead."""
        settled = sum(ranges.count_below(end) - ranges.count_below(begin) for ranges in self._settled.values())
        return settled + sum(begin <= offset < end for offset in self._unsettled)

    def below(self, offset: int) -> Tally:
        """Return how the records below ``offset`` were settled."""
        return Tally(**{outcome: ranges.count_below(offset) for outcome, ranges in self._settled.items()})

    def reaches(self, offset: int) -> Outcome | None:
        """Forget the records up to one whose turn has come; say how that was settled ahead, if it was."""
        how = next((outcome for outcome, ranges in self._settled.items() if offset in ranges), None)
        for ranges in self._settled.values():
            ranges.forget_below(offset + 1)
        self._unsettled.pop(offset, None)
        return how

    def oldest(self) -> float:
        """Return when the first record that is not settled was appended; 0 without one."""
        return next(iter(self._unsettled.values()), 0.0)
