"""What SkyPortal 1.4.0 was measured to answer to anything, and to candidates."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import requests
from skyportal_contract import ALERT_ID, HIERARCHY, PASSED_AT, Target, contract_target

MALFORMED = 'HTTP 401: Unauthorized (Credentials malformed; expected form "Authorization: token abc123")'
UNKNOWN_FIELD = "Invalid/missing parameters: {'annotations': ['Unknown field.']}"
SPECIAL = "Invalid/missing parameters: {'ra': ['Special numeric values (nan or infinity) are not permitted.']}"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


class Refused(NamedTuple):
    """A request and the error that it gets."""

    name: str
    method: str
    path: str
    body: Callable[[Target], object]
    status: int
    message: str
    """The answer's message begins with it."""


def nothing(_: Target) -> None:
    """Send no body."""


def empty(_: Target) -> dict[str, object]:
    return {}


REFUSED = [
    Refused("a GET of an unknown path", "GET", "/api/nonexistent", nothing, 400, "Invalid API endpoint"),
    Refused("a POST to an unknown path", "POST", "/api/alerts", empty, 405, "HTTP 405: Method Not Allowed"),
    Refused("a PUT of candidates", "PUT", "/api/candidates", empty, 405, "HTTP 405: Method Not Allowed"),
    Refused("an id with a slash", "GET", "/api/candidates/a%20b%2Fc", nothing, 405, "HTTP 405: Method Not Allowed"),
    Refused("malformed JSON", "POST", "/api/candidates", lambda _: b"{not json", 500, "JSON decode of request body "),
    Refused("a JSON list", "POST", "/api/candidates", lambda _: [1, 2], 500, "Please ensure posted data is of type"),
    Refused("gzip", "POST", "/api/candidates", lambda _: b"\x1f\x8b\x08", 500, "'utf-8' codec can't decode byte 0x8b"),
    Refused("a group without name", "POST", "/api/groups", empty, 400, "Missing required parameter: `name`"),
    Refused("a stream of the bot", "POST", "/api/streams", lambda _: {"name": "x"}, 401, "HTTP 401: Unauthorized"),
    Refused(
        "a filter without group", "POST", "/api/filters", lambda t: {"name": "x", "stream_id": t.stream_id},
        400, "Invalid/missing parameters: group_id: Field required",
    ),
    Refused(
        "a filter on no stream", "POST", "/api/filters",
        lambda t: {"name": "x", "stream_id": 99999, "group_id": t.group_id},
        500, '(psycopg.errors.ForeignKeyViolation) insert or update on table "filters"',
    ),
    Refused(
        "a filter in no group", "POST", "/api/filters",
        lambda t: {"name": "x", "stream_id": t.stream_id, "group_id": 99999},
        500, '(psycopg.errors.ForeignKeyViolation) insert or update on table "filters"',
    ),
    Refused(
        "an unknown stream for a group", "POST", "/api/groups/99999/streams", lambda _: {"stream_id": 1},
        400, "Group with ID 99999 not accessible",
    ),
    Refused(
        "a taxonomy without version", "POST", "/api/taxonomy", lambda _: {"name": "F", "hierarchy": HIERARCHY},
        400, "Invalid/missing parameters: version: Field required",
    ),
    Refused(
        "a taxonomy that is none", "POST", "/api/taxonomy",
        lambda t: {"name": t.name(), "version": "1", "hierarchy": {"foo": 1}},
        400, "Hierarchy does not validate against the schema.",
    ),
    Refused("an unknown candidate", "GET", "/api/candidates/NOPE", nothing, 400, "Invalid ID"),
    Refused("an unknown source", "GET", "/api/sources/NOPE", nothing, 404, "Source not found"),
]  # fmt: skip

