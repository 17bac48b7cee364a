"""A SkyPortal to hold to the contract: the stand-in, or the real one that SKYPORTAL_CONTRACT_URL and _TOKEN name.

The token is that of a bot that is an admin of a group; behind a comma there may be the token of a second bot, which is
in none of the first one's groups but the Sitewide Group.
"""

import itertools
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import requests

from demo.skyportal.process import SkyPortal

TIMEOUT = 60
PASSED_AT = "2026-11-20T08:01:02.123456Z"
ALERT_ID = 1549473362115015004
SITEWIDE = "Sitewide Group"
HIERARCHY = {"class": "Fink", "subclasses": [{"class": "SN candidate"}, {"class": "Kilonova candidate"}]}


@dataclass(kw_only=True)
class Target:
    """A bot's view of a SkyPortal that is set up for it."""

    url: str
    token: str
    filter_ids: list[int] = field(default_factory=list)
    group_id: int = 0
    own_group_id: int = 0
    stream_id: int = 0
    ztf: int = 0
    lsst: int = 0
    sitewide_id: int = 0
    taxonomy_id: int = 0
    classes: list[str] = field(default_factory=list)
    other_token: str = ""
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    names: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> requests.Response:
        """Send one request; bytes go as they are, bare NaN as Python writes it."""
        data = body if body is None or isinstance(body, bytes) else _dumps(body)
        headers = {"Authorization": f"token {token or self.token}"}
        return requests.request(method, self.url + path, data=data, headers=headers, timeout=TIMEOUT)

    def data(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """Send one request that must succeed and return its data."""
        answer = self.ask(method, path, body, token)
        assert answer.status_code == 200, answer.text[:2000]
        return answer.json()["data"]

    def refusal(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, str]:
        """Send one request that must not succeed and return its status and message."""
        answer = self.ask(method, path, body, token)
        assert answer.status_code >= 400, answer.text[:2000]
        return answer.status_code, str(answer.json()["message"])

    @property
    def other(self) -> str:
        """Return the token of a second user; the test is skipped where there is none."""
        if not self.other_token:
            pytest.skip("needs a second user: put its token behind a comma in SKYPORTAL_CONTRACT_TOKEN")
        return self.other_token

    @property
    def taxonomy(self) -> int:
        """Return a taxonomy of at least two classes; the test is skipped where there is none."""
        if not self.taxonomy_id:
            pytest.skip("needs a taxonomy that the bot sees, or the right to post one")
        return self.taxonomy_id

    def name(self) -> str:
        """Return an object's name that nobody has used."""
        return f"T{self.run}x{next(self.names)}"

    def candidate(self, **changes: object) -> dict[str, object]:
        """Return the body of a valid candidate; None takes a field away."""
        body: dict[str, object] = {
            "id": self.name(),
            "ra": 150.1,
            "dec": 2.2,
            "filter_ids": self.filter_ids[:1],
            "passing_alert_id": ALERT_ID,
            "passed_at": PASSED_AT,
        }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def obj(self) -> str:
        """Create an object and return its name."""
        body = self.candidate()
        self.data("POST", "/api/candidates", body)
        return str(body["id"])

    def annotation(self, **changes: object) -> dict[str, object]:
        """Return the body of a valid annotation; ... takes a field away."""
        body: dict[str, object] = {"origin": "Fink", "data": {"score": 0.93}, "group_ids": [self.group_id]}
        return {name: value for name, value in (body | changes).items() if value is not ...}

    def classification(self, **changes: object) -> dict[str, object]:
        """Return the body of a valid classification; ... takes a field away."""
        body: dict[str, object] = {
            "obj_id": changes["obj_id"] if "obj_id" in changes else self.obj(),
            "classification": self.classes[0] if self.classes else "",
            "taxonomy_id": self.taxonomy,
            "probability": 0.8,
            "ml": True,
            "origin": "Fink",
            "group_ids": [self.group_id],
            "vote": False,
            "label": False,
        }
        return {name: value for name, value in (body | changes).items() if value is not ...}

    def mag(self, **changes: object) -> dict[str, object]:
        """Return the body of a valid detection in magnitudes; ... takes a field away."""
        body: dict[str, object] = {
            "obj_id": changes["obj_id"] if "obj_id" in changes else self.obj(),
            "instrument_id": self.ztf,
            "mjd": 60000.1,
            "filter": "ztfr",
            "mag": 18.5,
            "magerr": 0.05,
            "magsys": "ab",
            "limiting_mag": 20.5,
            "origin": "Fink",
            "group_ids": [self.group_id],
        }
        return {name: value for name, value in (body | changes).items() if value is not ...}

    def flux(self, **changes: object) -> dict[str, object]:
        """Return the body of valid fluxes in microjansky; ... takes a field away."""
        body: dict[str, object] = {
            "obj_id": changes["obj_id"] if "obj_id" in changes else self.obj(),
            "instrument_id": self.lsst,
            "mjd": [60200.1, 60200.2],
            "filter": "lsstg",
            "flux": [1.2345, None],
            "fluxerr": [0.03, 0.04],
            "zp": 23.9,
            "magsys": "ab",
            "origin": "Fink",
            "group_ids": [self.group_id],
        }
        return {name: value for name, value in (body | changes).items() if value is not ...}


def _dumps(body: object) -> bytes:
    return json.dumps(body).encode()


def set_up(target: Target) -> Target:
    """Find a group, a stream, the instruments and a taxonomy, and create two filters."""
    groups = target.data("GET", "/api/groups")
    target.sitewide_id = next(group["id"] for group in groups["all_groups"] if group["name"] == SITEWIDE)
    target.own_group_id = next(group["id"] for group in groups["user_groups"] if group["single_user_group"])
    target.group_id = next(g["id"] for g in groups["user_accessible_groups"] if g["name"] != SITEWIDE)
    target.stream_id = target.data("GET", "/api/streams")[0]["id"]
    ids = {row["name"]: row["id"] for row in target.data("GET", "/api/instrument")}
    target.ztf, target.lsst = ids["ZTF"], ids["LSST"]
    new = partial(target.data, "POST", "/api/filters")
    for name in ("first", "second"):
        body = {"name": name + target.run, "stream_id": target.stream_id, "group_id": target.group_id}
        target.filter_ids.append(new(body)["id"])
    _find_taxonomy(target)
    return target


def _find_taxonomy(target: Target) -> None:
    target.ask("POST", "/api/taxonomy", {"name": target.run, "version": "1", "hierarchy": HIERARCHY})
    for taxonomy in target.data("GET", "/api/taxonomy"):
        found = list(_classes(taxonomy["hierarchy"]))
        if len(found) > len(target.classes):
            target.taxonomy_id, target.classes = taxonomy["id"], found[1:]


def _classes(hierarchy: dict[str, Any]) -> Iterator[str]:
    yield hierarchy["class"]
    for below in hierarchy.get("subclasses", ()):
        yield from _classes(below)


@contextmanager
def contract_target() -> Iterator[Target]:
    """Provide the SkyPortal that the contract is checked against."""
    if url := os.environ.get("SKYPORTAL_CONTRACT_URL"):
        token, _, other = os.environ["SKYPORTAL_CONTRACT_TOKEN"].partition(",")
        yield set_up(Target(url=url.rstrip("/"), token=token, other_token=other))
        return
    with SkyPortal(whitelist=True) as skyportal:
        other = skyportal.control.setup(tokens=[{"name": "outsider"}])["users"][-1]["token"]
        yield set_up(Target(url=skyportal.url, token=skyportal.token, other_token=other))
