"""``PUT`` and ``POST /api/photometry``: all rows of a request or none."""

import json
import uuid
from typing import Any

from demo.skyportal import permissions
from demo.skyportal.call import Call
from demo.skyportal.envelope import Refusal
from demo.skyportal.photometry_rows import Measurement, measurements
from demo.skyportal.service_times import photometry_write
from demo.skyportal.state import Point
from demo.skyportal.tracebacks import CARDINALITY, DatabaseError, invalid_photometry, photometry, too_many_parameters

MAX_PARAMETERS = 65_535
PARAMETERS_PER_LINK = 4
"""SkyPortal links every row to every group in one statement; psycopg counts its parameters in 16 bits."""


async def put(call: Call) -> object:
    """Insert what is new, and add groups and streams to all rows; one id per row, in order."""
    return {"ids": await _write(call)}


async def post(call: Call) -> object:
    """Insert rows of which none may be known."""
    return {"ids": await _write(call), "upload_id": str(uuid.uuid4())}


async def _write(call: Call) -> list[int]:
    body = call.json()
    if call.flag("duplicate_ignore_flux"):
        raise Refusal(400, "Ignoring flux/fluxerr when checking for duplicates is reserved to super admin users only")
    groups, streams = _groups(call, body), _streams(call, body)
    rows = measurements(body, call.directory, call.method)
    objects = dict.fromkeys(row.key[0] for row in rows)
    for obj_id in objects:
        if obj_id not in call.state.objects:
            raise Refusal(400, f"Invalid object ID: {obj_id}")
    async with call.locks.hold(objects, call.method):
        known = sum(call.state.point_id(row.key) is not None for row in rows)
        await call.pace.takes(photometry_write(new=len(rows) - known, known=known, objects=len(objects)))
        return _save(call, rows, groups, streams)


def _groups(call: Call, body: dict[str, Any]) -> set[int]:
    given = body.get("group_ids") or []
    if given == "all":
        given = [call.directory.sitewide.id]
    groups = _integers(given, "group_ids")
    if unknown := groups - set(call.directory.groups):
        known = groups - unknown
        raise Refusal(400, f"Invalid group IDs: {unknown}. Available group IDs: {known or 'set()'}")
    return groups | {permissions.own_group(call.directory, call.user).id}


def _streams(call: Call, body: dict[str, Any]) -> set[int]:
    streams = _integers(body.get("stream_ids") or [], "stream_ids")
    held = {stream.id for stream in permissions.streams(call.directory, call.user)}
    if unknown := streams - held:
        known = streams - unknown
        raise Refusal(400, f"Invalid stream IDs: {unknown}. Available stream IDs: {known or 'set()'}")
    return streams


def _integers(given: list[Any] | str | int, name: str) -> set[int]:
    if isinstance(given, list) and any(isinstance(number, list) for number in given):
        raise Refusal(500, "unhashable type: 'list'")
    try:
        return {int(number) for number in (given if isinstance(given, list) else [given])}
    except (TypeError, ValueError) as error:
        raise Refusal(400, f"Invalid format for {name} parameter. Must be a list of integers.") from error


def _save(call: Call, rows: list[Measurement], groups: set[int], streams: set[int]) -> list[int]:
    state = call.state
    new = [row for row in rows if state.point_id(row.key) is None]
    _check_new(call, new)
    fresh = state.points.draw(len(rows) if call.method == "POST" else len(new))
    repeated = len({row.key for row in rows}) < len(rows)
    if call.method == "POST" and (repeated or len(new) < len(rows)):
        _refuse_known(call, [row for row in rows if state.point_id(row.key) is not None])
    if repeated:
        raise Refusal(400, photometry(CARDINALITY, call.method))
    for table, links in (("group", groups), ("stream", streams)):
        if len(rows) * len(links) * PARAMETERS_PER_LINK > MAX_PARAMETERS:
            raise Refusal(400, photometry(too_many_parameters(table, len(rows), links), call.method))
    for fresh_id, row in zip(fresh, new, strict=True):
        state.save_point(_point(fresh_id, row, call.user.id))
    ids = [number for row in rows if (number := state.point_id(row.key)) is not None]
    for number in ids:
        state.points[number].groups.update(groups)
        state.points[number].streams.update(streams)
    return ids


def _check_new(call: Call, new: list[Measurement]) -> None:
    for row in new:
        instrument = call.directory.instruments[row.key[1]]
        if row.filter not in instrument.filters:
            reason = f"Instrument {instrument.name} has no filter {row.filter}."
            raise Refusal(400, invalid_photometry(f"marshmallow.exceptions.ValidationError: {reason}", call.method))
        try:
            json.dumps(row.altdata, allow_nan=False)
        except ValueError as error:
            text = 'invalid input syntax for type json\nDETAIL:  Token "NaN" is invalid.'
            nan = DatabaseError(name="errors.InvalidTextRepresentation", text=text, code="9h9h")
            raise Refusal(400, photometry(nan, call.method)) from error


def _refuse_known(call: Call, known: list[Measurement]) -> None:
    keys = [(*row.key[:-1], "__nan__" if row.key[-1] is None else row.key[-1]) for row in known]
    raise Refusal(
        400,
        invalid_photometry(
            "marshmallow.exceptions.ValidationError: The following photometry already exists in the database "
            f"(deduplication keys: obj_id, instrument_id, origin, mjd, fluxerr, flux): {keys}",
            call.method,
        ),
    )


def _point(number: int, row: Measurement, owner_id: int) -> Point:
    obj_id, instrument_id, origin, mjd, fluxerr, flux = row.key
    return Point(
        id=number,
        obj_id=obj_id,
        instrument_id=instrument_id,
        filter=row.filter,
        mjd=mjd,
        flux=flux,
        fluxerr=fluxerr,
        origin=origin,
        ra=row.ra,
        dec=row.dec,
        ra_unc=row.ra_unc,
        dec_unc=row.dec_unc,
        altdata=row.altdata,
        user_data=row.user_data,
        owner_id=owner_id,
        groups=set(),
        streams=set(),
    )
