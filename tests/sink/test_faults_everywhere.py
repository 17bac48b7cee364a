"""Every fault of SkyPortal's at every endpoint that writes or shows an object: afterwards all is there, once."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.skyportal.faults import KINDS
from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from support.kafka import PATIENCE_S, publish_records
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
from support.sink import (
    assert_never_left_the_group,
    environment,
    letters,
    running_sink,
    until_ready,
    until_settled,
)
from support.whole import assert_whole, differences, only

QUICK = {
    "SINK_CONCURRENCY": "8",
    "SKYPORTAL_HALTED_PAUSE_S": "0.3",
    "SKYPORTAL_LONGEST_PAUSE_S": "0.4",
    "SKYPORTAL_UNANSWERED_S": "0.5",
}

SAVING = "fink_kn_candidates_ztf"
ROUTES = f"""
[[route]]
topic = "{SAVING}"
parts = ["candidate", "photometry"]
save = true

[[route]]
topic = "*"
"""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault as the stand-in takes it."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs_a_write(self) -> bool:
        """Whether it is another fault if what it meets is a question."""
        return self.kind == "readonly" or bool(self.options.get("applied"))


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint, and what makes the sink use it."""

    name: str
    path: str
    known: bool = False
    """Whether the object must have been delivered before."""
    doubled: bool = False
    """Whether the object must have its class twice."""
    saved: bool = False
    """Whether the route must save it."""

    @property
    def method(self) -> str:
        """HTTP's."""
        return self.name.partition(" ")[0]


def _fault(kind: str, name: str = "", **options: Any) -> Fault:
    said = " ".join(f"{key}={value}" for key, value in options.items())
    return Fault(name=name or f"{kind} {said}".rstrip(), kind=kind, options=options)


FAULTS = [
    _fault("reset", applied=True, count=2),
    _fault("reset", applied=False, count=2),
    _fault("reset", applied=True, every=2, count=2),
    _fault("outage", count=2),
    _fault("bad_gateway", count=4),
    _fault("bad_gateway", applied=True, count=1),
    _fault("gateway_timeout", applied=True, count=2),
    _fault("gateway_timeout", applied=False, count=1),
    _fault("page", count=2),
    _fault("page", applied=True, count=1),
    _fault("redirect", count=1),
    _fault("slow", delay=0.3, count=1),
    _fault("database_down", count=2),
    _fault("token_revoked", count=1),
    _fault("connection_lost", count=3),
    _fault("connection_lost", applied=True, count=3),
    _fault("pool_exhausted", count=2),
    _fault("pool_exhausted", every=2, count=2),
    _fault("readonly", count=2),
    _fault("deadlock", delay=0.05, count=2),
    _fault("deadlock", delay=0.05, applied=True, count=1),
    _fault("reject", status=400, count=1),
    _fault("reject", status=500, count=1),
    _fault("huge", count=1),
]

ENDPOINTS = [
    Endpoint(name="POST /api/candidates", path="/api/candidates"),
    Endpoint(name="PUT /api/photometry", path="/api/photometry"),
    Endpoint(name="GET /api/sources/{id}", path="/api/sources/{id}"),
    Endpoint(name="POST /api/sources/{id}/annotations", path="/api/sources/{id}/annotations"),
    Endpoint(name="PUT /api/sources/{id}/annotations/{id}", path="/api/sources/{id}/annotations/", known=True),
    Endpoint(name="POST /api/classification", path="/api/classification"),
    Endpoint(name="PUT /api/classification/{id}", path="/api/classification/", known=True),
    Endpoint(name="DELETE /api/classification/{id}", path="/api/classification/", doubled=True),
    Endpoint(name="POST /api/thumbnail", path="/api/thumbnail"),
    Endpoint(name="POST /api/sources", path="/api/sources", saved=True),
]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault at one endpoint, with an object of its own."""

    fault: Fault
    endpoint: Endpoint
    obj_id: str

    @property
    def alerts(self) -> Sequence[SkyPortalAlert]:
        """What is to be delivered; of a known object the first is, before the fault begins."""
        if self.endpoint.saved:
            return [whole_alert(obj_id=self.obj_id, topic=SAVING)]
        changed = (Classification(name=AMBIGUOUS, probability=0.4, origin="fink_filters"),)
        first, second = whole_alert(obj_id=self.obj_id), whole_alert(1, obj_id=self.obj_id, classifications=changed)
        return [first, second] if self.endpoint.known else [first]

    @property
    def path(self) -> str:
        """What the paths of the requests begin with."""
        return self.endpoint.path.replace("{id}", self.obj_id)

    def begin(self, skyportal: SkyPortal) -> int:
        """Put the fault in force and return its id."""
        where = {"obj_id": self.obj_id, "method": self.endpoint.method, "path": self.path}
        return skyportal.control.fault(self.fault.kind, **where, **self.fault.options)

    def is_met_by(self, request: Mapping[str, Any]) -> bool:
        """Say whether a request of the object's to the endpoint met a fault."""
        here = request["method"] == self.endpoint.method and self.obj_id in request["obj_ids"]
        return here and request["path"].startswith(self.path) and request["fault"] is not None


