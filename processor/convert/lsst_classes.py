"""Classes that Fink gives an LSST alert: two classifiers, and the topic, which is Fink's tag."""

import re
from collections.abc import Iterator

from processor.convert.fields import Fields, finite, struct
from schemas.record import Classification

CATS_CLASSES = {11: "SN-like", 12: "Fast", 13: "Long", 21: "Periodic", 22: "Non-periodic"}
"""Of ``clf.cats_class``: supernova-like; kilonovae, novae, microlenses; superluminous supernovae, tidal disruptions;
regular variables; active nuclei. -1 says that the classifier had too little to go by.
"""

SUPERNOVA, OTHER = "SN", "Other"
"""Of SuperNNova, which knows these two."""

_TAG = re.compile(r"fink_(.+)_lsst")


def lsst_classes(packet: Fields, topic: str, *, moving: bool) -> tuple[Classification, ...]:
    """Return one class of each classifier that gave one, and the tag of the Fink topic that the packet came from.

    The classifiers score a known asteroid too, as the transient that it is not: of ``moving`` ones, the tag alone.
    """
    scores = {} if moving else struct(packet, "clf")
    return (*_tag(topic), *_cats(scores), *_supernnova(scores))


def _tag(topic: str) -> Iterator[Classification]:
    # Each tag has an origin of its own: SkyPortal keeps one class of an origin, and an object has many tags.
    if match := _TAG.fullmatch(topic):
        yield Classification(name=match[1], probability=None, origin=topic)


def _cats(scores: Fields) -> Iterator[Classification]:
    name = CATS_CLASSES.get(scores.get("cats_class", -1))
    if name is not None:
        yield Classification(
            name=f"(CATS) {name}", probability=_probability(scores.get("cats_score")), origin="fink_cats"
        )


def _supernnova(scores: Fields) -> Iterator[Classification]:
    score = _probability(scores.get("snnSnVsOthers_score"))
    if score is not None:
        # The likelier one, so that a class that is not likely any more is replaced and does not stay.
        name, probability = (SUPERNOVA, score) if score > 1 - score else (OTHER, 1 - score)
        yield Classification(name=f"(SuperNNova) {name}", probability=probability, origin="fink_supernnova")


def _probability(value: object) -> float | None:
    found = finite(value)
    return found if found is not None and 0 <= found <= 1 else None
