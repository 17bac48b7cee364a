"""Records to requests. Pure: the same records give the same requests, whenever they are sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.record import LIGHT_CURVE_COLUMNS, SkyPortalAlert
from sink.directory import Destination
from sink.offsets import InFlight
from sink.skyportal import Request

AB_ZEROPOINT_UJY = 23.9
"""Zero point that makes AB magnitudes of fluxes in microjansky."""

MOST_ROWS = 500
"""Rows of one photometry request: one that is larger holds up everybody else's in SkyPortal."""

MOST_PARAMETERS = 65_535
"""PostgreSQL's limit for one statement; SkyPortal spends four for each row and group, and adds the bot's own group."""

LARGEST_ID = 2**63 - 1
"""SkyPortal keeps ``passing_alert_id`` as a signed 64-bit integer."""

Audience = tuple[tuple[int, ...], tuple[int, ...]]
"""The groups and the streams that may see a point."""


@dataclass(frozen=True, slots=True)
class Routed:
    """A record in flight and where it goes."""

    item: InFlight
    destination: Destination

    @property
    def alert(self) -> SkyPortalAlert:
        """The record."""
        return self.item.alert


def passed_at(time: datetime) -> str:
    """Return ``time`` as SkyPortal is to get it: UTC, naive, whole milliseconds."""
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds")


def candidate(routed: Sequence[Routed]) -> Request:
    """Return the request that makes one detection a candidate of every filter that it passed.

    ``routed`` are the records of one object and one time, one for each topic.
    """
    alert = max((item.alert for item in routed), key=lambda alert: (_numeric_id(alert.alert_id), alert.alert_id))
    body = {
        "id": alert.obj_id,
        "ra": alert.ra,
        "dec": alert.dec,
        "filter_ids": sorted({item.destination.filter_id for item in routed}),
        "passed_at": passed_at(alert.observed_at),
    }
    if (alert_id := _numeric_id(alert.alert_id)) >= 0:
        body["passing_alert_id"] = alert_id
    return Request(method="POST", path="/api/candidates", body=body)


def _numeric_id(alert_id: str) -> int:
    """Return the id as SkyPortal keeps it; -1 for one that is no number of 64 bits."""
    digits = alert_id.isascii() and alert_id.isdigit() and len(alert_id) <= len(str(LARGEST_ID))
    return int(alert_id) if digits and int(alert_id) <= LARGEST_ID else -1


def photometry(routed: Sequence[Routed], audience: Audience) -> Iterator[Request]:
    """Yield the requests that store every point of ``routed`` for ``audience``: one, unless there are many rows.

    A point that SkyPortal would take for the same one stands in them once: twice, it refuses the whole request.
    """
    groups, streams = audience
    columns: dict[str, list[object]] = {name: [] for name in ("obj_id", "instrument_id", *LIGHT_CURVE_COLUMNS)}
    columns.pop("program_id")  # SkyPortal has no such column: visibility follows the groups and the streams
    seen = set()
    for item in routed:
        curve = item.alert.photometry
        for row in range(len(curve)):
            # SkyPortal's key; the bandpass is not in it.
            key = (
                item.alert.obj_id,
                item.destination.instrument_id,
                curve.origin[row] or None,
                curve.mjd[row],
                curve.fluxerr[row],
                curve.flux[row],
            )
            if key in seen:
                continue
            seen.add(key)
            columns["obj_id"].append(item.alert.obj_id)
            columns["instrument_id"].append(item.destination.instrument_id)
            for name in ("mjd", "filter", "flux", "fluxerr", "ra", "dec", "origin"):
                columns[name].append(getattr(curve, name)[row])
    most = min(MOST_ROWS, MOST_PARAMETERS // (4 * (len(groups) + 1)), MOST_PARAMETERS // (4 * (len(streams) + 1)))
    for first in range(0, len(seen), most):
        rows: dict[str, object] = {name: column[first : first + most] for name, column in columns.items()}
        rows |= {"zp": AB_ZEROPOINT_UJY, "magsys": "ab", "group_ids": list(groups), "stream_ids": list(streams)}
        yield Request(method="PUT", path="/api/photometry", body=rows)


def source(obj_id: str, group_ids: Sequence[int]) -> Request:
    """Return the request that saves an object to groups."""
    return Request(method="POST", path="/api/sources", body={"id": obj_id, "group_ids": list(group_ids)})
