"""Fink's class of a ZTF alert, by the rule of its fink_filters."""

from collections.abc import Mapping
from typing import Any

from demo.expectation.facts import NO_TEXTS

RULE = "fink_filters 7.45"
BY_RULE = "fink_filters"
"""Origin of the class."""

UNKNOWN = "Unknown"
LENS, SUPERNOVA, EARLY, KILONOVA = (
    "Microlensing candidate",
    "SN candidate",
    "Early SN Ia candidate",
    "Kilonova candidate",
)
SUSPECTED, PLANET, AMBIGUOUS = "Solar System candidate", "Solar System MPC", "Ambiguous"
FINKS_OWN = {LENS, SUPERNOVA, EARLY, KILONOVA, SUSPECTED, PLANET, AMBIGUOUS, "Tracklet"}
"""The last of them is never in the live stream."""

HOSTS_OR_NOTHING = {UNKNOWN, "Transient", "Fail", "Fail 504", "Galaxy"}
"""What SIMBAD may say beside a supernova. Fink's list has thirty more, but each of these is a class by itself."""


def in_taxonomy(name: str) -> str:
    """Return how the taxonomy calls a class: one that is not Fink's own is SIMBAD's."""
    return name if name in FINKS_OWN else f"(SIMBAD) {name}"


def fink_class(packet: Mapping[str, Any]) -> tuple[str, float | None]:
    """Return the class, and the probability where a score stands behind it."""
    simbad = packet["cdsxmatch"] or UNKNOWN
    simbad = UNKNOWN if simbad in NO_TEXTS else simbad
    if simbad not in {UNKNOWN, "Transient"} and not simbad.startswith(("Fail", "Galaxy")):
        return simbad, None
    detection, roid = packet["candidate"], packet["roid"]
    age, count = detection["jd"] - detection["jdstarthist"], detection["ndethist"]
    snia, sn = packet["snn_snia_vs_nonia"] or 0, packet["snn_sn_vs_all"] or 0
    early, kilonova = packet["rf_snia_vs_nonia"] or 0, packet["rf_kn_vs_nonkn"] or 0
    lens = packet["mulens"] or 0

    real = (detection["drb"] or 0) > 0.5 and (detection["classtar"] or 0) > 0.4 and simbad in HOSTS_OR_NOTHING  # noqa: PLR2004  # Fink's numbers
    like_supernova = real and (snia > 0.5 or sn > 0.5)  # noqa: PLR2004
    is_supernova = like_supernova and age <= 90 and count > 1 and roid != 3  # noqa: PLR2004
    found = (UNKNOWN, None) if lens <= 0 else (LENS, lens)
    if is_supernova:
        found = SUPERNOVA, max(snia, sn)
    if like_supernova and count <= 20 and early > 0.5:  # noqa: PLR2004
        found = EARLY, early
    if real and kilonova > 0.5 and age < 5 and count < 20 and roid != 3:  # noqa: PLR2004
        found = KILONOVA, kilonova
    if roid in {2, 3}:
        found = (SUSPECTED if roid == 2 else PLANET), None  # noqa: PLR2004
    return (AMBIGUOUS, None) if (lens > 0) + is_supernova + (roid in {2, 3}) > 1 else found
