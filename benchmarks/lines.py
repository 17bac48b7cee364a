"""What a benchmark prints: a line of facts for each measurement, and whether the target was met."""

import sys
from dataclasses import dataclass

Figure = str | int | float

EXACT_FROM = 100
"""Figures from here on are printed without decimals."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a figure should reach."""

    limit: float
    at_most: bool = False
    """Less is better; else more is."""

    def is_met(self, figure: float) -> bool:
        """Say whether ``figure`` reaches it."""
        return figure <= self.limit if self.at_most else figure >= self.limit


def line(facts: dict[str, Figure], *, of: str = "", target: Target | None = None) -> str:
    """Return the line of ``facts``, the last ones being the target of the fact called ``of``, and whether it is met."""
    named = dict(facts)
    if target is not None:
        named |= {"target": target.limit, "ok": "yes" if target.is_met(float(facts[of])) else "no"}
    return " ".join(["bench processor", *(f"{name}={_text(figure)}" for name, figure in named.items())])


def remark(text: str) -> None:
    """Tell whoever waits what is going on; it is no result."""
    print(f"... {text}", file=sys.stderr, flush=True)


def _text(figure: Figure) -> str:
    if isinstance(figure, float):
        return f"{figure:.0f}" if abs(figure) >= EXACT_FROM else f"{figure:.3g}"
    return str(figure)
