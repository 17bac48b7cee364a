"""An axis: from values to places in a picture, and its ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (1.0, 2.0, 5.0, 10.0)
MOST_TICKS = 12


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Values ``low`` to ``high`` lie between the places ``start`` and ``end``; either may be the larger."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a value lies; what is outside lies on the edge."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, about: int) -> list[tuple[float, str]]:
        """Return round values, that many or fewer, and how to write them."""
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(one * power for one in STEPS if one * power >= rough * (1 - 1e-9))
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = min(math.floor(self.high / step + 1e-9), first + MOST_TICKS)
        return [(number * step, _written(number * step, decimals)) for number in range(first, last + 1)]


def around(values: Sequence[float], *, at_least: float, margin: float = 0.06) -> tuple[float, float]:
    """Return ends that hold all values, a margin beside them, and a span of ``at_least``."""
    low, high = min(values), max(values)
    lacking = max(0.0, at_least - (high - low)) / 2
    space = margin * max(high - low, at_least)
    return low - lacking - space, high + lacking + space


def _written(value: float, decimals: int) -> str:
    if abs(value) >= 1e7:  # noqa: PLR2004 - longer than the margin is wide
        return f"{value:.1e}"
    return f"{value:.{decimals}f}".replace("-", "−")
