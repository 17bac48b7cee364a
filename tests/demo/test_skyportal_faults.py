"""A SkyPortal that is broken on purpose answers as a broken one does."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from skyportal_contract import Target, set_up

from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S, until

DATABASE_DOWN = "HTTP 503: Service Unavailable (Database is temporarily unavailable; please retry shortly.)"
CONNECTION_ENDS = ("consuming input failed", "terminating connection")


@pytest.fixture(scope="module")
def skyportal() -> Iterator[SkyPortal]:
    with SkyPortal(whitelist=True) as one:
        yield one


@pytest.fixture
def target(skyportal: SkyPortal) -> Iterator[Target]:
    yield set_up(Target(url=skyportal.url, token=skyportal.token))
    skyportal.control.mend()


def candidates(skyportal: SkyPortal) -> int:
    return int(skyportal.control.counts()["candidates"])


def post(target: Target) -> requests.Response:
    return target.ask("POST", "/api/candidates", target.candidate())


def test_an_outage_keeps_the_data_and_lingers_for_writers(skyportal: SkyPortal, target: Target) -> None:
    obj_id = target.obj()
    fault = skyportal.control.fault("outage", linger=60)
    refused, read = post(target), target.ask("GET", "/api/filters")
    assert (refused.status_code, refused.headers["Content-Type"].split(";")[0]) == (405, "text/html")
    assert refused.text.startswith("<html><title>405: Method Not Allowed</title>")
    assert (read.status_code, read.json()) == (503, {"status": "error", "message": "System provisioning"})
    assert target.ask("HEAD", f"/api/candidates/{obj_id}").status_code == 405
    skyportal.control.mend()
    assert target.ask("GET", f"/api/sources/{obj_id}").status_code == 200
    assert post(target).status_code == 405
    assert {row["id"]: row["answered"] for row in skyportal.control.faults()}[fault] == 4


def test_one_fault_is_mended_and_the_others_stay(skyportal: SkyPortal, target: Target) -> None:
    first = skyportal.control.fault("database_down")
    second = skyportal.control.fault("reject", path="/api/candidates", message="No.")
    skyportal.control.mend(first)

    assert target.ask("GET", "/api/filters").status_code == 200
    assert (post(target).status_code, {row["id"]: row["active"] for row in skyportal.control.faults()}[second]) == (
        400,
        True,
    )
    with pytest.raises(ValueError, match="no fault 999999"):
        skyportal.control.mend(999999)


def test_an_outage_ends_by_itself(skyportal: SkyPortal, target: Target) -> None:
    statuses = set()

    def answer() -> int:
        status = target.ask("GET", "/api/filters").status_code
        statuses.add(status)
        return status

    def is_met() -> bool:  # unless we have stood still until its end
        skyportal.control.fault("outage", seconds=3)
        return answer() == 503

    until(is_met, "the outage")
    statuses.clear()
    until(lambda: answer() == 200, "the outage's end")
    assert statuses <= {503, 200}
    assert post(target).status_code == 200


@pytest.mark.parametrize(("kind", "status", "message"), [
    ("database_down", 503, DATABASE_DOWN),
    ("token_revoked", 401, "HTTP 401: Unauthorized"),
])  # fmt: skip
def test_authentication_fails_but_sysinfo_answers(
    skyportal: SkyPortal, target: Target, kind: str, status: int, message: str
) -> None:
    before = candidates(skyportal)
    skyportal.control.fault(kind)
    answer = post(target)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert target.ask("GET", "/api/sysinfo").status_code == 200
    assert candidates(skyportal) == before


def test_a_lost_connection_is_a_500_for_candidates_and_mostly_a_400_for_photometry(
    skyportal: SkyPortal, target: Target
) -> None:
    body = target.mag()
    before = skyportal.control.counts()
    skyportal.control.fault("connection_lost")
    posts = [post(target) for _ in range(6)]
    puts = [target.ask("PUT", "/api/photometry", body) for _ in range(6)]
    assert {answer.status_code for answer in posts} == {500}
    assert {answer.status_code for answer in puts} == {400, 500}
    assert len({answer.text for answer in posts}) > 3
    assert all(any(end in answer.text for end in CONNECTION_ENDS) for answer in posts + puts)
    assert all(answer.json()["message"].startswith("Traceback") == (answer.status_code == 400) for answer in puts)
    after = skyportal.control.counts()
    assert [after[name] for name in ("candidates", "points")] == [before[name] for name in ("candidates", "points")]


@pytest.mark.parametrize(("kind", "message"), [
    ("readonly", "(psycopg.errors.ReadOnlySqlTransaction) cannot execute INSERT in a read-only transaction"),
    ("pool_exhausted", "QueuePool limit of size 10 overflow 15 reached, connection timed out, timeout 30.00"),
])  # fmt: skip
def test_writes_fail_with(skyportal: SkyPortal, target: Target, kind: str, message: str) -> None:
    skyportal.control.fault(kind, path="/api/candidates")
    answer = post(target)
    assert answer.status_code == 500
    assert answer.json()["message"].startswith(message)
    assert target.ask("GET", "/api/filters").status_code == 200


def test_a_read_only_database_still_reads(skyportal: SkyPortal, target: Target) -> None:
    obj_id = target.obj()
    skyportal.control.fault("readonly")
    assert target.ask("GET", f"/api/sources/{obj_id}").status_code == 200
    answer = target.ask("PUT", "/api/photometry", target.mag(obj_id=obj_id))
    assert (answer.status_code, "ReadOnlySqlTransaction" in answer.text) == (400, True)


def test_a_bad_gateway_applies_nothing_and_a_gateway_timeout_everything(skyportal: SkyPortal, target: Target) -> None:
    before = candidates(skyportal)
    skyportal.control.fault("bad_gateway", count=1)
    skyportal.control.fault("gateway_timeout", count=1)
    lost, late = post(target), post(target)
    assert (lost.status_code, late.status_code) == (502, 504)
    assert "<center><h1>504 Gateway Time-out</h1></center>" in late.text
    assert candidates(skyportal) == before + 1


@pytest.mark.parametrize("applied", [True, False])
def test_a_reset_comes_before_or_after_the_request_is_applied(
    skyportal: SkyPortal, target: Target, *, applied: bool
) -> None:
    before = candidates(skyportal)
    skyportal.control.fault("reset", count=1, applied=applied)
    with pytest.raises(requests.ConnectionError):
        post(target)
    assert candidates(skyportal) == before + applied
    last = skyportal.control.requests()[-1]
    assert (last["method"], last["fault"], last["status"]) == ("POST", "reset", 0)


def test_a_hanging_server_applies_the_request_when_it_wakes(skyportal: SkyPortal, target: Target) -> None:
    before = candidates(skyportal)
    skyportal.control.fault("hang")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, target)
        until(lambda: skyportal.control.requests()[-1]["fault"] == "hang", "the request that hangs")
        assert not answer.done()
        assert skyportal.control.requests()[-1]["status"] is None
        skyportal.control.mend()
        assert answer.result(PATIENCE_S).status_code == 200
    assert candidates(skyportal) == before + 1


def test_a_slow_server_takes_its_time(skyportal: SkyPortal, target: Target) -> None:
    skyportal.control.fault("slow", delay=0.2, count=1)
    assert post(target).elapsed.total_seconds() >= 0.2


def test_poison_is_rejected_and_the_rest_is_not(skyportal: SkyPortal, target: Target) -> None:
    poison, good = target.obj(), target.obj()
    skyportal.control.fault("reject", obj_id=poison, status=422, message="no")
    refused = target.ask("PUT", "/api/photometry", target.mag(obj_id=[good, poison]))
    assert (refused.status_code, refused.json()["message"]) == (422, "no")
    assert target.ask("GET", f"/api/sources/{poison}").status_code == 422
    assert target.ask("PUT", "/api/photometry", target.mag(obj_id=good)).status_code == 200


def test_a_deadlock_can_be_asked_for(skyportal: SkyPortal, target: Target) -> None:
    skyportal.control.fault("deadlock", delay=0)
    answer = target.ask("PUT", "/api/photometry", target.mag())
    assert (answer.status_code, "psycopg.errors.DeadlockDetected" in answer.text) == (400, True)


def test_a_fault_may_begin_late_spare_some_and_end(skyportal: SkyPortal, target: Target) -> None:
    skyportal.control.fault("bad_gateway", path="/api/candidates", method="POST", after=1, every=2, count=2)
    statuses = [post(target).status_code for _ in range(6)]
    assert statuses == [200, 502, 200, 502, 200, 200]


def test_a_mistaken_wish_is_told(skyportal: SkyPortal) -> None:
    with pytest.raises(ValueError, match="no fault 'earthquake': there are hang, slow"):
        skyportal.control.fault("earthquake")
    with pytest.raises(ValueError, match="no option size: there are"):
        skyportal.control.fault("outage", size=3)
    with pytest.raises(ValueError, match="nothing of id or name 'nobody'"):
        skyportal.control.setup(remove_groups=["nobody"])


def test_the_set_up_can_change_while_it_runs(skyportal: SkyPortal, target: Target) -> None:
    stranger = skyportal.control.setup(tokens=[{"name": target.name()}])["users"][-1]["token"]
    invisible = target.ask("POST", "/api/candidates", target.candidate(), token=stranger)
    assert invisible.json()["message"] == "At least one valid filter ID must be provided."
    foreign = {"name": "x", "stream_id": target.stream_id, "group_id": target.group_id}
    refused = target.ask("POST", "/api/filters", foreign, token=stranger)
    assert refused.json()["message"].startswith(f'Insufficient permissions for operation "Token {stranger} create')
    skyportal.control.setup(deactivate_filters=target.filter_ids[:1])
    both = target.candidate(filter_ids=target.filter_ids)
    assert len(target.data("POST", "/api/candidates", both)["ids"]) == 1
    skyportal.control.setup(activate_filters=target.filter_ids[:1])
    assert len(target.data("POST", "/api/candidates", both)["ids"]) == 2
    skyportal.control.setup(remove_tokens=[stranger])
    assert target.ask("GET", "/api/groups", token=stranger).status_code == 401


def test_everything_can_be_read_back_and_emptied(skyportal: SkyPortal, target: Target) -> None:
    skyportal.control.reset()
    body = target.flux(flux=[0.1 + 0.2, None], stream_ids=[target.stream_id])
    target.data("PUT", "/api/photometry", body)
    state = skyportal.control.state()
    assert [row["obj_id"] for row in state["candidates"]] == [body["obj_id"]]
    assert [row["flux"] for row in state["photometry"]] == [0.1 + 0.2, None]
    assert state["photometry"][0]["groups"] == sorted([target.own_group_id, target.group_id])
    assert state["photometry"][0]["streams"] == [target.stream_id]
    put = skyportal.control.requests()[-1]
    assert (put["obj_ids"], put["rows"], put["status"]) == ([body["obj_id"]], 2, 200)
    assert skyportal.control.requests(since=put["number"]) == []
    skyportal.control.reset()
    counts = skyportal.control.counts()
    assert (counts.pop("by_status"), set(counts.values())) == ({}, {0})


def test_parallel_requests_take_longer_not_less_time_with_service_times() -> None:
    with SkyPortal(whitelist=True, service_times=True, workers=1) as slow:
        target = set_up(Target(url=slow.url, token=slow.token))
        together = threading.Barrier(4)
        before = len(slow.control.requests())

        def one(_: int) -> float:
            together.wait(PATIENCE_S)
            return post(target).elapsed.total_seconds()

        with ThreadPoolExecutor(4) as pool:
            times = list(pool.map(one, range(4)))
        assert min(times) >= 0.033
        posts = slow.control.requests()[before:]
        ends = sorted(request["monotonic"] + request["duration"] for request in posts)
        assert len(ends) == 4
        assert all(later - earlier > 0.032 for earlier, later in itertools.pairwise(ends))