CANDIDATES: list[tuple[str, dict[str, object], int, str]] = [
    ("no id", {"id": None}, 400, "Missing required parameter: `id`."),
    ("no passed_at", {"passed_at": None}, 400, "Missing required parameter: `passed_at`."),
    ("no filter_ids", {"filter_ids": None}, 400, "Missing required filter_ids parameter."),
    ("only unknown filters", {"filter_ids": [99999]}, 400, "At least one valid filter ID must be provided."),
    ("an empty filter_ids", {"filter_ids": []}, 400, "At least one valid filter ID must be provided."),
    ("a scalar filter_ids", {"filter_ids": 2}, 500, "IN expression list, SELECT construct, or bound parameter object"),
    ("filter_ids of strings", {"filter_ids": ["2"]}, 500, "(psycopg.errors.UndefinedFunction) operator does not exist"),
    ("a new object without ra", {"ra": None}, 400, "RA must not be null for a new Obj"),
    ("inline annotations", {"annotations": []}, 400, UNKNOWN_FIELD),
    ("a bare NaN for ra", {"ra": float("nan")}, 400, SPECIAL),
    ("ra as a string", {"ra": "150.1"}, 500, "'CompositeUnit' object has no attribute 'to_value'"),
    ("lists of objects", {"ra": [1.0], "dec": [1.0]}, 400, "Invalid/missing parameters: {'ra': ['Not a valid"),
    ("an alert id of letters", {"passing_alert_id": "abc"}, 500, "(psycopg.errors.InvalidTextRepresentation) invalid "),
    ("an alert id of 2^63", {"passing_alert_id": 2**63}, 500, "(psycopg.errors.NumericValueOutOfRange) bigint out of"),
    ("a passed_at of garbage", {"passed_at": "garbage"}, 400, "Invalid passedAt value: Could not match input"),
]  # fmt: skip

