"""What others write, or delete, beside us: ours is brought up to date, theirs is left alone."""

from typing import Any

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from sink.skyportal.client import Request
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
from support.rounds import Rounds
from support.whole import annotation_of, assert_whole

OBJECT = "ZTF26aamcbly"
OTHER_TOKEN = "00000000-0000-4000-8000-000000000f0f"  # noqa: S105  # of the stand-in's


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal)


@pytest.fixture
def somebody(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    """Give another user of SkyPortal's, who is in our group."""
    users = skyportal.control.state()["users"]
    if all(user["token"] != OTHER_TOKEN for user in users):
        wish = {"name": "somebody", "token": OTHER_TOKEN, "groups": ["Fink"], "streams": ["ZTF Public"]}
        skyportal.control.setup(tokens=[wish])
    return Rounds(broker, topic, skyportal, SKYPORTAL_TOKEN=OTHER_TOKEN)


def ask(who: Rounds, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    return who.desk.sender.send(Request(method=method, path=path, body=body))


def rows(skyportal: SkyPortal, table: str) -> list[dict[str, Any]]:
    return list(skyportal.control.state()[table])


def alert_of(day: int, name: str = SUPERNOVA, probability: float | None = 0.8) -> SkyPortalAlert:
    return whole_alert(
        day, classifications=(Classification(name=name, probability=probability, origin="fink_filters"),)
    )


def class_of(skyportal: SkyPortal, name: str) -> dict[str, Any]:
    """Return a classification as a client posts it."""
    state = skyportal.control.state()
    (taxonomy,) = [one["id"] for one in state["taxonomies"] if one["name"] == "Fink"]
    groups = [one["id"] for one in state["groups"] if one["name"] == "Fink"]
    said = {"obj_id": OBJECT, "classification": name, "taxonomy_id": taxonomy, "probability": 0.8, "group_ids": groups}
    return said | {"origin": "fink_filters", "ml": True, "vote": False, "label": False}


@pytest.mark.parametrize("remembers", [True, False])
def test_what_somebody_has_deleted_is_written_again_with_the_next_alert(
    remembers: bool,  # noqa: FBT001  # a table
    rounds: Rounds,
    skyportal: SkyPortal,
) -> None:
    rounds.deliver(alert_of(0))
    (annotation,), (found,) = rows(skyportal, "annotations"), rows(skyportal, "classifications")
    ask(rounds, "DELETE", f"/api/sources/{OBJECT}/annotations/{annotation['id']}")
    ask(rounds, "DELETE", f"/api/classification/{found['id']}")
    if not remembers:
        rounds.restart()

    rounds.deliver(alert_of(1, AMBIGUOUS))

    assert rounds.settled
    assert_whole(skyportal, [alert_of(0), alert_of(1, AMBIGUOUS)])


def test_a_newer_annotation_and_class_with_our_token_stay(rounds: Rounds, skyportal: SkyPortal) -> None:
    rounds.deliver(alert_of(0))
    (annotation,), (found,) = rows(skyportal, "annotations"), rows(skyportal, "classifications")
    newest = alert_of(2, AMBIGUOUS)
    ask(rounds, "PUT", f"/api/sources/{OBJECT}/annotations/{annotation['id']}", {"data": annotation_of(newest)})
    change = {"classification": AMBIGUOUS, "probability": 0.8, "ml": True}
    ask(rounds, "PUT", f"/api/classification/{found['id']}", change)
    rounds.restart()

    rounds.deliver(alert_of(1))
    rounds.deliver(alert_of(0))

    (annotation,), (found,) = rows(skyportal, "annotations"), rows(skyportal, "classifications")
    assert annotation["data"] == annotation_of(newest)
    assert found["classification"] == AMBIGUOUS
    assert len(rows(skyportal, "candidates")) == 2


def test_somebody_elses_class_of_our_origin_stays_and_ours_stands_beside_it(
    rounds: Rounds, somebody: Rounds, skyportal: SkyPortal
) -> None:
    ask(somebody, "POST", "/api/candidates", _candidate(skyportal))
    ask(somebody, "POST", "/api/classification", class_of(skyportal, SUPERNOVA))
    (theirs,) = rows(skyportal, "classifications")

    rounds.deliver(alert_of(0))
    rounds.restart()
    rounds.deliver(alert_of(1, AMBIGUOUS))

    kept, ours = rows(skyportal, "classifications")
    assert kept == theirs
    assert ours["author_id"] != theirs["author_id"]
    assert ours["classification"] == AMBIGUOUS
    assert_whole(skyportal, [alert_of(0), alert_of(1, AMBIGUOUS)])


def _candidate(skyportal: SkyPortal) -> dict[str, Any]:
    (number,) = [row["id"] for row in skyportal.control.state()["filters"] if row["name"] == "fink_sn_candidates_ztf"]
    position = {"id": OBJECT, "ra": 150.1, "dec": 2.2}
    return position | {"filter_ids": [number], "passed_at": "2026-03-22T11:06:52.004"}


@pytest.mark.parametrize("trouble", ["none", "hidden", "answered", "applied"])
def test_a_doubled_class_of_ours_is_one_again_at_the_next_look(
    trouble: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(alert_of(0))
    for name in (SUPERNOVA, AMBIGUOUS):
        ask(rounds, "POST", "/api/classification", class_of(skyportal, name))
    first = rows(skyportal, "classifications")[0]["id"]
    rounds.restart()
    if trouble == "hidden":
        skyportal.control.fault("outage", path="/api/classification", count=2)
    elif trouble != "none":
        kind = "reset" if trouble == "applied" else "connection_lost"
        skyportal.control.fault(kind, path="/api/classification", method="DELETE", count=1)

    rounds.deliver(alert_of(1, AMBIGUOUS))

    assert rounds.settled
    assert [row["id"] for row in rows(skyportal, "classifications")] == [first]
    assert_whole(skyportal, [alert_of(0), alert_of(1, AMBIGUOUS)])


def test_a_class_that_skyportal_stored_without_an_answer_is_found_and_not_doubled(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    skyportal.control.fault("reset", path="/api/classification", method="POST", count=1)

    rounds.deliver(alert_of(0))

    assert rounds.settled
    assert_whole(skyportal, [alert_of(0)])


@pytest.mark.parametrize("remembers", [True, False])
def test_pictures_that_skyportal_has_are_not_sent_again(
    remembers: bool,  # noqa: FBT001  # a table
    rounds: Rounds,
    somebody: Rounds,
    skyportal: SkyPortal,
) -> None:
    somebody.deliver(alert_of(0))
    pictures = rows(skyportal, "thumbnails")
    for row in rows(skyportal, "annotations"):  # nobody but its author may change it
        ask(somebody, "DELETE", f"/api/sources/{OBJECT}/annotations/{row['id']}")

    rounds.deliver(alert_of(0))
    if not remembers:
        rounds.restart()
    rounds.deliver(alert_of(1))

    assert rounds.settled
    assert rows(skyportal, "thumbnails") == pictures
    assert len(pictures) == 3


def test_what_others_have_annotated_says_nothing_of_the_age_of_our_class(
    rounds: Rounds, somebody: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(alert_of(0))
    (group,) = [one["id"] for one in skyportal.control.state()["groups"] if one["name"] == "Fink"]
    data = {"observed_at": "2099-12-31T00:00:00.000", "alert_id": "7"}
    note = {"origin": "elsewhere", "data": data, "group_ids": [group]}
    ask(somebody, "POST", f"/api/sources/{OBJECT}/annotations", note)
    rounds.restart()

    rounds.deliver(alert_of(1, AMBIGUOUS))

    assert [row["classification"] for row in rows(skyportal, "classifications")] == [AMBIGUOUS]
