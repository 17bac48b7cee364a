"""What Rubin sees in a night, and what Fink makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Objects of one nature."""

    share: float
    """Of the night's objects."""
    topics: Mapping[str, float]
    """Where Fink sends their alerts, and with which probability; the first is certain."""
    detections: tuple[int, int] = (0, 0)
    """How many there were before tonight."""
    misses: tuple[int, int] = (0, 0)
    """Visits before tonight that did not detect it: forced photometry only."""
    positive: float = 1.0
    """Share of visits with a positive difference flux."""
    cats_class: int = -1
    """Of an object with more than one point: 11 as a supernova, 12 fast, 22 as an active nucleus."""
    simbad: tuple[str | None, ...] = (None,)
    in_tns: bool = False
    is_sso: bool = False
    deep: bool = False
    """In a deep-drilling field: its history is long."""


KINDS: Mapping[str, Kind] = {
    "first detection": Kind(
        share=0.3,
        topics={"fink_extragalactic_new_candidate_lsst": 1, "fink_hostless_candidate_lsst": 0.3},
        cats_class=11,
    ),
    "young": Kind(
        share=0.28,
        topics={
            "fink_extragalactic_new_candidate_lsst": 1,
            "fink_sn_near_galaxy_candidate_lsst": 0.4,
            "fink_hostless_candidate_lsst": 0.2,
        },
        detections=(1, 6),
        misses=(1, 6),
        cats_class=11,
    ),
    "in TNS": Kind(
        share=0.12,
        topics={"fink_in_tns_lsst": 1, "fink_sn_near_galaxy_candidate_lsst": 0.6, "fink_most_likely_sn_lsst": 0.4},
        detections=(3, 12),
        misses=(2, 8),
        cats_class=11,
        simbad=(None, "Fail"),
        in_tns=True,
    ),
    "flaring star": Kind(
        share=0.06,
        topics={"fink_mdwarf_flare_lsst": 1, "fink_in_simbad_lsst": 0.5},
        detections=(0, 2),
        misses=(4, 12),
        cats_class=12,
        simbad=("Star", "LowMass*"),
    ),
    "galactic nucleus": Kind(
        share=0.06,
        topics={"fink_in_simbad_lsst": 1, "fink_extragalactic_lt20mag_candidate_lsst": 0.3},
        detections=(4, 15),
        misses=(2, 8),
        positive=0.5,
        cats_class=22,
        simbad=("AGN", "QSO"),
    ),
    "deep-drilling nucleus": Kind(
        share=0.03,
        topics={"fink_in_simbad_lsst": 1, "fink_remove_unlikely_transients_lsst": 0.5},
        detections=(60, 160),
        misses=(10, 40),
        deep=True,
        positive=0.4,
        cats_class=22,
        simbad=("AGN", "QSO", None),
    ),
    "asteroid": Kind(share=0.15, topics={"fink_is_solar_system_lsst": 1, "fink_faint_trails_lsst": 0.1}, is_sso=True),
}
