"""What a conversion takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.record import SkyPortalAlert


class FinkSurvey(StrEnum):
    """A survey whose alerts Fink distributes, as Fink writes it."""

    ZTF = "ztf"
    LSST = "lsst"


class Unconvertible(Exception):
    """The packet is no alert that SkyPortal could be told of: it will never convert."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a packet came from."""

    topic: str
    """Fink topic; of a file: its name."""
    published_at: datetime | None = None
    """Time that Fink's Kafka gave the message, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """A record, and what of the packet's photometry is not in it."""

    record: SkyPortalAlert
    left_out: Mapping[str, int]
    """Points that SkyPortal would refuse, counted by what is wrong with them."""
