"""What ZTF sees in a night, and what Fink makes of it."""

from collections.abc import Mapping, Sequence
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
    """1: seen once, moving or new; 2: Fink believes that it moves; 3: the Minor Planet Center knows it."""
    scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Ranges of Fink's scores, where they are not low."""
    matches: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """What catalogues and Fink's modules may say, where it is not their word for nothing."""
    event: str = ""
    """What of `multi_messenger.EVENTS` these are counterparts of."""


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
        share=0.2,
        topics={"fink_sn_candidates_ztf": 1, "fink_tns_match_ztf": 0.4},
        first_seen_days=(5, 29),
        rise=(-0.04, 0.05),
        simbad=("Unknown", "Unknown", "Galaxy", "Fail"),
        scores=_SUPERNOVA,
        matches={"slsn_score": (-1.0, -1.0, 0.37)},
    ),
    "kilonova": Kind(
        share=0.02,
        topics={"fink_kn_candidates_ztf": 1, "fink_early_kn_candidates_ztf": 0.5},
        first_seen_days=(0.5, 4),
        rise=(-0.5, -0.3),
        scores={"rf_kn_vs_nonkn": (0.55, 0.95)},
        matches={
            "mangrove": (
                {"HyperLEDA_name": "PGC0040001", "2MASS_name": "None", "lum_dist": "38.25", "ang_dist": "37.61"},
            )
        },
    ),
    "afterglow": Kind(
        share=0.04,
        topics={"fink_new_hostless_ztf": 1, "fink_vra_ztf": 0.6},
        first_seen_days=(0, 0),
        rise=(-2.0, -0.6),
        matches={"mag_rate": (0.25, 0.875, 1.75)},
        event="grb",
    ),
    "merger": Kind(
        share=0.04,
        topics={"fink_early_kn_candidates_ztf": 1, "fink_kn_candidates_ztf": 0.6},
        first_seen_days=(0, 0),
        rise=(-0.6, -0.3),
        scores={"rf_kn_vs_nonkn": (0.55, 0.95)},
        event="gw",
    ),
    "hostless": Kind(
        share=0.08,
        topics={"fink_new_hostless_ztf": 1, "fink_vra_ztf": 0.6},
        first_seen_days=(0, 0),
    ),
    "fading star": Kind(
        share=0.14,
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
        matches={
            "vsx": ("YSO", "TTS/ROT", "nan"),
            "gcvs": ("INT", "Unknown"),
            "gaiaClass": ("YSO", "nan"),
            "gaiaVarFlag": (1, 0),
            "spicy_id": (52_311, -1),
            "spicy_class": ("ClassII", "FS"),
        },
    ),
    "blazar": Kind(
        share=0.08,
        topics={"fink_blazar_ztf": 1},
        first_seen_days=(100, 2500),
        positive=0.7,
        simbad=("BLLac", "Blazar"),
        matches={
            "x3hsp": ("3HSPJ101504.1+492600", "Unknown"),
            "x4lac": ("4LAC J1015.0+4926", "Unknown"),
            "blazar_stats": ({"m0": 1.25, "m1": 0.75, "m2": 0.5}, {"m0": 1.5, "m1": 0.875, "m2": -1.0}),
        },
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
        topics={"fink_sso_ztf_candidates_ztf": 1, "fink_tns_match_ztf": 0.1},
        first_seen_days=(0, 0),
        roid=3,
    ),
    "asteroid that nobody knows": Kind(
        share=0.03,
        topics={"fink_sso_fink_candidates_ztf": 1, "fink_vra_ztf": 0.3},
        first_seen_days=(0, 0),
        roid=2,
    ),
    "first pass": Kind(
        share=0.03,
        topics={"fink_first_pass_candidates_ztf": 1},
        first_seen_days=(0, 0),
        roid=1,
    ),
}
