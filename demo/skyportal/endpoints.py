"""The table of all endpoints. One module per family; a new one is a module and its lines here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from demo.skyportal import (
    annotations,
    brokers,
    candidates,
    classifications,
    filters,
    groups,
    instruments,
    photometry,
    photometry_reading,
    sources,
    streams,
    sysinfo,
    taxonomies,
    thumbnails,
)
from demo.skyportal.call import Handler
from demo.skyportal.envelope import Refusal
from demo.skyportal.state import State
from demo.skyportal.table import OfObject


@dataclass(frozen=True)
class Endpoint:
    """What answers a method on a path; ``#`` in the path is a number, ``*`` one segment."""

    method: str
    path: str
    handler: Handler
    acl: str | None = None
    open: bool = False
    """Needs neither a token nor the database."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Match the path and capture its arguments."""
        return re.compile(self.path.replace("#", r"(\d+)").replace("*", "([^/]+)"))


UPLOAD, ANNOTATE, CLASSIFY = "Upload data", "Annotate", "Classify"

ENDPOINTS = (
    Endpoint("POST", "/api/candidates", candidates.post, UPLOAD),
    Endpoint("GET", "/api/candidates/*", candidates.get),
    Endpoint("HEAD", "/api/candidates/*", candidates.head),
    Endpoint("DELETE", "/api/candidates/*/#", candidates.delete, UPLOAD),
    Endpoint("PUT", "/api/photometry", photometry.put, UPLOAD),
    Endpoint("POST", "/api/photometry", photometry.post, UPLOAD),
    Endpoint("POST", "/api/photometry/#/annotations", annotations.post_of_point, ANNOTATE),
    Endpoint("GET", "/api/photometry/#", photometry_reading.get_one),
    Endpoint("GET", "/api/sources/*/photometry", photometry_reading.get_of_source),
    Endpoint("POST", "/api/sources", sources.post, UPLOAD),
    Endpoint("GET", "/api/sources/*", sources.get),
    Endpoint("HEAD", "/api/sources/*", sources.head),
    Endpoint("PATCH", "/api/sources/*", sources.patch, UPLOAD),
    Endpoint("GET", "/api/sources/*/annotations", annotations.get_all),
    Endpoint("POST", "/api/sources/*/annotations", annotations.post, ANNOTATE),
    Endpoint("PUT", "/api/sources/*/annotations", annotations.put_without_id, ANNOTATE),
    Endpoint("GET", "/api/sources/*/annotations/#", annotations.get_one),
    Endpoint("PUT", "/api/sources/*/annotations/#", annotations.put, ANNOTATE),
    Endpoint("DELETE", "/api/sources/*/annotations/#", annotations.delete, ANNOTATE),
    Endpoint("GET", "/api/sources/*/classifications", classifications.get_of_source),
    Endpoint("DELETE", "/api/sources/*/classifications", classifications.delete_of_source),
    Endpoint("POST", "/api/classification", classifications.post, CLASSIFY),
    Endpoint("GET", "/api/classification/#", classifications.get_one),
    Endpoint("PUT", "/api/classification/#", classifications.put, CLASSIFY),
    Endpoint("DELETE", "/api/classification/#", classifications.delete, CLASSIFY),
    Endpoint("POST", "/api/thumbnail", thumbnails.post, UPLOAD),
    Endpoint("GET", "/api/thumbnail/#", thumbnails.get),
    Endpoint("PUT", "/api/thumbnail/#", thumbnails.put, "Manage sources"),
    Endpoint("DELETE", "/api/thumbnail/#", thumbnails.delete, "Manage sources"),
    Endpoint("GET", "/api/groups", groups.get_all),
    Endpoint("POST", "/api/groups", groups.post, UPLOAD),
    Endpoint("GET", "/api/groups/#", groups.get_one),
    Endpoint("POST", "/api/groups/#/users", groups.post_user, UPLOAD),
    Endpoint("POST", "/api/groups/#/streams", groups.post_stream, UPLOAD),
    Endpoint("GET", "/api/streams", streams.get_all),
    Endpoint("POST", "/api/streams", streams.post, "System admin"),
    Endpoint("POST", "/api/streams/#/users", streams.post_user),
    Endpoint("GET", "/api/filters", filters.get_all),
    Endpoint("POST", "/api/filters", filters.post, UPLOAD),
    Endpoint("GET", "/api/filters/#", filters.get_one),
    Endpoint("DELETE", "/api/filters/#", filters.delete, UPLOAD),
    Endpoint("GET", "/api/brokers", brokers.get_all),
    Endpoint("GET", "/api/instrument", instruments.get_all),
    Endpoint("GET", "/api/instrument/#", instruments.get_one),
    Endpoint("GET", "/api/taxonomy", taxonomies.get_all),
    Endpoint("POST", "/api/taxonomy", taxonomies.post, "Post taxonomy"),
    Endpoint("GET", "/api/sysinfo", sysinfo.get, open=True),
)

ID_PATHS = ("/api/candidates/", "/api/sources/")
"""Below these an object's id with a slash in it makes a path that exists for no method."""


ROW = 3
"""Which part of a path is the id of a row."""


def find(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
    """Return the endpoint and the arguments in the path."""
    exists = path.startswith(ID_PATHS)
    for endpoint in ENDPOINTS:
        if match := endpoint.pattern.fullmatch(path):
            if endpoint.method == method:
                return endpoint, match.groups()
            exists = True
    if method == "GET" and not exists:
        raise Refusal(400, "Invalid API endpoint")
    raise Refusal(405, "HTTP 405: Method Not Allowed")


def objects_named(path: str, state: State) -> list[str]:
    """Return the object that a path is about, by its name or through the id of a row; none if there is none."""
    parts = path.split("/")
    if path.startswith(ID_PATHS):
        return [parts[3]]
    tables: dict[str, Mapping[int, OfObject]] = {
        "classification": state.classifications,
        "photometry": state.points,
        "thumbnail": state.thumbnails,
    }
    if path.startswith("/api/") and len(parts) > ROW and parts[ROW].isdecimal() and parts[2] in tables:
        row = tables[parts[2]].get(int(parts[ROW]))
        return [] if row is None else [row.obj_id]
    return []