def cases(faults: Iterable[Fault], endpoints: Iterable[Endpoint] = ENDPOINTS) -> list[Case]:
    """Return every fault at every endpoint, but for those that would be another fault there."""
    numbers = itertools.count()
    return [
        Case(fault=fault, endpoint=endpoint, obj_id=f"ZTF26aa{next(numbers):05d}")
        for fault, endpoint in itertools.product(faults, endpoints)
        if not (endpoint.method == "GET" and fault.needs_a_write)
    ]


def post(skyportal: SkyPortal, path: str, body: Mapping[str, Any], token: str = "") -> None:
    """Post something as another client does, that of the bot or one with ``token``."""
    headers = {"Authorization": f"token {token or skyportal.token}"}
    answer = requests.post(f"{skyportal.url}/api/{path}", json=body, headers=headers, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text


def make_known(skyportal: SkyPortal, alert: SkyPortalAlert) -> None:
    """Let SkyPortal have the candidate of an alert, and nothing else of it."""
    (filter_id,) = [one["id"] for one in skyportal.control.state()["filters"] if one["name"] == alert.topic]
    passed_at = alert.observed_at.replace(tzinfo=None).isoformat(timespec="milliseconds")
    place = {"id": alert.obj_id, "ra": alert.ra, "dec": alert.dec}
    post(skyportal, "candidates", place | {"filter_ids": [filter_id], "passed_at": passed_at})


def classify_twice(skyportal: SkyPortal, alert: SkyPortalAlert) -> None:
    """Let SkyPortal have a class of ours twice, as after a request that was applied much too late."""
    make_known(skyportal, alert)
    state = skyportal.control.state()
    (group_id,) = [one["id"] for one in state["groups"] if one["name"] == "Fink"]
    (taxonomy_id,) = [one["id"] for one in state["taxonomies"] if one["name"] == "Fink"]
    body = {"obj_id": alert.obj_id, "classification": SUPERNOVA, "taxonomy_id": taxonomy_id, "origin": "fink_filters"}
    for _ in range(2):
        post(skyportal, "classification", body | {"ml": True, "group_ids": [group_id], "vote": False, "label": False})


def results(skyportal: SkyPortal, begun: Mapping[int, Case], routes: Path) -> Iterator[tuple[Case, str]]:
    """Yield what became of each case: ``whole``, or what is wrong."""
    state, journal = skyportal.control.state(), skyportal.control.requests()
    answered = {one["id"]: one["answered"] for one in skyportal.control.faults()}
    for number, case in begun.items():
        wrong = list(differences(skyportal, only(state, [case.obj_id]), case.alerts, routes=routes))
        met, wanted = answered[number], case.fault.options.get("count", 1)
        if "every" in case.fault.options:
            wanted = 1
        if case.fault.options.get("applied"):  # is found and not sent again, after another object's fault too
            met, wanted = sum(case.is_met_by(request) for request in journal), 1
        if met < wanted:
            wrong.append(f"only {met} requests of {wanted} met the fault")
        yield case, "; ".join(wrong) or "whole"


def report(found: Iterable[tuple[Case, str]]) -> list[str]:
    """Print the table of all cases and return the lines of those that went wrong."""
    lines = [(f"{case.fault.name:45} {case.endpoint.name:45} {result}", result) for case, result in found]
    print(*(line for line, _result in lines), sep="\n")  # noqa: T201  # the table is for people
    return [line for line, result in lines if result != "whole"]


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES)
    return path


def test_every_kind_of_fault_is_in_the_table() -> None:
    assert {one.kind for one in FAULTS} | {"hang"} == set(KINDS)


@pytest.mark.parametrize("part", range(4))
def test_a_fault_at_one_endpoint_costs_nothing(
    part: int, broker: str, topic: str, skyportal: SkyPortal, routes: Path
) -> None:
    wanted = cases(FAULTS[part::4])
    before = [case.alerts[0] for case in wanted if case.endpoint.known]
    after = [case.alerts[-1] for case in wanted]
    for case in wanted:
        if case.endpoint.doubled:
            classify_twice(skyportal, case.alerts[0])

    with running_sink(environment(broker, topic, skyportal, SINK_ROUTES=str(routes), **QUICK)) as sink:
        until_ready(sink)
        publish_records(broker, topic, before)
        until_settled(broker, topic)
        begun = {case.begin(skyportal): case for case in wanted}
        publish_records(broker, topic, after)
        until_settled(broker, topic, patience_s=2 * PATIENCE_S)
        until_ready(sink)
        assert_never_left_the_group(sink)

    wrong = report(results(skyportal, begun, routes))
    assert not wrong, "\n".join(wrong)
    assert letters(broker, topic) == []
    assert_whole(skyportal, [alert for case in wanted for alert in case.alerts], routes=routes)
