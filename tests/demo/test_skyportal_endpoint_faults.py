"""How each endpoint of the stand-in words what is broken beneath it, as SkyPortal 1.4.0 was seen to."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from skyportal_contract import Target, set_up
from skyportal_requests import ALL, THUMBNAIL, WRITES, Request, picture

from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S, until

ENDS = ("(psycopg.OperationalError) consuming input failed", "(psycopg.errors.AdminShutdown) terminating connection")
POOL = "QueuePool limit of size 10 overflow 15 reached, connection timed out, timeout 30.00"
READ_ONLY = "(psycopg.errors.ReadOnlySqlTransaction) cannot execute INSERT in a read-only transaction"
TOO_MANY = (
    "(psycopg.OperationalError) sending query and params failed: number of parameters must be between 0 and 65535"
)
HIDDEN = (
    "Thumbnail failed to post: StatementError.__init__() missing 3 required positional arguments: "
    "'statement', 'params', and 'orig'"
)

Told = Callable[[Request, str], tuple[int, str]]


@pytest.fixture(scope="module")
def skyportal() -> Iterator[SkyPortal]:
    with SkyPortal(whitelist=True) as one:
        yield one


@pytest.fixture(scope="module")
def shared(skyportal: SkyPortal) -> Target:
    return set_up(Target(url=skyportal.url, token=skyportal.token))


@pytest.fixture
def target(skyportal: SkyPortal, shared: Target) -> Iterator[Target]:
    yield shared
    skyportal.control.mend()


@pytest.fixture
def obj_id(target: Target) -> str:
    return target.obj()


@pytest.fixture
def told(skyportal: SkyPortal, target: Target, obj_id: str) -> Told:
    """Send a request into a fault and return its status and message."""

    def send(request: Request, kind: str) -> tuple[int, str]:
        path, body = request.path(target, obj_id), request.body(target, obj_id)
        skyportal.control.fault(kind, count=1)
        return target.refusal(request.method, path, body)

    return send


@pytest.mark.parametrize("request_", ALL, ids=lambda one: one.name)
def test_an_exhausted_pool_is_worded_by_each_endpoint(told: Told, request_: Request) -> None:
    prefix = "" if request_.prefix == "Traceback" else request_.prefix
    status, message = told(request_, "pool_exhausted")
    assert (status, message[: len(prefix + POOL)]) == (400 if prefix else 500, prefix + POOL)


@pytest.mark.parametrize("request_", ALL, ids=lambda one: one.name)
def test_a_lost_connection_is_worded_by_each_endpoint(told: Told, request_: Request) -> None:
    status, message = told(request_, "connection_lost")
    if request_.prefix == THUMBNAIL:
        assert (status, message) == (400, HIDDEN)
        return
    if request_.prefix == "Traceback":
        assert status == 400
        assert message.startswith("Traceback (most recent call last):\n")
        assert any(end.split(") ")[1] in message for end in ENDS)
        return
    assert status == (400 if request_.prefix else 500)
    assert message.startswith(tuple(request_.prefix + end for end in ENDS))


@pytest.mark.parametrize("request_", WRITES, ids=lambda one: one.name)
def test_a_read_only_database_is_worded_by_each_endpoint(told: Told, request_: Request) -> None:
    status, message = told(request_, "readonly")
    if request_.prefix == THUMBNAIL:
        assert (status, message) == (400, HIDDEN)
    elif request_.prefix == "Traceback":
        assert (status, "ReadOnlySqlTransaction" in message) == (400, True)
    else:
        wanted = request_.prefix + READ_ONLY
        assert (status, message[: len(wanted)]) == (400 if request_.prefix else 500, wanted)


@pytest.mark.parametrize("request_", ALL, ids=lambda one: one.name)
def test_without_a_database_authentication_answers_for_each_endpoint(told: Told, request_: Request) -> None:
    assert told(request_, "database_down") == (
        503,
        "HTTP 503: Service Unavailable (Database is temporarily unavailable; please retry shortly.)",
    )


def test_a_statement_that_is_too_long_is_repeated_in_megabytes(
    skyportal: SkyPortal, target: Target, obj_id: str
) -> None:
    skyportal.control.fault("huge", count=1)
    answer = target.ask("PUT", "/api/photometry", target.mag(obj_id=obj_id))
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Traceback (most recent call last):\n")
    assert TOO_MANY in answer.json()["message"]
    assert 2.5e6 < len(answer.content) < 3.5e6


@pytest.mark.parametrize("request_", ALL, ids=lambda one: one.name)
def test_a_fault_of_one_object_is_met_by_every_request_about_it_and_by_no_other(
    skyportal: SkyPortal, target: Target, obj_id: str, request_: Request
) -> None:
    other = target.obj()
    path, body = request_.path(target, obj_id), request_.body(target, obj_id)
    elsewhere, its_body = request_.path(target, other), request_.body(target, other)
    skyportal.control.fault("bad_gateway", obj_id=obj_id)
    assert target.ask(request_.method, path, body).status_code == 502
    assert target.ask(request_.method, elsewhere, its_body).status_code == 200


@pytest.mark.parametrize("request_", WRITES, ids=lambda one: one.name)
@pytest.mark.parametrize("applied", [True, False])
def test_a_connection_can_be_lost_after_the_commit(
    skyportal: SkyPortal, target: Target, obj_id: str, request_: Request, *, applied: bool
) -> None:
    path, body = request_.path(target, obj_id), request_.body(target, obj_id)
    before = tables(skyportal)
    skyportal.control.fault("connection_lost", count=1, applied=applied)
    target.refusal(request_.method, path, body)
    assert (tables(skyportal) != before) == applied


def tables(skyportal: SkyPortal) -> dict[str, object]:
    state = skyportal.control.state()
    return {name: state[name] for name in state if name != "users"}


def test_a_connection_is_lost_before_the_commit_unless_it_is_said(skyportal: SkyPortal, target: Target) -> None:
    before = tables(skyportal)
    skyportal.control.fault("connection_lost", count=1)
    target.refusal("POST", "/api/candidates", target.candidate())
    assert tables(skyportal) == before


def test_a_page_of_something_in_between_is_a_200_that_is_no_json(skyportal: SkyPortal, target: Target) -> None:
    before = tables(skyportal)
    skyportal.control.fault("page", count=1)
    answer = target.ask("POST", "/api/candidates", target.candidate())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert tables(skyportal) == before


def test_a_redirection_leads_to_where_it_is_told(skyportal: SkyPortal, target: Target) -> None:
    skyportal.control.fault("redirect", count=1, location="https://elsewhere.example.org/login")
    answer = requests.post(f"{target.url}/api/candidates", json={}, allow_redirects=False, timeout=60)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://elsewhere.example.org/login")


def test_what_hangs_need_not_be_applied(skyportal: SkyPortal, target: Target) -> None:
    before = tables(skyportal)
    skyportal.control.fault("hang", applied=False)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(target.ask, "POST", "/api/candidates", target.candidate())
        until(lambda: skyportal.control.requests()[-1]["fault"] == "hang", "the request that hangs")
        skyportal.control.mend()
        with pytest.raises(requests.ConnectionError):
            answer.result(PATIENCE_S)
    assert tables(skyportal) == before


def test_a_thumbnail_says_half_the_time_what_was_lost(skyportal: SkyPortal, target: Target, obj_id: str) -> None:
    skyportal.control.fault("connection_lost", count=4)
    messages = [target.refusal("POST", "/api/thumbnail", picture(target, obj_id))[1] for _ in range(4)]
    assert [message == HIDDEN for message in messages] == [True, False, True, False]
    assert all(message.startswith(tuple(THUMBNAIL + end for end in ENDS)) for message in messages[1::2])


def test_an_error_of_head_stays_without_a_body(skyportal: SkyPortal, target: Target, obj_id: str) -> None:
    for kind, status in (("connection_lost", 500), ("database_down", 503)):
        skyportal.control.fault(kind, count=1)
        answer = target.ask("HEAD", f"/api/candidates/{obj_id}")
        assert (answer.status_code, answer.content) == (status, b"")


def test_a_star_in_a_faults_path_is_any_one_segment(skyportal: SkyPortal, target: Target, obj_id: str) -> None:
    skyportal.control.fault("bad_gateway", path="/api/sources/*/annotations", method="POST")
    path = f"/api/sources/{obj_id}"
    statuses = [target.ask("POST", f"{path}/annotations", target.annotation()).status_code, *(
        target.ask("GET", one).status_code for one in (f"{path}/annotations", path, f"{path}/classifications")
    )]  # fmt: skip
    assert statuses == [502, 200, 200, 200]


def test_a_faults_count_after_and_every_hold_for_each_endpoint(
    skyportal: SkyPortal, target: Target, obj_id: str
) -> None:
    skyportal.control.fault("gateway_timeout", path="/api/thumbnail", after=1, every=2, count=2)
    body = picture(target, obj_id)
    assert [target.ask("POST", "/api/thumbnail", body).status_code for _ in range(6)] == [200, 504, 200, 504, 200, 200]
    assert skyportal.control.counts()["thumbnails"] >= 6
