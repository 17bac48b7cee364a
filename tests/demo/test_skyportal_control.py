"""What a benchmark changes and reads while the stand-in runs: its limit, its slowness, its list of requests."""

import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import requests

from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S

BURST = 11


@pytest.fixture(scope="module")
def standing() -> Iterator[SkyPortal]:
    with SkyPortal(filters=[("sn", "Fink", "ZTF Public")]) as one:
        yield one


def ask(skyportal: SkyPortal, token: str, times: int = 1) -> list[int]:
    headers = {"Authorization": f"token {token}"}
    url = f"{skyportal.url}/api/taxonomy"
    return [requests.get(url, headers=headers, timeout=PATIENCE_S).status_code for _ in range(times)]


def test_the_limit_is_lifted_and_set_while_the_server_runs(standing: SkyPortal) -> None:
    standing.control.limit(0)
    assert ask(standing, standing.token, 30) == [200] * 30

    standing.control.limit(0.001)
    assert ask(standing, standing.token, 13) == [200] * BURST + [429] * 2

    standing.control.limit(0)
    assert ask(standing, standing.token) == [200]


def test_a_limit_below_zero_is_a_mistake(standing: SkyPortal) -> None:
    with pytest.raises(ValueError, match="0 is none at all"):
        standing.control.limit(-1)


def test_the_server_begins_to_take_its_time_and_stops_to(standing: SkyPortal) -> None:
    standing.control.limit(0)
    standing.control.service_times(taken=True)
    began = time.monotonic()
    ask(standing, standing.token, 5)
    slow = time.monotonic() - began
    assert slow > 5 * 0.014

    standing.control.service_times(taken=False)
    before = standing.control.requests()[-1]["number"]
    ask(standing, standing.token, 20)
    assert min(one["duration"] for one in standing.control.requests(before)) < 0.014


def test_the_list_of_requests_says_when_a_candidate_passed(standing: SkyPortal) -> None:
    headers = {"Authorization": f"token {standing.token}"}
    body = {"id": "ZTF1", "ra": 1.0, "dec": 1.0, "filter_ids": [1], "passed_at": "2026-11-20T08:01:02.345"}
    before = standing.control.counts()["requests"]
    standing.control.limit(0)
    answer = requests.post(f"{standing.url}/api/candidates", json=body, headers=headers, timeout=PATIENCE_S)
    ask(standing, standing.token)

    assert answer.status_code == HTTPStatus.OK
    candidate, other = standing.control.requests(before)
    assert (candidate["obj_ids"], candidate["passed_at"]) == (["ZTF1"], "2026-11-20T08:01:02.345")
    assert other["passed_at"] is None
