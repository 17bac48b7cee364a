"""One request of each kind that a client sends about an object, and how its endpoint words the database's errors."""

from collections.abc import Callable
from typing import NamedTuple

from skyportal_contract import Target
from skyportal_pictures import png, text


def annotated(target: Target, obj_id: str) -> str:
    path = f"/api/sources/{obj_id}/annotations"
    return f"{path}/{target.data('POST', path, target.annotation(origin=target.name()))['annotation_id']}"


def classified(target: Target, obj_id: str) -> str:
    number = target.data("POST", "/api/classification", target.classification(obj_id=obj_id))["classification_id"]
    return f"/api/classification/{number}"


def point(target: Target, obj_id: str) -> str:
    return f"/api/photometry/{target.data('PUT', '/api/photometry', target.mag(obj_id=obj_id))['ids'][0]}"


class Request(NamedTuple):
    """A request about an object, and how its endpoint words an error of the database's."""

    name: str
    method: str
    path: Callable[[Target, str], str]
    body: Callable[[Target, str], object]
    prefix: str = ""
    """What stands before the error, in a 400. Without it the error is a 500."""


def at(path: str) -> Callable[[Target, str], str]:
    return lambda _, obj_id: path.format(obj_id)


def picture(_: Target, obj_id: str) -> object:
    return {"obj_id": obj_id, "data": text(png()), "ttype": "new"}


def nothing(_: Target, __: str) -> object:
    return None


def data(_: Target, __: str) -> object:
    return {"data": {}}


def note(target: Target, _: str) -> object:
    return target.annotation(origin=target.name())


def classes(target: Target, obj_id: str) -> object:
    return {"classifications": [target.classification(), target.classification(obj_id=obj_id)]}


SOURCE, CLASS, THUMBNAIL = (
    "Failed to post source: ",
    "Error posting classification: ",
    "Thumbnail failed to post: ",
)
WRITES = [
    Request("POST candidate", "POST", at("/api/candidates"), lambda t, o: t.candidate(id=o, passed_at="2026-11-21")),
    Request("POST source", "POST", at("/api/sources"), lambda _, obj_id: {"id": obj_id}, SOURCE),
    Request("PATCH source", "PATCH", at("/api/sources/{}"), lambda _, __: {"score": 0.5}),
    Request("PUT photometry", "PUT", at("/api/photometry"), lambda t, obj_id: t.mag(obj_id=obj_id), "Traceback"),
    Request("POST annotation", "POST", at("/api/sources/{}/annotations"), note),
    Request("PUT annotation", "PUT", annotated, data),
    Request("DELETE annotation", "DELETE", annotated, nothing),
    Request("POST annotation of a point", "POST", lambda t, o: point(t, o) + "/annotations", note),
    Request(
        "POST classification", "POST", at("/api/classification"), lambda t, o: t.classification(obj_id=o), CLASS
    ),
    Request("POST classifications in bulk", "POST", at("/api/classification"), classes, CLASS),
    Request("PUT classification", "PUT", classified, lambda _, __: {"ml": True}),
    Request("DELETE classification", "DELETE", classified, nothing),
    Request("POST thumbnail", "POST", at("/api/thumbnail"), picture, THUMBNAIL),
]  # fmt: skip
READS = [
    Request("GET source", "GET", at("/api/sources/{}?includeThumbnails=true"), nothing),
    Request("GET annotations", "GET", at("/api/sources/{}/annotations"), nothing),
    Request("GET annotation", "GET", annotated, nothing),
    Request("GET classifications", "GET", at("/api/sources/{}/classifications"), nothing),
    Request("GET classification", "GET", classified, nothing),
    Request("GET candidate", "GET", at("/api/candidates/{}"), nothing),
    Request("GET photometry", "GET", at("/api/sources/{}/photometry"), nothing),
    Request("GET point", "GET", point, nothing),
]
ALL = [*WRITES, *READS]
