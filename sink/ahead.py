"""Records of one partition that were read ahead of older ones."""

MOST_AHEAD = 100_000
"""Records of one partition; some 100 bytes each."""


class Ahead:
    """Which offsets were read ahead, and which of them are settled. Nothing of it outlives the process.

    That is no loss: the committed offset is below all of them, so a successor reads them again, and SkyPortal takes
    the same again for the same.
    """

    def __init__(self) -> None:
        self._offsets: set[int] = set()
        self._unsettled: dict[int, float] = {}
        """With the time when each was appended to the topic."""

    def __contains__(self, offset: int) -> bool:
        return offset in self._offsets

    def add(self, offset: int, appended_at: float) -> bool:
        """Note a record in flight; False if it is there already, or if there are too many."""
        if offset in self._offsets or len(self._offsets) >= MOST_AHEAD:
            return False
        self._offsets.add(offset)
        self._unsettled[offset] = appended_at
        return True

    def settle(self, offset: int) -> None:
        """Note that the record at ``offset`` needs no more work."""
        self._unsettled.pop(offset, None)

    def take(self, offset: int) -> bool:
        """Forget a record, because its turn has come; say whether it is settled."""
        self._offsets.discard(offset)
        return self._unsettled.pop(offset, None) is None

    def oldest(self) -> float:
        """Return when the first record that is not settled was appended; 0 without one."""
        return next(iter(self._unsettled.values()), 0.0)
