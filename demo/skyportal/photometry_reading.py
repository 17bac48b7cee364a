"""Photometry read back: ``/api/sources/{id}/photometry`` and ``/api/photometry/{id}``."""

import math
from collections.abc import Iterable

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.envelope import Refusal
from demo.skyportal.photometry_rows import POGSON, ZEROPOINT
from demo.skyportal.state import Point

SHOWN_NSIGMA = 5
"""SkyPortal shows five-sigma limits where none was posted."""

FORMATS = ("mag", "flux", "both")


async def get_of_source(call: Call) -> object:
    """List the object's points that the user may see, in the order of time."""
    await call.pace.takes(16)
    if call.arguments[0] not in call.state.objects:
        raise Refusal(400, "Invalid object id.")
    return list_of(call, call.state.points_of(call.arguments[0]), call.query.get("format", "mag"))


def list_of(call: Call, points: Iterable[Point], wanted: str) -> list[dict[str, object]]:
    """Show those of the points that the user may see, in the order of time."""
    visible = Visible(call)
    ordered = sorted(points, key=lambda point: (point.mjd, point.id))
    return [_show(call, point, wanted) for point in ordered if visible.includes(point)]


async def get_one(call: Call) -> object:
    """Show one point."""
    await call.pace.takes(16)
    point = call.state.points.get(int(call.arguments[0]))
    if point is None or not Visible(call).includes(point):
        raise Refusal(400, f"Cannot find photometry point with ID: {call.arguments[0]}.")
    rows = call.state.point_annotations.of(point.obj_id)
    notes = [
        {**vars(row), "groups": serialize.groups(row.groups, call.directory)}
        for row in rows
        if row.photometry_id == point.id and permissions.shares_group(call.directory, call.user, row.groups)
    ]
    return {**_show(call, point, call.query.get("format", "mag")), "annotations": notes}


class Visible:
    """The points of the user's groups and streams."""

    def __init__(self, call: Call) -> None:
        self._all = call.user.is_admin
        self._groups = {group.id for group in permissions.groups(call.directory, call.user)}
        self._streams = {stream.id for stream in permissions.streams(call.directory, call.user)}

    def includes(self, point: Point) -> bool:
        """Whether one group or stream suffices to see the point."""
        return self._all or bool(self._groups & point.groups or self._streams & point.streams)


def _show(call: Call, point: Point, wanted: str) -> dict[str, object]:
    if wanted not in FORMATS:
        raise Refusal(400, f"Value error, Invalid output format: '{wanted}'. Must be one of {list(FORMATS)}.")
    groups = (call.directory.groups[number] for number in sorted(point.groups) if number in call.directory.groups)
    shown: dict[str, object] = {
        "obj_id": point.obj_id,
        "ra": point.ra,
        "dec": point.dec,
        "filter": point.filter,
        "mjd": point.mjd,
        "snr": point.flux / point.fluxerr if point.flux is not None and point.fluxerr else None,
        "instrument_id": point.instrument_id,
        "instrument_name": call.directory.instruments[point.instrument_id].name,
        "ra_unc": point.ra_unc,
        "dec_unc": point.dec_unc,
        "origin": point.origin,
        "id": point.id,
        "altdata": point.altdata,
        "created_at": point.created_at,
        "groups": [
            {"id": group.id, "name": group.name, "nickname": None, "single_user_group": group.single_user_group}
            for group in groups
        ],
        "magsys": "ab",
    }
    if wanted != "flux":
        shown |= _magnitudes(point)
    if wanted != "mag":
        shown |= {"flux": point.flux, "zp": ZEROPOINT, "fluxerr": point.fluxerr}
    return shown


def _magnitudes(point: Point) -> dict[str, object]:
    positive = point.flux is not None and 0 < point.flux < math.inf
    mag = -2.5 * math.log10(point.flux) + ZEROPOINT if positive and point.flux else None
    magerr = POGSON * point.fluxerr / point.flux if positive and point.flux else None
    limit = -2.5 * math.log10(SHOWN_NSIGMA * point.fluxerr) + ZEROPOINT if 0 < point.fluxerr < math.inf else None
    computed: dict[str, object] = {"mag": mag, "magerr": magerr, "limiting_mag": limit}
    return computed | {name: value for name, value in point.user_data.items() if value is not None}