ACCEPTED: list[tuple[str, dict[str, object]]] = [
    ("an id with space and slash", {"id": "a b/c"}),
    ("an empty id", {"id": ""}),
    ("a position that does not exist", {"ra": 400.0, "dec": 95.0}),
    ("a numeric alert id as a string", {"passing_alert_id": "313761043604045880"}),
    ("a numeric id", {"id": 313853542234325071}),
    ("a Julian date for passed_at", {"passed_at": 2460000.5}),
    ("columns of the object", {"altdata": {"rb": 0.9}, "origin": "Fink", "score": 0.97, "ra_err": 0.1}),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_refuses_with_the_envelope(target: Target, case: Refused) -> None:
    answer = target.ask(case.method, case.path, case.body(target))
    if case.path == "/api/taxonomy" and answer.status_code == 401:
        pytest.skip("needs the right to post a taxonomy")
    assert answer.status_code == case.status
    assert answer.json().keys() == {"status", "message", "data", "version"}
    assert answer.json()["status"] == "error"
    assert answer.json()["message"].startswith(case.message)


@pytest.mark.parametrize(("_name", "changes", "status", "message"), CANDIDATES, ids=[case[0] for case in CANDIDATES])
def test_a_candidate_is_refused_for(
    target: Target, _name: str, changes: dict[str, object], status: int, message: str
) -> None:
    body = target.candidate(**changes)
    answer = target.ask("POST", "/api/candidates", body)
    assert (answer.status_code, answer.json()["message"][: len(message)]) == (status, message)
    assert target.ask("HEAD", f"/api/candidates/{body.get('id', 'none')}").status_code == 404


@pytest.mark.parametrize(("_name", "changes"), ACCEPTED, ids=[case[0] for case in ACCEPTED])
def test_a_candidate_is_accepted_with(target: Target, _name: str, changes: dict[str, object]) -> None:
    assert len(target.data("POST", "/api/candidates", target.candidate(**changes))["ids"]) == 1


@pytest.mark.parametrize("header", [None, "Bearer abc", "abc"])
def test_a_header_that_is_no_token_is_told_so(target: Target, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(f"{target.url}/api/groups", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (401, MALFORMED)


def test_a_missing_right_looks_exactly_like_an_unknown_token(target: Target) -> None:
    unknown = target.ask("POST", "/api/streams", {"name": "x"}, token="nobody")  # noqa: S106 - that is the point
    lacking = target.ask("POST", "/api/streams", {"name": "x"})
    assert unknown.status_code == lacking.status_code == 401
    assert unknown.content == lacking.content


def test_sysinfo_answers_everybody(target: Target) -> None:
    answer = target.ask("GET", "/api/sysinfo", token="nobody")  # noqa: S106 - that is the point
    assert answer.json() == {"status": "success", "data": {"gitlog": []}, "version": "1.4.0"}


def test_an_error_of_head_has_no_body(target: Target) -> None:
    answer = target.ask("HEAD", "/api/candidates/NOPE")
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_candidate_is_one_row_per_object_filter_and_time(target: Target) -> None:
    body = target.candidate()
    path = "/api/candidates"
    first = target.data("POST", path, body)["ids"]
    for same in (
        PASSED_AT.removesuffix("Z"),
        "2026-11-20T10:01:02.123456+02:00",
        "2026-11-20T08:01:02.1234560",
        "2026-11-20 08:01:02.123456Z",
    ):
        assert target.data("POST", path, body | {"passed_at": same, "passing_alert_id": 5})["ids"] == first
    assert target.data("POST", path, body | {"filter_ids": body["filter_ids"] * 2})["ids"] == first  # type: ignore[operator]
    both = target.data("POST", path, body | {"filter_ids": [*target.filter_ids, 99999]})["ids"]
    assert len(both) == 2
    assert first[0] in both
    later = target.data("POST", path, {name: body[name] for name in ("id", "filter_ids")} | {"passed_at": "2026-11-21"})
    rounded = target.data("POST", path, body | {"passed_at": "2026-11-20T08:01:02.1234566Z"})
    assert not {*later["ids"], *rounded["ids"]} & {*both}
    alerts = target.data("GET", f"{path}/{body['id']}?includeAlerts=true")["passing_alerts"]
    assert [alert["passed_at"] for alert in alerts][:2] == ["2026-11-21T00:00:00", "2026-11-20T08:01:02.123457"]
    assert {alert["passing_alert_id"] for alert in alerts} == {None, ALERT_ID}
    assert len(alerts) == 4


def test_a_known_object_keeps_its_position_but_moves_its_pixel(target: Target) -> None:
    body = target.candidate(redshift=0.03, altdata={"rb": 1})
    target.data("POST", "/api/candidates", body)
    before = target.data("GET", f"/api/candidates/{body['id']}")
    target.data("POST", "/api/candidates", body | {"ra": 151.0, "dec": 3.0, "redshift": 0.05, "altdata": {}, "x": 1})
    after = target.data("GET", f"/api/candidates/{body['id']}")
    assert before["healpix"] == 1918129809776324852
    assert after["healpix"] == 1918206900773073747
    assert [after[name] for name in ("ra", "dec", "redshift", "altdata")] == [150.1, 2.2, 0.03, {"rb": 1}]
    assert [step["value"] for step in after["redshift_history"]] == [0.03, 0.05]


def test_a_candidate_alone_is_an_object_but_no_source(target: Target) -> None:
    obj_id = target.obj()
    assert target.ask("HEAD", f"/api/candidates/{obj_id}").status_code == 200
    assert target.data("GET", f"/api/sources/{obj_id}?includeThumbnails=true")["thumbnails"] == []
    assert "thumbnails" not in target.data("GET", f"/api/sources/{obj_id}")
    assert target.ask("HEAD", f"/api/sources/{obj_id}").status_code == 404


def test_a_deleted_candidate_is_gone_and_comes_again_with_a_new_id(target: Target) -> None:
    body = target.candidate()
    first = target.data("POST", "/api/candidates", body)["ids"]
    target.data("DELETE", f"/api/candidates/{body['id']}/{target.filter_ids[0]}")
    assert target.ask("HEAD", f"/api/candidates/{body['id']}").status_code == 404
    assert target.data("POST", "/api/candidates", body)["ids"] != first


def test_an_outsider_sees_the_object_but_no_candidate_of_it(target: Target) -> None:
    path = f"/api/candidates/{target.obj()}"
    assert target.ask("HEAD", path, token=target.other).status_code == 404
    assert target.data("GET", f"{path}?includeAlerts=true", token=target.other)["passing_alerts"] == []


def test_the_version_is_that_of_the_measurements(target: Target) -> None:
    answer = target.ask("GET", "/api/groups")
    assert re.fullmatch(r'\{\s*"status": "success",.*"version": "1\.4\.0"\s*\}\s*', answer.text, re.DOTALL)
    assert answer.headers["Content-Type"].startswith("application/json")
