"""A survey's packet, as Fink distributes it, into a record in SkyPortal's terms. Pure functions."""

from collections.abc import Mapping
from typing import Any

from processor.convert import lsst, ztf
from processor.convert.conversion import Conversion, FinkSurvey, Source, Unconvertible

__all__ = ["Conversion", "FinkSurvey", "Source", "Unconvertible", "convert"]

_CONVERTERS = {FinkSurvey.ZTF: ztf.convert, FinkSurvey.LSST: lsst.convert}


def convert(packet: Mapping[str, Any], survey: FinkSurvey, source: Source) -> Conversion:
    """Return the record of ``packet``: the same packet always gives the same record.

    Raises `Unconvertible`, with a sentence that names the field and its value, and nothing else.
    """
    try:
        return _CONVERTERS[survey](packet, source)
    except Unconvertible:
        raise
    except Exception as error:  # a packet that nobody foresaw must not stop the others
        raise Unconvertible(f"unforeseen in the packet: {type(error).__name__}: {error}") from error
