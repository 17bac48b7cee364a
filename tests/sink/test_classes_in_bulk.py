"""How few requests alerts take, and classes that share one."""

from collections import Counter

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from sink.skyportal.client import Request
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
from support.rounds import Rounds
from support.whole import assert_whole

OBJECT = "ZTF26aamcbly"


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal)


def requests_of(skyportal: SkyPortal, since: int = 0) -> Counter[str]:
    """Count the requests by method and path, without what differs from object to object."""
    return Counter(
        f"{one['method']} {_without_ids(one['path'])}" for one in skyportal.control.requests(since) if one["obj_ids"]
    )


def _without_ids(path: str) -> str:
    steps = path.split("/")
    return "/".join("#" if step.startswith("ZTF") or step.isdigit() else step for step in steps)


def some_objects(count: int, day: int = 0, *, name: str = SUPERNOVA) -> list[SkyPortalAlert]:
    found = (Classification(name=name, probability=0.8, origin="fink_filters"),)
    return [whole_alert(day, obj_id=f"ZTF26many{number}", classifications=found) for number in range(count)]


def sizes(skyportal: SkyPortal) -> list[int]:
    """Return how many classes each request has brought."""
    return [
        one["rows"]
        for one in skyportal.control.requests()
        if (one["method"], one["path"]) == ("POST", "/api/classification")
    ]


def last_request(skyportal: SkyPortal) -> int:
    return int(skyportal.control.requests()[-1]["number"])


@pytest.mark.parametrize("objects", [1, 10])
def test_a_new_object_takes_one_request_for_each_part_and_three_for_its_pictures(
    objects: int, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(*some_objects(objects))

    assert requests_of(skyportal) == {
        "POST /api/candidates": objects,
        "PUT /api/photometry": 1,
        "GET /api/sources/#": objects,
        "POST /api/sources/#/annotations": objects,
        "POST /api/classification": 1,
        "POST /api/thumbnail": 3 * objects,
    }


@pytest.mark.parametrize("objects", [1, 10])
def test_a_detection_of_an_object_in_memory_takes_a_candidate_an_annotation_and_a_share_of_the_photometry(
    objects: int, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(*some_objects(objects))
    since = last_request(skyportal)

    rounds.deliver(*some_objects(objects, day=1))

    assert requests_of(skyportal, since) == {
        "POST /api/candidates": objects,
        "PUT /api/photometry": 1,
        "PUT /api/sources/#/annotations/#": objects,
    }


def test_two_alerts_of_a_new_object_in_one_round_take_one_annotation_and_one_class(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(*some_objects(1), *some_objects(1, day=1, name=AMBIGUOUS))

    assert requests_of(skyportal) == {
        "POST /api/candidates": 2,
        "PUT /api/photometry": 1,
        "GET /api/sources/#": 1,
        "POST /api/sources/#/annotations": 1,
        "POST /api/classification": 1,
        "POST /api/thumbnail": 3,
    }


def test_thirty_new_classes_take_two_requests(rounds: Rounds, skyportal: SkyPortal) -> None:
    rounds.deliver(*some_objects(30))

    assert sizes(skyportal) == [20, 10]
    assert_whole(skyportal, some_objects(30))


@pytest.mark.parametrize("kind", ["reset", "gateway_timeout", "bad_gateway", "connection_lost", "deadlock"])
def test_a_request_of_many_classes_without_an_answer_doubles_none(
    kind: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    skyportal.control.fault(kind, method="POST", path="/api/classification", count=1, delay=0.01)

    rounds.deliver(*some_objects(25))

    assert rounds.settled
    assert_whole(skyportal, some_objects(25))


def test_classes_that_were_stored_before_the_one_that_was_refused_are_not_doubled(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    alerts = some_objects(25)
    (group,) = [one["id"] for one in skyportal.control.state()["groups"] if one["name"] == "Fink"]
    rounds.deliver(*[whole_alert(obj_id=one.obj_id, classifications=()) for one in alerts])
    for one in alerts[:7] + alerts[8:]:
        body = {"id": one.obj_id, "group_ids": [group]}
        rounds.desk.sender.send(Request(method="POST", path="/api/sources", body=body))

    # The eighth is gone when its class comes.
    rounds.deliver_while(skyportal.control.purge, *alerts, method="POST", path="/api/classification")

    assert rounds.settled
    assert sizes(skyportal)[:2] == [20, 5]
    state = skyportal.control.state()
    assert Counter(row["obj_id"] for row in state["classifications"]) == {one.obj_id: 1 for one in alerts}
    assert Counter(row["obj_id"] for row in state["thumbnails"]) == {one.obj_id: 3 for one in alerts}
