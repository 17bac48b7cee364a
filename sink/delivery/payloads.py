"""Records to requests. Pure: the same records give the same requests, whenever they are sent."""

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import quote

from schemas.record import LIGHT_CURVE_COLUMNS, AnnotationValue, Classification, LightCurve
from sink.delivery.held import Audience
from sink.delivery.rank import numeric_id, rank_of, utc
from sink.routing.routed import Routed
from sink.skyportal.client import Request

AB_ZEROPOINT_UJY = 23.9
"""Zero point that makes AB magnitudes of fluxes in microjansky."""

MOST_ROWS = 500
"""Rows of one photometry request: one that is larger holds up everybody else's in SkyPortal."""

MOST_PARAMETERS = 65_535
"""PostgreSQL's limit for one statement; SkyPortal spends four for each row and group, and adds the bot's own group."""

THUMBNAILS = "?includeThumbnails=true"


def candidate(routed: Sequence[Routed]) -> Request:
    """Return the request that makes one detection a candidate of every filter that it passed.

    ``routed`` are the records of one object and one time, one for each topic. The position is left out where SkyPortal
    has the object: it would move the object's place in SkyPortal's index of the sky, and nothing else.
    """
    alert = max((one.alert for one in routed), key=rank_of)
    body: dict[str, object] = {
        "id": alert.obj_id,
        "filter_ids": sorted({one.destination.filter_id for one in routed}),
        "passed_at": utc(alert.observed_at),
    }
    if not routed[0].held.exists:
        body |= {"ra": alert.ra, "dec": alert.dec}
    if (alert_id := numeric_id(alert.alert_id)) >= 0:
        body["passing_alert_id"] = alert_id
    return Request(method="POST", path="/api/candidates", body=body)


def unsent(one: Routed, audience: Audience) -> Sequence[int]:
    """Return the rows of the record's light curve that SkyPortal is not known to have for ``audience``."""
    known = one.held.points.get(audience)
    if not known:
        return range(len(one.alert.photometry))
    return [row for row, point in enumerate(one.fingerprints) if point not in known]


def photometry(routed: Sequence[Routed], audience: Audience) -> Iterator[Request]:
    """Yield the requests that store the points of ``routed`` for ``audience``: one, unless there are many rows.

    A point that SkyPortal would take for the same one stands in them once: twice, it refuses the whole request.
    """
    groups, streams = audience
    columns: dict[str, list[object]] = {name: [] for name in ("obj_id", "instrument_id", *LIGHT_CURVE_COLUMNS)}
    columns.pop("program_id")  # SkyPortal has no such column: visibility follows the groups and the streams
    seen = set()
    for one in routed:
        curve: LightCurve = one.alert.photometry
        for row in unsent(one, audience):
            key = one.point_key(row)
            if key in seen:
                continue
            seen.add(key)
            columns["obj_id"].append(one.alert.obj_id)
            columns["instrument_id"].append(one.destination.instrument_id)
            for name in ("mjd", "filter", "flux", "fluxerr", "ra", "dec", "origin"):
                columns[name].append(getattr(curve, name)[row])
    most = min(MOST_ROWS, MOST_PARAMETERS // (4 * (len(groups) + 1)), MOST_PARAMETERS // (4 * (len(streams) + 1)))
    for first in range(0, len(seen), most):
        rows: dict[str, object] = {name: column[first : first + most] for name, column in columns.items()}
        rows |= {"zp": AB_ZEROPOINT_UJY, "magsys": "ab", "group_ids": list(groups), "stream_ids": list(streams)}
        yield Request(method="PUT", path="/api/photometry", body=rows)


def source(obj_id: str, group_ids: Collection[int]) -> Request:
    """Return the request that saves an object to groups."""
    return Request(method="POST", path="/api/sources", body={"id": obj_id, "group_ids": sorted(group_ids)})


def show(obj_id: str) -> Request:
    """Return the question what SkyPortal holds of an object, its photometry left out."""
    return _of_object("GET", obj_id, THUMBNAILS)


def new_annotation(
    obj_id: str, origin: str, data: Mapping[str, AnnotationValue], group_ids: Collection[int]
) -> Request:
    """Return the request that annotates an object that has no annotation of ``origin``."""
    body = {"origin": origin, "data": data, "group_ids": sorted(group_ids)}
    return _of_object("POST", obj_id, "/annotations", body)


def changed_annotation(obj_id: str, number: int, data: Mapping[str, object], group_ids: Collection[int]) -> Request:
    """Return the request that replaces the data and the groups of annotation ``number``."""
    return _of_object("PUT", obj_id, f"/annotations/{number}", {"data": data, "group_ids": sorted(group_ids)})


def new_classification(
    obj_id: str, found: Classification, taxonomy_id: int, group_ids: Collection[int]
) -> Mapping[str, object]:
    """Return one classification, for `new_classifications`."""
    return {
        "obj_id": obj_id,
        "classification": found.name,
        "taxonomy_id": taxonomy_id,
        "probability": found.probability,
        "ml": True,
        "origin": found.origin,
        "group_ids": sorted(group_ids),
        # Otherwise each would be a vote of the bot's, and mark the object as looked at by a person.
        "vote": False,
        "label": False,
    }


def new_classifications(items: Sequence[Mapping[str, object]]) -> Request:
    """Return the request that classifies objects. It is not atomic: those before a refused one stay."""
    return Request(method="POST", path="/api/classification", body={"classifications": list(items)})


def changed_classification(
    number: int, name: str, probability: float | None, taxonomy_id: int, group_ids: Collection[int]
) -> Request:
    """Return the request that changes classification ``number``; SkyPortal forgets ``ml`` where it is left out."""
    body = {
        "classification": name,
        "taxonomy_id": taxonomy_id,
        "probability": probability,
        "ml": True,
        "group_ids": sorted(group_ids),
    }
    return Request(
        method="PUT", path=f"/api/classification/{number}", body=body, endpoint_label="/api/classification/{id}"
    )


def no_classification(number: int) -> Request:
    """Return the request that deletes classification ``number``, which must be ours."""
    return Request(method="DELETE", path=f"/api/classification/{number}", endpoint_label="/api/classification/{id}")


def thumbnail(obj_id: str, kind: str, survey: str, picture: bytes) -> Request:
    """Return the request that gives an object a picture. SkyPortal keeps each that it gets."""
    data = base64.b64encode(picture).decode()
    body = {"obj_id": obj_id, "ttype": kind, "survey": survey, "data": data}
    return Request(method="POST", path="/api/thumbnail", body=body)


def _of_object(method: str, obj_id: str, rest: str, body: Mapping[str, object] | None = None) -> Request:
    label = f"/api/sources/{{id}}{rest.partition('?')[0]}"
    if rest.startswith("/annotations/"):
        label = "/api/sources/{id}/annotations/{id}"
    path = f"/api/sources/{quote(obj_id, safe=':;+')}{rest}"
    return Request(method=method, path=path, body=body, endpoint_label=label)
