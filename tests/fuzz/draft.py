"""A message on its way to being damaged, and the dice that decide how."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeVar

from fuzz.corpus import SHARES, Intact, corpus
from processor.convert import FinkSurvey

T = TypeVar("T")


class Dice(Random):
    """A source of chance that gives the same on every Python."""

    def __init__(self, seed: int, number: int) -> None:
        super().__init__(f"{seed}/{number}")

    def one_of(self, weights: Mapping[T, float]) -> T:
        """Return a key, each as often as it weighs."""
        (found,) = self.choices(list(weights), list(weights.values()))
        return found

    def intact(self) -> Intact:
        """Return an intact message of any kind."""
        return self.choice(corpus()[self.one_of(SHARES)])

    def few(self, most: int) -> int:
        """Return a number from 1 to ``most``, mostly a small one."""
        return 1 + min(self.randrange(most), self.randrange(most))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message, and what has been done to it."""

    origin: Intact
    survey: FinkSurvey
    key: bytes | None
    value: bytes | None
    story: tuple[str, ...] = ()

    def place(self, dice: Dice) -> int:
        """Return a place in the value, most often one that is no pixel of an image."""
        size = len(self.value or b"")
        if size == 0 or dice.random() < 0.1:
            return dice.randint(0, size)
        ends = list(accumulate(map(len, self.origin.lively)))
        index = dice.randrange(ends[-1])
        part = bisect_right(ends, index)
        return min(size - 1, self.origin.lively[part][index - ends[part]])


def begun(dice: Dice) -> Draft:
    """Return an intact message, as its survey's processor reads it."""
    origin = dice.intact()
    return Draft(origin=origin, survey=FinkSurvey(origin.alert.survey), key=origin.key, value=origin.value)
