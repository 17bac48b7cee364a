"""Which of two alerts of an object is the newer one: what SkyPortal overwrites is written only from the newest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.record import SkyPortalAlert

LARGEST_ID = 2**63 - 1
"""SkyPortal keeps ``passing_alert_id`` as a signed 64-bit integer."""


@dataclass(frozen=True, order=True, slots=True)
class Rank:
    """Orders the alerts of one object: by the time of the detection, then by the number that the survey gave it."""

    observed_at: str
    """UTC, naive, whole milliseconds: text that sorts as time does."""
    number: int
    """-1 for an id that is no number of 64 bits: a multi-messenger alert gives way to the detection itself."""
    alert_id: str


OLDEST = Rank("", -1, "")


def numeric_id(alert_id: str) -> int:
    """Return the id as SkyPortal keeps it; -1 for one that is no number of 64 bits."""
    digits = alert_id.isascii() and alert_id.isdigit() and len(alert_id) <= len(str(LARGEST_ID))
    return int(alert_id) if digits and int(alert_id) <= LARGEST_ID else -1


def utc(time: datetime) -> str:
    """Return ``time`` as SkyPortal is to get it: UTC, naive, whole milliseconds."""
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds")


def rank_of(alert: SkyPortalAlert) -> Rank:
    """Return the place of an alert among those of its object."""
    return Rank(utc(alert.observed_at), numeric_id(alert.alert_id), alert.alert_id)


def rank_in(annotation: Mapping[str, Any]) -> Rank:
    """Return the rank of the alert that an annotation was written from; `OLDEST` for one that does not say."""
    observed_at, alert_id = annotation.get("observed_at"), annotation.get("alert_id")
    if not isinstance(observed_at, str) or not isinstance(alert_id, str):
        return OLDEST
    return Rank(observed_at, numeric_id(alert_id), alert_id)
