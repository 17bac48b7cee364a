"""The parts of an alert, in the order in which SkyPortal gets them: one module each."""

from sink.delivery.fates import Fates
from sink.delivery.parts.annotation import Annotations
from sink.delivery.parts.candidate import Candidates
from sink.delivery.parts.classification import Classifications
from sink.delivery.parts.object import Objects
from sink.delivery.parts.part import Part
from sink.delivery.parts.photometry import Photometry
from sink.delivery.parts.source import Sources
from sink.delivery.parts.thumbnail import Thumbnails

__all__ = ["Part", "all_parts"]


def all_parts(fates: Fates) -> tuple[Part, ...]:
    """Return the parts for one round."""
    kinds = (Candidates, Photometry, Objects, Classifications, Annotations, Thumbnails, Sources)
    return tuple(kind(fates) for kind in kinds)
