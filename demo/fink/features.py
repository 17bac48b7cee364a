"""What Fink's feature extraction says of one band's light curve."""

import math
from collections.abc import Sequence
from typing import Any

from demo.fink.chance import Dice
from demo.fink.structs import FEATURES

_ENOUGH = 4
"""Points below which Fink's features are NaN, but for the few that need no spread."""

_WITHOUT_SPREAD = ("amplitude", "inter_percentile_range_10", "median_absolute_deviation")
_WITHOUT_SPREAD_TOO = ("median_buffer_range_percentage_10", "percent_amplitude")


def features(values: Sequence[float], dice: Dice) -> dict[str, Any]:
    """Return features of these magnitudes or fluxes: the first few true, the others made up, NaN where Fink's are."""
    if not values:
        return FEATURES()
    ordered = sorted(values)
    mean = math.fsum(values) / len(values)
    plain = {"mean": mean, "weighted_mean": mean, "median": ordered[len(ordered) // 2]}
    if len(values) < _ENOUGH:
        few = dict.fromkeys(FEATURES.names, math.nan) | dict.fromkeys(_WITHOUT_SPREAD + _WITHOUT_SPREAD_TOO, 0.0)
        return FEATURES(**few | plain)
    half = (ordered[-1] - ordered[0]) / 2
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    made_up = {name: dice.uniform(0, 2) for name in FEATURES.names}
    return FEATURES(**made_up | plain | {"amplitude": half, "standard_deviation": deviation})
