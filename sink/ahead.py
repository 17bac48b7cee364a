"""Records of one partition that were read ahead of older ones."""

import contextlib

from sink.ranges import Ranges

MOST_METADATA = 1_500
"""Characters. Kafka keeps 4,096 of what is committed with an offset, and drops a commit that has more."""

NOTE = "ahead="


class Ahead:
    """Which offsets were read ahead, and which of them are settled.

    The settled ones are committed with the offset, so that a successor need not deliver them again. Where that fails,
    it does: the committed offset is below all of them, and SkyPortal takes the same again for the same.
    """

    def __init__(self, note: str = "", *, end: int = 0) -> None:
        """``note`` is what was committed with the offset; of another topic, if it goes beyond ``end``."""
        self._unsettled: dict[int, float] = {}
        """With the time when each was appended to the topic."""
        self._settled = Ranges()
        # What cannot be read, as of another version, costs requests only.
        with contextlib.suppress(ValueError):
            settled = Ranges.read(note.removeprefix(NOTE)) if note.startswith(NOTE) else Ranges()
            self._settled = settled if settled.end <= end else Ranges()

    def __contains__(self, offset: int) -> bool:
        return offset in self._unsettled or offset in self._settled

    @property
    def note(self) -> str:
        """What to commit with the offset."""
        ranges = self._settled.text(MOST_METADATA - len(NOTE))
        return NOTE + ranges if ranges else ""

    def add(self, offset: int, appended_at: float) -> None:
        """Note a record in flight."""
        self._unsettled[offset] = appended_at

    def settle(self, offset: int) -> None:
        """Note that the record at ``offset`` needs no more work."""
        if self._unsettled.pop(offset, None) is not None:
            self._settled.add(offset)

    def forget(self, offset: int) -> None:
        """Forget a record that is in flight."""
        self._unsettled.pop(offset, None)

    def reaches(self, offset: int) -> bool:
        """Forget the records up to one whose turn has come; say whether that was settled ahead."""
        settled = offset in self._settled
        self._settled.forget_below(offset + 1)
        self._unsettled.pop(offset, None)
        return settled

    def oldest(self) -> float:
        """Return when the first record that is not settled was appended; 0 without one."""
        return next(iter(self._unsettled.values()), 0.0)
