"""The parts of an alert, in the order in which SkyPortal gets them: one module each."""

from sink.fates import Fates
from sink.parts.annotation import Annotations
from sink.parts.candidate import Candidates
from sink.parts.classification import Classifications
from sink.parts.object import Objects
from sink.parts.part import Part
from sink.parts.photometry import Photometry
from sink.parts.source import Sources
from sink.parts.thumbnail import Thumbnails

__all__ = ["Part", "all_parts"]


def all_parts(fates: Fates) -> tuple[Part, ...]:
    """Return the parts for one round."""
    kinds = (Candidates, Photometry, Objects, Classifications, Annotations, Thumbnails, Sources)
    return tuple(kind(fates) for kind in kinds)
