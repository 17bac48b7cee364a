"""What a topic holds, and how far a group has read it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One partition: the first offset that is kept, the one after the last, and what the group has committed."""

    number: int
    low: int
    high: int
    committed: int
    """Negative if the group has committed nothing."""

    @property
    def next(self) -> int:
        """The offset that the group reads next; one that is beyond the end is of another topic of that name."""
        return max(self.low, self.committed) if self.committed <= self.high else self.low

    @property
    def unread(self) -> int:
        """Messages that the group has not read."""
        return self.high - self.next

    @property
    def lost(self) -> int:
        """Messages that expired before the group had read them."""
        return max(0, self.low - self.committed) if self.committed >= 0 else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """What a topic holds. Compacted topics and transactions hold less than their offsets say."""

    topic: str
    parts: tuple[Part, ...]

    @property
    def held(self) -> int:
        """Messages in the topic."""
        return sum(part.high - part.low for part in self.parts)

    @property
    def unread(self) -> int:
        """Messages that the group has not read."""
        return sum(part.unread for part in self.parts)

    @property
    def lost(self) -> int:
        """Messages that expired before the group had read them."""
        return sum(part.lost for part in self.parts)

    @property
    def is_new_to_the_group(self) -> bool:
        """Whether the group has committed nothing in this topic."""
        return all(part.committed < 0 for part in self.parts)

    def oldest(self) -> Mapping[int, int]:
        """Return the offset of the oldest message of each partition that holds any."""
        return {part.number: part.low for part in self.parts if part.high > part.low}

    def newest(self, count: int = 1) -> Mapping[int, int]:
        """Return the offset of the message from which on each partition holds ``count``, if it holds so many."""
        return {part.number: max(part.low, part.high - count) for part in self.parts if part.high > part.low}

    def first_unread(self) -> Mapping[int, int]:
        """Return the offset of the first message that the group has not read, where there is one."""
        return {part.number: part.next for part in self.parts if part.unread}
