"""What every alert leaves in SkyPortal, whichever survey's it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TypeVar

from demo.expectation.rows import Age, Class, Expected, Fact, Facts, Owner, Point, observed_at, passed_at

SOLAR_SYSTEM_TOPICS = ("fink_is_solar_system_lsst", "fink_sso_*")

ORDINARY, MULTI_MESSENGER = "Fink", "Fink multi-messenger"
"""Origins of annotations."""

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert in a topic: what it is about, and what it says."""

    topic: str
    obj_id: str
    alert_id: str
    time: datetime
    """Of the detection."""
    points: dict[Point, str]
    facts: Facts
    classes: Iterable[tuple[str, Class]]
    """With the origin of each."""
    cutouts: Iterable[str] = ()
    """Types of thumbnails."""
    joined: bool = False
    """With another messenger's event: then it annotates beside the object's ordinary alerts."""

    def expected(self) -> Expected:
        """Return the rows."""
        dated: dict[str, Fact] = {"observed_at": observed_at(self.time), "alert_id": self.alert_id}
        number = 0 if self.joined else int(self.alert_id)
        age: Age = (observed_at(self.time), number, self.alert_id)
        annotator = MULTI_MESSENGER if self.joined else ORDINARY
        classes: dict[Owner, tuple[Age, Class]] = {(self.obj_id, origin): (age, one) for origin, one in self.classes}
        return Expected(
            candidates={(self.obj_id, self.topic, passed_at(self.time))},
            points=self.points,
            annotations={(self.obj_id, annotator): (age, {**self.facts, **dated})},
            classes=classes,
            thumbnails={(self.obj_id, cutout) for cutout in self.cutouts},
            names={name for _age, (name, _probability) in classes.values()},
        )


def wanted(topic: str, *, moving: bool) -> bool:
    """Return whether the topic's route sends such alerts: those of moving objects only by the routes that say so."""
    return not moving or any(fnmatchcase(topic, pattern) for pattern in SOLAR_SYSTEM_TOPICS)
