"""What is wrong with a detection of Rubin's, by its flags.

Of the light curve, only what has no flux is left out: points that the survey has withdrawn (``timeWithdrawnMjdTai``)
and whose fit failed (``psfFlux_flag``). Everything else stays, negative, faint, dipole or unreliable: whether a
measured flux is good enough is the astronomer's to say, and these two values are what to say it by.
"""

from math import isfinite

from processor.convert.fields import Fields, number

FAINTEST_GOOD_SNR = 6

BAD_IF_SET = (
    "isDipole",
    "pixelFlags",
    "pixelFlags_bad",
    "pixelFlags_saturated",
    "pixelFlags_streakCenter",
    "pixelFlags_interpolated",
    "pixelFlags_cr",
    "pixelFlags_nodata",
    "pixelFlags_streak",
    "pixelFlags_edge",
    "psfFlux_flag",
    "apFlux_flag",
    "forced_PsfFlux_flag",
    "forced_PsfFlux_flag_edge",
    "shape_flag",
    "centroid_flag",
)
"""Of fink_filters' block ``b_good_quality``."""


NO_FLAGS = frozenset({"isNegative", "dipoleFitAttempted"})
"""Of the detection's booleans, those that say nothing is wrong."""


def flags(detection: Fields) -> str | None:
    """Return the names of the flags that are set, in alphabetical order, separated by blanks; None if there are none.

    Each of Rubin's booleans is one, those too that a later version has added.
    """
    names = sorted(name for name, value in detection.items() if value is True and name not in NO_FLAGS)
    return " ".join(names) or None


def is_good(detection: Fields) -> bool:
    """Apply fink_filters' block ``b_good_quality``: no bad flag, a positive flux, a ratio to its error of 6 or more."""
    flux, error = number(detection.get("psfFlux")), number(detection.get("psfFluxErr"))
    if any(detection.get(name) for name in BAD_IF_SET) or not (isfinite(flux) and flux >= 0 and error > 0):
        return False
    return flux / error >= FAINTEST_GOOD_SNR
