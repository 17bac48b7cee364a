"""The record: one alert in SkyPortal's terms, as Python values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Literal

Survey = Literal["ZTF", "LSST"]
AnnotationValue = bool | int | float | str | None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MJD_OF_EPOCH = 40_587
"""Modified Julian Date of 1970-01-01T00:00 UTC."""

ALERT_PHOTOMETRY = None
FORCED_PHOTOMETRY = "alert_fp"
"""Values of ``LightCurve.origin``, the ones that Kowalski and BOOM use."""


def instant(mjd_utc: float) -> datetime:
    """Return the UTC time of a Modified Julian Date, rounded to whole milliseconds.

    SkyPortal tells candidates apart by this value, and common conversions differ at microseconds: everything
    that is sent as a time comes through here.
    """
    return EPOCH + timedelta(milliseconds=round((mjd_utc - MJD_OF_EPOCH) * 86_400e3))


@dataclass(frozen=True, kw_only=True, slots=True)
class LightCurve:
    """Photometry as columns of equal length, in the order that ``alert.v1.avsc`` gives."""

    mjd: Sequence[float]
    """UTC."""
    filter: Sequence[str]
    """SkyPortal's name of the bandpass: ztfg, lsstr."""
    flux: Sequence[float | None]
    """µJy, AB zero point 23.9; None for an upper limit."""
    fluxerr: Sequence[float]
    """µJy, > 0; for an upper limit a fifth of the 5 sigma limit."""
    ra: Sequence[float | None]
    dec: Sequence[float | None]
    """ICRS, degrees; None where no position was measured."""
    origin: Sequence[str | None]
    """ALERT_PHOTOMETRY or FORCED_PHOTOMETRY."""
    program_id: Sequence[int | None]

    def __len__(self) -> int:
        return len(self.mjd)


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """A class that a rule or a classifier of Fink's gave the object."""

    name: str
    probability: float | None
    """0 to 1; None where no score stands behind the class."""
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SkyPortalAlert:
    """One alert of one Fink topic. Units and meanings are those of ``alert.v1.avsc``."""

    survey: Survey
    topic: str
    alert_id: str
    obj_id: str
    ra: float
    dec: float
    observed_at: datetime
    """UTC, whole milliseconds."""
    published_at: datetime | None = None
    score: float | None = None
    is_solar_system: bool = False
    photometry: LightCurve
    annotations: Mapping[str, AnnotationValue] = field(default_factory=dict)
    classifications: Sequence[Classification] = ()
    cutout_science: bytes | None = None
    cutout_template: bytes | None = None
    cutout_difference: bytes | None = None
    fink_broker_version: str | None = None
    fink_science_version: str | None = None
    schema_version: str | None = None


LIGHT_CURVE_COLUMNS = tuple(column.name for column in fields(LightCurve))
ALERT_FIELDS = tuple(item.name for item in fields(SkyPortalAlert))
