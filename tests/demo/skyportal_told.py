"""A SkyPortal that is told, over its API, exactly what is expected of it."""

import base64
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import requests

from demo.expectation import Expected
from demo.skyportal.process import SkyPortal

Write = tuple[str, str, dict[str, object]]
"""Method, path and body."""

NAMED = ("filters", "groups", "instruments", "taxonomies")


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


SIDE = 16
_HEAD = SIDE.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
_BLACK = zlib.compress(bytes(SIDE * (1 + SIDE)))
PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", _HEAD) + _chunk(b"IDAT", _BLACK) + _chunk(b"IEND", b"")
).decode()
"""A small black picture."""


def tell(skyportal: SkyPortal, expected: Expected) -> None:
    """Post every row once; the filters and the taxonomy must be there."""
    state = skyportal.control.state()
    ids = {table: {row["name"]: row["id"] for row in state[table]} for table in NAMED}
    with requests.Session() as session:
        session.headers["Authorization"] = f"token {skyportal.token}"
        for method, path, body in _writes(expected, ids):
            answer = session.request(method, skyportal.url + path, json=body, timeout=60)
            assert answer.status_code == 200, answer.text


def _writes(expected: Expected, ids: dict[str, dict[str, Any]]) -> Iterator[Write]:
    groups = {"group_ids": [ids["groups"]["Fink"]]}
    for obj_id, name, time in sorted(expected.candidates):
        body = {"id": obj_id, "ra": 10.0, "dec": 20.0, "filter_ids": [ids["filters"][name]], "passed_at": time}
        yield "POST", "/api/candidates", body
    for obj, points in groupby(sorted(expected.points.items(), key=str), key=lambda item: item[0][0]):
        rows = [(ids["instruments"][instrument], *rest, band) for (_obj, instrument, *rest), band in points]
        names = ("instrument_id", "origin", "mjd", "fluxerr", "flux", "filter")
        columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        yield "PUT", "/api/photometry", {"obj_id": obj, **columns, "zp": 23.9, "magsys": "ab", **groups}
    for (obj_id, origin), (_age, data) in expected.annotations.items():
        yield "POST", f"/api/sources/{obj_id}/annotations", {"origin": origin, "data": data, **groups}
    for (obj_id, origin), (_age, (name, probability)) in expected.classes.items():
        body = {"obj_id": obj_id, "origin": origin, "classification": name, "probability": probability, "ml": True}
        body |= {"taxonomy_id": ids["taxonomies"]["Fink"], "vote": False, "label": False}
        yield "POST", "/api/classification", {**body, **groups}
    for obj_id, kind in sorted(expected.thumbnails):
        yield "POST", "/api/thumbnail", {"obj_id": obj_id, "ttype": kind, "data": PNG}
