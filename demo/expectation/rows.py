"""Rows of SkyPortal's, and which of two alerts has the last word on one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

Candidate = tuple[str, str, str]
"""Object, filter, passed_at: what makes a row of SkyPortal's candidates."""

Point = tuple[str, str, str, float, float, float | None]
"""Object, instrument, origin, mjd, fluxerr, flux: what makes a row of SkyPortal's photometry."""

Owner = tuple[str, str]
"""Object and origin: there is one annotation of each, and one class."""

Fact = bool | int | float | str
Facts = Mapping[str, Fact]
"""The data of an annotation."""

Class = tuple[str, float | None]
"""Name in the taxonomy, and probability."""

Thumbnail = tuple[str, str]
"""Object and type: new, ref or sub."""

Age = tuple[str, int, str]
"""Time of the detection to the millisecond, then the alert's number, then its id: the greatest is the newest alert's.

The join of an alert with another messenger's event has no number of its own, but 0: the alert itself is newer.
"""

Value = TypeVar("Value")
Newest = dict[Owner, tuple[Age, Value]]
"""Of each object and origin, what its newest alert says."""


@dataclass(frozen=True)
class Expected:
    """Rows of SkyPortal's."""

    candidates: set[Candidate] = field(default_factory=set)
    points: dict[Point, str] = field(default_factory=dict)
    """The bandpass of each."""
    annotations: Newest[Facts] = field(default_factory=dict)
    classes: Newest[Class] = field(default_factory=dict)
    thumbnails: set[Thumbnail] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """All classes that were given, older ones of an object too: the taxonomy must have them."""

    def update(self, other: "Expected") -> None:
        """Add the rows of ``other``; where there can be one alone, the newest alert's stays."""
        self.candidates.update(other.candidates)
        self.points.update(other.points)
        _keep_newest(self.annotations, other.annotations)
        _keep_newest(self.classes, other.classes)
        self.thumbnails.update(other.thumbnails)
        self.names.update(other.names)


def _keep_newest(known: Newest[Value], others: Newest[Value]) -> None:
    for owner, dated in others.items():
        if owner not in known or known[owner][0] <= dated[0]:
            known[owner] = dated


def in_utc(mjd: float) -> datetime:
    """Return the time of a date in UTC, to the millisecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round((mjd - 40_587) * 86_400e3))


def passed_at(time: datetime) -> str:
    """Return the time as SkyPortal writes it in a candidate."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")


def observed_at(time: datetime) -> str:
    """Return the time as it stands in an annotation."""
    return passed_at(time)[:-3]
