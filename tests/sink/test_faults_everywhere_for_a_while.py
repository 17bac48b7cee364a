"""Faults that last: an application that hangs, at each endpoint, and every fault for a while at all of them."""

from functools import partial
from pathlib import Path

import pytest
from test_faults_everywhere import (
    ENDPOINTS,
    FAULTS,
    QUICK,
    ROUTES,
    Case,
    Endpoint,
    Fault,
    classify_twice,
    report,
    results,
)

from demo.skyportal.process import SkyPortal
from support.kafka import publish_records, until
from support.processes import Command
from support.records import whole_alert
from support.sink import (
    assert_never_left_the_group,
    environment,
    letters,
    metric,
    running_sink,
    until_ready,
    until_settled,
)
from support.skyportal import answered
from support.whole import assert_whole

GIVES_UP = QUICK | {"SKYPORTAL_READ_TIMEOUT_S": "1"}
LATE = Fault(name="hang, applied when nobody waits any more", kind="hang", options={"applied": True})
NEVER = Fault(name="hang, never applied", kind="hang", options={"applied": False})
KINDS = sorted({one.kind for one in FAULTS} | {"hang"})
WHILE_S = 0.6
LONGER_S = 1.2
"""Less than what the sink waits before it tells a refusal, or what is not answered, from a fault that passes."""

ACCEPTED = 'sink_alerts_settled_total{outcome="accepted"}'


def given_up(sink: Command, endpoint: Endpoint) -> float:
    return metric(sink, f'sink_requests_total{{endpoint="{endpoint.name}",verdict="outage"}}')


def is_met(skyportal: SkyPortal, fault: int) -> bool:
    return answered(skyportal, fault) > 0


def has_accepted(sink: Command, number: int) -> bool:
    return metric(sink, ACCEPTED) == number


def is_illustrated(skyportal: SkyPortal, obj_id: str) -> bool:
    return sum(row["obj_id"] == obj_id for row in skyportal.control.state()["thumbnails"]) == 3


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES)
    return path


@pytest.mark.parametrize(
    ("fault", "unanswered_s"),
    [
        # Longer than a busy machine takes to mend what hangs: from then on a request may be sent for the second time.
        pytest.param(LATE, "12", id="applied late"),
        pytest.param(NEVER, "3", id="never applied"),
    ],
)
def test_an_application_that_hangs_at_one_endpoint_costs_nothing(
    fault: Fault, unanswered_s: str, broker: str, topic: str, skyportal: SkyPortal, routes: Path
) -> None:
    settings = GIVES_UP | {"SKYPORTAL_UNANSWERED_S": unanswered_s, "SINK_ROUTES": str(routes)}
    wanted = [
        Case(fault=fault, endpoint=endpoint, obj_id=f"ZTF26aa{number:05d}")
        for number, endpoint in enumerate(ENDPOINTS)
        if not (endpoint.method == "GET" and fault.needs_a_write)
    ]
    begun, others = {}, []
    for case in wanted:
        if case.endpoint.doubled:
            classify_twice(skyportal, case.alerts[0])

    with running_sink(environment(broker, topic, skyportal, **settings)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [case.alerts[0] for case in wanted if case.endpoint.known])
        until_settled(broker, topic)
        for case in wanted:
            before = given_up(sink, case.endpoint)
            number = case.begin(skyportal)
            begun[number] = case
            publish_records(broker, topic, case.alerts[-1:])
            until(partial(is_met, skyportal, number), f"a request {case.endpoint.name}")
            until(
                lambda case=case, before=before: given_up(sink, case.endpoint) > before,
                f"the sink giving up {case.endpoint.name}",
            )
            others.append(whole_alert(obj_id=f"{case.obj_id}other"))
            publish_records(broker, topic, others[-1:])
            until(lambda name=others[-1].obj_id: is_illustrated(skyportal, name), "another object being delivered")
            skyportal.control.mend()
        until_settled(broker, topic)
        assert_never_left_the_group(sink)

    wrong = report(results(skyportal, begun, routes))
    assert not wrong, "\n".join(wrong)
    assert letters(broker, topic) == []
    assert_whole(skyportal, [*others, *(alert for case in wanted for alert in case.alerts)], routes=routes)


@pytest.mark.parametrize("part", range(2))
def test_each_fault_for_a_while_at_all_endpoints_costs_nothing(
    part: int, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = QUICK | {
        "SKYPORTAL_READ_TIMEOUT_S": "0.3",
        "SKYPORTAL_UNANSWERED_S": "2",
        # All are refused at the same time here; what is refused later too, and others not, is bad.
        "SINK_REJECTION_INTERVAL_S": "1.5",
    }
    begun, alerts, published = {}, [], 0

    with running_sink(environment(broker, topic, skyportal, **settings)) as sink:
        until_ready(sink)
        for day, kind in enumerate(KINDS[part::2]):
            arrived = [whole_alert(day, obj_id=f"ZTF26aa{number:05d}") for number in range(3 * day, 3 * day + 6)]
            alerts += arrived
            lasts_s = WHILE_S
            is_over_unmet = True
            while is_over_unmet:  # as it is for a sink, or a broker, that is busy for longer
                fault = skyportal.control.fault(kind, seconds=lasts_s, delay=0.05)
                publish_records(broker, topic, arrived)
                published += len(arrived)
                until(partial(has_accepted, sink, published), f"what comes during {kind} being accepted")
                skyportal.control.mend()
                is_over_unmet = not is_met(skyportal, fault)
                lasts_s = LONGER_S
            begun[fault] = kind
        until_settled(broker, topic)
        until_ready(sink)
        assert_never_left_the_group(sink)

    found = {fault["id"]: fault["answered"] for fault in skyportal.control.faults()}
    print(*(f"{kind} for a while: {found[number]} requests met it" for number, kind in begun.items()), sep="\n")  # noqa: T201  # for people
    assert letters(broker, topic) == []
    assert_whole(skyportal, alerts)
