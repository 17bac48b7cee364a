"""What a benchmark prints: a line of facts for each measurement, and whether the targets were met."""

import sys
from collections.abc import Mapping
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


def line(program: str, facts: Mapping[str, Figure], targets: Mapping[str, Target] | None = None) -> str:
    """Return the line of ``facts`` about ``program``, then the targets of the facts that have one, and ``ok``.

    A single target is called ``target``, several are called after their facts. ``ok`` says whether all are met.
    """
    named = dict(facts)
    if targets:
        one = len(targets) == 1
        named |= {"target" if one else f"target_{name}": target.limit for name, target in targets.items()}
        met = all(target.is_met(float(facts[name])) for name, target in targets.items())
        named["ok"] = "yes" if met else "no"
    return " ".join(["bench", program, *(f"{name}={_text(figure)}" for name, figure in named.items())])


def remark(text: str) -> None:
    """Tell whoever waits what is going on; it is no result."""
    print(f"... {text}", file=sys.stderr, flush=True)


def _text(figure: Figure) -> str:
    if isinstance(figure, float):
        return f"{figure:.0f}" if abs(figure) >= EXACT_FROM else f"{figure:.3g}"
    return str(figure)
