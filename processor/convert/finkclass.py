"""Fink's class of a ZTF alert, which the live stream does not carry: Fink derives it when the night is over.

The rule is that of fink_filters' ``extract_fink_classification``. A score that is missing fulfils no condition; a match
or a ``roid`` that is missing is one that found nothing.
"""

from dataclasses import dataclass

from processor.convert.fields import Fields, finite, struct, text
from processor.convert.leaves import NONE_WORDS
from schemas.record import Classification

RULE = "fink_filters 7.45"
"""Whose rule this is, and as of which version."""

ORIGIN = "fink_filters"

UNKNOWN = "Unknown"
AMBIGUOUS = "Ambiguous"
MICROLENSING = "Microlensing candidate"
SUPERNOVA = "SN candidate"
EARLY_SUPERNOVA = "Early SN Ia candidate"
KILONOVA = "Kilonova candidate"
SOLAR_SYSTEM = "Solar System candidate"
TRACKLET = "Tracklet"
MINOR_PLANET = "Solar System MPC"

CLASSES = (
    MICROLENSING,
    SUPERNOVA,
    EARLY_SUPERNOVA,
    KILONOVA,
    SOLAR_SYSTEM,
    TRACKLET,
    MINOR_PLANET,
    AMBIGUOUS,
)
"""All classes of Fink's own. Besides them it passes on SIMBAD's types."""

FINK_CANDIDATE, KNOWN_MINOR_PLANET = 2, 3
"""Of ``roid``."""

LIKELY = 0.5
STAR_LIKE = 0.4
OLDEST_SUPERNOVA_D = 90
OLDEST_KILONOVA_D = 5
MOST_DETECTIONS = 20
"""The rule's thresholds, for scores, ``classtar``, days since the first detection, and ``ndethist``."""

EXTRAGALACTIC_HOSTS = frozenset(
    """BClG|BlueCompG|Candidate_SN*|ClG|Compact_Gr_G|EmG|Fail|Fail 504|Galaxy|GinCl|GinGroup|GinPair|GravLens_Candidate
|GroupG|HII_G|High_z_G|IG|LINER|LSB_G|PairG|PartofG|Possible_ClG|Possible_SClG|SN|SN*_Candidate|Seyfert|Seyfert_1
|Seyfert_2|StarburstG|SuperClG|Transient|Unknown|Void|galaxy""".replace("\n", "").split("|")
)
"""SIMBAD's types beside which a supernova may stand: galaxies, and what is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FinkClass:
    """What the rule says of an alert."""

    name: str
    """One of `CLASSES`, `UNKNOWN`, or SIMBAD's type."""
    probability: float | None
    """Of the score behind the class; None where there is none."""

    def classifications(self) -> tuple[Classification, ...]:
        """Return the class as SkyPortal's taxonomy writes it; nothing if there is none."""
        if self.name == UNKNOWN:
            return ()
        return (Classification(name=taxonomy_name(self.name), probability=self.probability, origin=ORIGIN),)


def taxonomy_name(label: str) -> str:
    """Return the name under which a class of Fink's stands in the taxonomy: SIMBAD's types say so."""
    return label if label in CLASSES else f"(SIMBAD) {label}"


def fink_class(packet: Fields) -> FinkClass:
    """Derive Fink's class of a ZTF packet."""
    candidate = struct(packet, "candidate")
    simbad = text(packet.get("cdsxmatch")) or UNKNOWN
    if simbad in NONE_WORDS:
        simbad = UNKNOWN
    if _is_type(simbad):
        return FinkClass(name=simbad, probability=None)

    snn_ia, snn_sn = _score(packet, "snn_snia_vs_nonia"), _score(packet, "snn_sn_vs_all")
    rf_ia, rf_kn = _score(packet, "rf_snia_vs_nonia"), _score(packet, "rf_kn_vs_nonkn")
    mulens, roid = _score(packet, "mulens"), packet.get("roid")
    detections, age = _score(candidate, "ndethist"), _age_d(candidate)
    is_stellar = _score(candidate, "drb") > LIKELY and _score(candidate, "classtar") > STAR_LIKE
    is_plausible = is_stellar and simbad in EXTRAGALACTIC_HOSTS
    is_sn_like = is_plausible and (snn_ia > LIKELY or snn_sn > LIKELY)
    moves = roid == KNOWN_MINOR_PLANET

    is_lens = mulens > 0
    is_sn = is_sn_like and age <= OLDEST_SUPERNOVA_D and detections > 1 and not moves
    is_early = is_sn_like and detections <= MOST_DETECTIONS and rf_ia > LIKELY
    is_kn = is_plausible and rf_kn > LIKELY and age < OLDEST_KILONOVA_D and detections < MOST_DETECTIONS and not moves
    rules = (  # the last that holds wins
        (is_lens, MICROLENSING, mulens),
        (is_sn, SUPERNOVA, max((score for score in (snn_ia, snn_sn) if score > LIKELY), default=None)),
        (is_early, EARLY_SUPERNOVA, rf_ia),
        (is_kn, KILONOVA, rf_kn),
        (roid == FINK_CANDIDATE, SOLAR_SYSTEM, None),
        ((text(packet.get("tracklet")) or "").startswith("TRCK_"), TRACKLET, None),
        (moves, MINOR_PLANET, None),
    )
    if is_lens + is_sn + (roid == FINK_CANDIDATE) + moves > 1:
        return FinkClass(name=AMBIGUOUS, probability=None)
    found = [(name, score) for holds, name, score in rules if holds] or [(UNKNOWN, None)]
    name, score = found[-1]
    return FinkClass(name=name, probability=score if score is not None and 0 <= score <= 1 else None)


def _is_type(simbad: str) -> bool:
    return simbad not in {UNKNOWN, "Transient"} and not simbad.startswith(("Fail", "Galaxy"))


_NO_SCORE = float("nan")
"""Greater than nothing, less than nothing: no condition holds."""


def _score(record: Fields, name: str) -> float:
    value = finite(record.get(name))
    return _NO_SCORE if value is None else value


def _age_d(candidate: Fields) -> float:
    return _score(candidate, "jd") - _score(candidate, "jdstarthist")
