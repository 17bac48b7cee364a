"""What is counted from SkyPortal's log, and what is printed of it."""

import re
from typing import Any

import pytest
from matplotlib.patches import StepPatch

from benchmarks.outage.course import Course, Phases
from benchmarks.outage.picture import BIN_S, draw
from benchmarks.sink import cases
from benchmarks.sink.account import Account, accepted, account
from benchmarks.sink.entry import Entry, Who
from benchmarks.sink.outcome import lines
from benchmarks.sink.portal import LIMIT


def logged(monotonic: float, method: str = "PUT", path: str = "/api/photometry", **changes: Any) -> dict[str, Any]:
    """Return a request in SkyPortal's log."""
    entry = {"obj_ids": [], "passed_at": None, "status": 200, "duration": 0.5}
    return {"monotonic": monotonic, "method": method, "path": path} | entry | changes


def candidate(monotonic: float, obj_id: str, passed_at: str = "2026-11-20T08:00:00.000", **changes: Any) -> Any:
    """Return a candidate's POST in SkyPortal's log."""
    return logged(monotonic, "POST", "/api/candidates", obj_ids=[obj_id], passed_at=passed_at, **changes)


def test_requests_refused_ones_and_probes_are_counted_apart() -> None:
    log = [
        logged(10.0),
        logged(11.0, status=400),
        logged(12.0, status=None, duration=None),
        logged(13.0, status=429),
        logged(14.0, "GET", "/api/filters"),
        logged(15.0, "GET", "/api/filters", status=429),
        logged(16.0, "GET", "/api/filters/1"),
    ]

    found = account(log, 10.0, 10.0)

    assert (found.requests, found.refused, found.probes, found.alerts) == (4, 2, 1, 0)
    assert found.requests_per_alert == float("inf")


def test_a_request_belongs_to_the_moment_at_which_it_came_in() -> None:
    log = [logged(9.9), logged(10.0), logged(19.9), logged(20.0)]

    assert account(log, 10.0, 10.0).requests == 2


def test_an_alert_counts_with_the_share_of_its_requests_that_came_in() -> None:
    log = [
        candidate(9.0, "A"),
        candidate(9.5, "B"),
        logged(11.0, obj_ids=["A", "B"]),
        candidate(19.0, "C"),
        logged(21.0, "GET", "/api/sources/C", obj_ids=["C"]),
        candidate(22.0, "D"),
    ]

    found = account(log, 10.0, 10.0)

    assert found.requests == 2
    assert found.alerts == pytest.approx(1 / 3 + 1 / 3 + 1 / 2)
    assert found.alerts_per_s == pytest.approx(found.alerts / 10)
    assert found.requests_per_alert == pytest.approx(2 / found.alerts)


def test_where_a_window_begins_in_a_round_makes_no_difference() -> None:
    log = [
        one
        for round_s in range(0, 300, 15)
        for number in range(12)
        for one in (
            candidate(round_s + number * 0.2, f"{round_s}-{number}"),
            *(logged(round_s + 2.4 + 0.2 * (5 * number + part), obj_ids=[f"{round_s}-{number}"]) for part in range(5)),
        )
    ]

    assert [account(log, start, 120.0).requests_per_alert for start in (30, 31, 33, 38, 44)] == pytest.approx([6] * 5)


def test_an_alert_counts_once_and_another_time_of_its_object_is_another_alert() -> None:
    log = [
        candidate(11.0, "A"),
        candidate(11.5, "A"),  # once more
        candidate(12.0, "A", "2026-11-21T08:00:00.000"),
        candidate(13.0, "B", status=429),
        candidate(13.2, "B", status=500),
        candidate(13.5, "B"),
        candidate(14.0, "B"),
    ]

    assert account(log, 10.0, 10.0).alerts == pytest.approx(3)
    assert accepted(log)["B", "2026-11-20T08:00:00.000"] == 14.0


def figures(alerts: int, requests: int) -> Account:
    return Account(seconds=100.0, requests=requests, refused=3, probes=1, alerts=alerts)


def said(outcome: dict[tuple[cases.Case, Who], Account], limit: float = LIMIT) -> list[dict[str, str]]:
    """Take the lines of an outcome apart."""
    entries = {Entry(case=case, who=who, limit=limit): found for (case, who), found in outcome.items()}
    return [dict(re.findall(r"(\w+)=(\S+)", text)) for text in lines(entries)]


def test_everybody_is_compared_with_the_predecessor_and_with_the_ideal_loop() -> None:
    *_, sink, two = said(
        {
            (cases.NEW, "predecessor"): figures(70, 490),
            (cases.NEW, "ideal"): figures(475, 500),
            (cases.NEW, "sink"): figures(490, 500),
            (cases.NEW, "two_sinks"): figures(460, 500),
        }
    )

    assert (sink["vs_predecessor"], sink["vs_ideal"], sink["ok"]) == ("7", "1.03", "yes")
    assert (sink["requests_per_alert"], sink["alerts_per_s"], sink["target_alerts_per_s"]) == ("1.02", "4.9", "4.6")
    assert (sink["limit"], sink["parts"], sink["refused"], sink["probes"]) == ("5", "candidate,photometry", "3", "1")
    assert (two["vs_one"], two["target"], two["ok"]) == ("0.939", "0.95", "no")


@pytest.mark.parametrize(("requests", "ok"), [(2_100, "yes"), (2_110, "no")])
def test_the_sink_may_take_two_requests_for_a_known_object(requests: int, ok: str) -> None:
    (sink,) = said({(cases.seen_again(400), "sink"): figures(1_000, requests)})

    assert (sink["target"], sink["ok"]) == ("2.1", ok)
    assert "vs_ideal" not in sink  # nobody has measured it


def test_without_a_limit_the_sink_need_not_wait_for_one() -> None:
    outcome: dict[tuple[cases.Case, Who], Account] = {
        (cases.NEW, "predecessor"): figures(350, 2450),
        (cases.NEW, "ideal"): figures(4400, 4480),
        (cases.NEW, "sink"): figures(4200, 4280),
    }

    sink = said(outcome, limit=0)[-1]

    assert (sink["limit"], sink["vs_predecessor"], sink["target_vs_predecessor"]) == ("none", "12", "8")
    assert "target_alerts_per_s" not in sink


def test_the_picture_shows_what_happened_in_a_second_and_names_its_units() -> None:
    course = Course(
        phases=Phases(limited=20, outage=20, recovery=20, whitelisted=20),
        limit=5,
        rate=[(float(second), 5.0) for second in range(80)],
        accepted=[0.2 * number for number in range(100)],
        taken=[0.1 * number for number in range(200)],
        refused=[61.0, 62.0],
    )

    alerts, requests, refused = draw(course).axes

    heights = [
        {max(steps.get_data().values) for steps in axes.patches if isinstance(steps, StepPatch)}
        for axes in (alerts, requests, refused)
    ]
    assert heights == [{5.0}, {10.0}, {2 / BIN_S}]
    assert [axes.get_ylabel() for axes in (alerts, requests, refused)] == ["alerts / s", "requests / s", "429s / s"]
    assert refused.get_xlabel().endswith("(s)")
