"""``/_control``: look into the stand-in and break it. Not SkyPortal's, not limited, not in the journal."""

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from demo.skyportal import arrangement
from demo.skyportal.directory import now
from demo.skyportal.state import Thumbnail

if TYPE_CHECKING:
    from demo.skyportal.app import SkyPortal

PREFIX = "/_control/"


async def handle(skyportal: "SkyPortal", request: web.Request, path: str) -> web.Response:
    """Answer JSON; a mistake of the caller is a 400 with its sentence."""
    status = 200
    try:
        body = json.loads(await request.read() or b"{}")
        since = int(request.rel_url.query.get("since", 0))
        data = _answer(skyportal, request.method, path.removeprefix(PREFIX), body, since)
    except (ValueError, KeyError, TypeError) as mistake:
        status, data = 400, {"error": str(mistake)}
    return web.Response(status=status, body=json.dumps(data).encode(), headers={"Content-Type": "application/json"})


def _faults(skyportal: "SkyPortal", method: str, body: dict[str, Any]) -> object:
    if method == "POST":
        return {"id": skyportal.faults.begin(str(body.pop("kind", "")), body).id}
    if method == "DELETE":
        skyportal.faults.end(**body)
    return [fault.shown() for fault in skyportal.faults.faults]


def _reset(skyportal: "SkyPortal") -> object:
    skyportal.state.clear()
    skyportal.state.directory.clear_posted()
    skyportal.journal.clear()
    return {}


def _purge(skyportal: "SkyPortal", older_than_s: float = 0) -> object:
    return {"purged": skyportal.state.purge(created_before=now(-older_than_s))}


def _limit(skyportal: "SkyPortal", requests_per_second: float) -> object:
    if requests_per_second < 0:
        raise ValueError(f"a limit of {requests_per_second} requests per second: 0 is none at all")
    skyportal.limit.rate = requests_per_second
    return {"requests_per_second": requests_per_second}


def _service_times(skyportal: "SkyPortal", *, taken: bool) -> object:
    skyportal.pace.service_times = taken
    return {"taken": taken}


def _answer(skyportal: "SkyPortal", method: str, name: str, body: dict[str, Any], since: int) -> object:
    answers: dict[str, Callable[[], object]] = {
        "POST faults": lambda: _faults(skyportal, method, body),
        "DELETE faults": lambda: _faults(skyportal, method, body),
        "GET faults": lambda: _faults(skyportal, method, body),
        "GET state": lambda: state(skyportal),
        "GET requests": lambda: list(skyportal.journal.since(since)),
        "GET counts": lambda: counts(skyportal),
        "POST setup": lambda: arrangement.arrange(skyportal.state, body),
        "POST reset": lambda: _reset(skyportal),
        "POST limit": lambda: _limit(skyportal, **body),
        "POST service_times": lambda: _service_times(skyportal, **body),
        "POST purge": lambda: _purge(skyportal, **body),
    }
    if f"{method} {name}" not in answers:
        raise ValueError(f"no {method} {PREFIX}{name}: there are {', '.join(answers)}")
    return answers[f"{method} {name}"]()


def state(skyportal: "SkyPortal") -> dict[str, Any]:
    """Return all tables; sets as sorted lists, floats exact, and null for the flux of a non-detection."""
    tables = skyportal.state
    return {
        "objects": [_plain(row) for row in tables.objects.values()],
        "candidates": [_plain(row) for row in tables.candidates.values()],
        "sources": [{"obj_id": obj_id, "groups": sorted(groups)} for obj_id, groups in tables.sources.items()],
        "photometry": [_plain(row) for row in tables.points.values()],
        "annotations": [_plain(row) for row in tables.annotations.values()],
        "photometry_annotations": [_plain(row) for row in tables.point_annotations.values()],
        "classifications": [_plain(row) for row in tables.classifications.values()],
        "thumbnails": [_picture(row) for row in tables.thumbnails.values()],
        **arrangement.shown(tables.directory),
    }


def counts(skyportal: "SkyPortal") -> dict[str, Any]:
    """Return numbers that cost nothing."""
    tables = skyportal.state
    return {
        "objects": len(tables.objects),
        "candidates": len(tables.candidates),
        "points": len(tables.points),
        "annotations": len(tables.annotations),
        "classifications": len(tables.classifications),
        "thumbnails": len(tables.thumbnails),
        "requests": skyportal.journal.by_status.total(),
        "by_status": {str(status): count for status, count in sorted(skyportal.journal.by_status.items())},
    }


def _plain(row: object) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, set) else value for name, value in vars(row).items()}


def _picture(row: Thumbnail) -> dict[str, Any]:
    data = {"sha256": hashlib.sha256(row.data).hexdigest(), "bytes": len(row.data)}
    return {name: value for name, value in vars(row).items() if name != "data"} | data
