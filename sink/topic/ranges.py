"""Sets of offsets that are mostly runs: a few pairs of numbers, whatever their size."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Self


class Ranges:
    """Offsets, as runs from a first one to the one behind the last."""

    def __init__(self, runs: Iterable[tuple[int, int]] = ()) -> None:
        self._runs = [[first, end] for first, end in runs]

    @classmethod
    def read(cls, text: str) -> Self:
        """Take what `text` has written. Raises ValueError for anything else."""
        runs = [tuple(map(int, run.split("-"))) for run in text.split(",") if run]
        edges = [edge for run in runs for edge in run]
        if any(len(run) != 2 for run in runs) or edges != sorted(set(edges)):  # noqa: PLR2004  # first and end
            raise ValueError(f"no runs of offsets: {text!r}")
        return cls((first, end) for first, end in runs)

    def text(self, most_characters: int) -> str:
        """Write them as ``first-end,first-end``, the last runs left out where that would be too long."""
        written = ""
        for first, end in self._runs:
            longer = f"{written},{first}-{end}" if written else f"{first}-{end}"
            if len(longer) > most_characters:
                break
            written = longer
        return written

    @property
    def end(self) -> int:
        """The offset behind the last one; 0 if there is none."""
        return self._runs[-1][1] if self._runs else 0

    def count_below(self, offset: int) -> int:
        """Return how many are smaller than ``offset``."""
        return sum(max(0, min(end, offset) - first) for first, end in self._runs)

    def __contains__(self, offset: int) -> bool:
        before = bisect_right(self._runs, offset, key=lambda run: run[0]) - 1
        return before >= 0 and offset < self._runs[before][1]

    def add(self, offset: int) -> None:
        """Add one."""
        if offset in self:
            return
        after = bisect_right(self._runs, offset, key=lambda run: run[0])
        joins_left = after > 0 and self._runs[after - 1][1] == offset
        joins_right = after < len(self._runs) and self._runs[after][0] == offset + 1
        if joins_left and joins_right:
            self._runs[after - 1][1] = self._runs.pop(after)[1]
        elif joins_left:
            self._runs[after - 1][1] = offset + 1
        elif joins_right:
            self._runs[after][0] = offset
        else:
            self._runs.insert(after, [offset, offset + 1])

    def forget_below(self, offset: int) -> None:
        """Remove all that are smaller than ``offset``."""
        while self._runs and self._runs[0][1] <= offset:
            self._runs.pop(0)
        if self._runs and self._runs[0][0] < offset:
            self._runs[0][0] = offset
