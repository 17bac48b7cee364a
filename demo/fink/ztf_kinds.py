"""What ZTF sees in a night, and what Fink makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Objects of one nature."""

    share: float
    """Of the night's objects."""
    topics: Mapping[str, float]
    """Where Fink sends their alerts, and with which probability; the first is certain."""
    first_seen_days: tuple[float, float]
    """How long ago the first detection may be."""
    rise: tuple[float, float] = (0.0, 0.0)
    """Magnitudes per day by which they brighten."""
    positive: float = 1.0
    """Share of detections that are brighter than the template."""
    simbad: tuple[str, ...] = ("Unknown",)
    roid: int = 0
    scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Ranges of Fink's scores, where they are not low."""


_SUPERNOVA = {"snn_snia_vs_nonia": (0.5, 0.99), "snn_sn_vs_all": (0.5, 0.99)}

KINDS: Mapping[str, Kind] = {
    "young supernova": Kind(
        share=0.16,
        topics={"fink_early_sn_candidates_ztf": 1, "fink_sn_candidates_ztf": 0.9, "fink_tns_match_ztf": 0.3},
        first_seen_days=(2, 12),
        rise=(0.08, 0.2),
        simbad=("Unknown", "Unknown", "Galaxy", "Fail 504"),
        scores=_SUPERNOVA | {"rf_snia_vs_nonia": (0.51, 0.97)},
    ),
    "supernova": Kind(
        share=0.26,
        topics={"fink_sn_candidates_ztf": 1, "fink_tns_match_ztf": 0.4},
        first_seen_days=(5, 29),
        rise=(-0.04, 0.05),
        simbad=("Unknown", "Unknown", "Galaxy", "Fail"),
        scores=_SUPERNOVA,
    ),
    "kilonova": Kind(
        share=0.02,
        topics={"fink_kn_candidates_ztf": 1, "fink_early_kn_candidates_ztf": 0.5},
        first_seen_days=(0.5, 4),
        rise=(-0.5, -0.3),
        scores={"rf_kn_vs_nonkn": (0.55, 0.95)},
    ),
    "hostless": Kind(
        share=0.08,
        topics={"fink_new_hostless_ztf": 1, "fink_vra_ztf": 0.6},
        first_seen_days=(0, 0),
    ),
    "fading star": Kind(
        share=0.18,
        topics={"fink_unknowns_ztf": 1, "fink_vra_ztf": 0.5},
        first_seen_days=(10, 900),
        positive=0.3,
    ),
    "young star": Kind(
        share=0.08,
        topics={"fink_yso_candidates_ztf": 1, "fink_yso_spicy_candidates_ztf": 0.3},
        first_seen_days=(100, 2500),
        positive=0.5,
        simbad=("YSO", "YSO_Candidate", "TTauri*"),
    ),
    "blazar": Kind(
        share=0.08,
        topics={"fink_blazar_ztf": 1},
        first_seen_days=(100, 2500),
        positive=0.7,
        simbad=("BLLac", "Blazar"),
    ),
    "microlensing": Kind(
        share=0.04,
        topics={"fink_microlensing_candidates_ztf": 1},
        first_seen_days=(5, 25),
        rise=(0.02, 0.1),
        simbad=("Star",),
        scores={"mulens": (0.1, 1.0)},
    ),
    "asteroid": Kind(
        share=0.1,
        topics={"fink_sso_ztf_candidates_ztf": 1, "fink_vra_ztf": 0.1},
        first_seen_days=(0, 0),
        roid=3,
    ),
}
