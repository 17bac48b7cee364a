"""A survey's packet, as Fink distributes it, into a record in SkyPortal's terms. Pure functions."""

from collections.abc import Callable, Mapping
from typing import Any

from processor.convert import lsst, multi_messenger, ztf
from processor.convert.annotations import NO_MORE, MoreAnnotations
from processor.convert.conversion import Conversion, FinkSurvey, Source, Unconvertible
from processor.convert.lsst_vocabulary import LSST
from processor.convert.multi_messenger_vocabulary import MULTI_MESSENGER
from processor.convert.vocabulary import Vocabulary
from processor.convert.ztf_vocabulary import ZTF

__all__ = [
    "HISTORY",
    "NO_MORE",
    "Conversion",
    "FinkSurvey",
    "MoreAnnotations",
    "Source",
    "Unconvertible",
    "Vocabulary",
    "convert",
    "vocabulary_of",
]

Packet = Mapping[str, Any]

HEART = {FinkSurvey.ZTF: "candidate", FinkSurvey.LSST: "diaSource"}
"""The field without which a packet is no ordinary alert."""

MOST_WORDS = 10

HISTORY = {**ZTF.history, **LSST.history}
"""Arrays of points in a packet, and the fields of a point that records are made of."""

Converter = Callable[[Packet, Source, MoreAnnotations], Conversion]


def convert(packet: Packet, survey: FinkSurvey, source: Source, more: MoreAnnotations = NO_MORE) -> Conversion:
    """Return the record of ``packet``: the same packet always gives the same record.

    Raises `Unconvertible`, with a sentence that names the field and its value, and nothing else.
    """
    try:
        return _converter(packet, survey)(packet, source, more)
    except Unconvertible:
        raise
    except Exception as error:  # a packet that nobody foresaw must not stop the others
        raise Unconvertible(f"unforeseen in the packet: {type(error).__name__}: {error}") from error


def _converter(packet: Packet, survey: FinkSurvey) -> Converter:
    if survey is FinkSurvey.LSST and "diaSource" in packet:
        return lsst.convert
    if survey is FinkSurvey.ZTF and "candidate" in packet:
        return ztf.convert
    if survey is FinkSurvey.ZTF and multi_messenger.is_multi_messenger(packet):
        return multi_messenger.convert
    words = ", ".join(sorted(packet)[:MOST_WORDS])
    raise Unconvertible(f"no alert of {survey}'s: the packet has no {HEART[survey]}, but {words or 'nothing'}")


def vocabulary_of(fields: Mapping[str, object], survey: FinkSurvey) -> Vocabulary:
    """Return the words of a packet with such top-level fields."""
    if survey is FinkSurvey.LSST:
        return LSST
    return MULTI_MESSENGER if multi_messenger.is_multi_messenger(fields) else ZTF
