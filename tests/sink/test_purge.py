"""SkyPortal purges objects that nobody saved, active ones too: all of the alert under way is there afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from sink.skyportal.client import Request
from support.records import AMBIGUOUS, MJD, SUPERNOVA, light_curve, skyportal_alert, whole_alert
from support.rounds import Rounds, second_group
from support.whole import assert_whole

TOPIC, EARLY = "fink_sn_candidates_ztf", "fink_early_sn_candidates_ztf"
OBJECT = "ZTF26aamcbly"
SOURCE = f"/api/sources/{OBJECT}"


def first(**changes: Any) -> SkyPortalAlert:
    """Return the alert that SkyPortal has: with a class, without a picture of the difference, of a long history."""
    return replace(
        whole_alert(0, photometry=light_curve(*range(20, 150), mjd=MJD)), **{"cutout_difference": None, **changes}
    )


def second(**changes: Any) -> SkyPortalAlert:
    """Return the next one, of which each part is news: points, annotation, class, the class of another, a picture."""
    changed = Classification(name=AMBIGUOUS, probability=0.3, origin="fink_filters")
    new = Classification(name=SUPERNOVA, probability=0.5, origin="fink_cats")
    curve = light_curve(19, *range(20, 150), mjd=MJD + 1)
    return replace(whole_alert(1, photometry=curve, classifications=(changed, new)), **changes)


def third(**changes: Any) -> SkyPortalAlert:
    """Return the one after it: another point, another annotation, its classes."""
    return second(
        alert_id="3367463101415020117",
        observed_at=instant(MJD + 2),
        photometry=light_curve(18, 19, *range(20, 150), mjd=MJD + 2),
        **changes,
    )


def joined(day: int) -> SkyPortalAlert:
    """Return a multi-messenger alert of the object: no points, no pictures, no class."""
    return skyportal_alert(
        topic="fink_grb_bronze",
        alert_id=f"{OBJECT}:trigger:{MJD + day}",
        observed_at=instant(MJD + day),
        photometry=light_curve(),
        annotations={"day": day},
    )


def purged(rounds: Rounds, skyportal: SkyPortal, *alerts: SkyPortalAlert, **held: Any) -> None:
    """Deliver ``alerts``; SkyPortal purges all while the first request that matches ``held`` is under way."""
    rounds.deliver_while(skyportal.control.purge, *alerts, **held)
    assert rounds.settled


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal)


REMEMBERED: dict[str, dict[str, Any]] = {
    "candidate": {"method": "POST", "path": "/api/candidates"},
    "photometry": {"method": "PUT", "path": "/api/photometry"},
    "annotation": {"method": "PUT", "path": f"{SOURCE}/annotations"},
    "classification": {"method": "PUT", "path": "/api/classification"},
    "new classification": {"method": "POST", "path": "/api/classification"},
    "thumbnail": {"method": "POST", "path": "/api/thumbnail"},
}


@pytest.mark.parametrize("request_held", REMEMBERED)
def test_the_whole_next_alert_is_there_whichever_request_meets_the_purge(
    request_held: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(first())

    purged(rounds, skyportal, second(), **REMEMBERED[request_held])

    assert_whole(skyportal, [second()])


READ: dict[str, dict[str, Any]] = REMEMBERED | {"object": {"method": "GET", "path": SOURCE}}


@pytest.mark.parametrize("request_held", READ)
def test_a_sink_that_has_read_the_object_delivers_the_whole_alert_too(
    request_held: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(first())
    rounds.restart()

    purged(rounds, skyportal, second(), **READ[request_held])

    assert_whole(skyportal, [second()])


NEW: dict[str, dict[str, Any]] = {
    "candidate": {"method": "POST", "path": "/api/candidates"},
    "photometry": {"method": "PUT", "path": "/api/photometry"},
    "object": {"method": "GET", "path": SOURCE},
    "annotation": {"method": "POST", "path": f"{SOURCE}/annotations"},
    "classification": {"method": "POST", "path": "/api/classification"},
    "first thumbnail": {"method": "POST", "path": "/api/thumbnail"},
    "last thumbnail": {"method": "POST", "path": "/api/thumbnail", "after": 2},
}


@pytest.mark.parametrize("request_held", NEW)
def test_an_object_that_is_purged_as_soon_as_it_is_new_is_delivered_again(
    request_held: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    purged(rounds, skyportal, second(), **NEW[request_held])

    assert_whole(skyportal, [second()])


def test_a_purge_between_two_nights_is_met_by_the_candidate_without_a_position(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(first())
    assert skyportal.control.purge() == [OBJECT]

    rounds.deliver(second())

    assert rounds.settled
    assert_whole(skyportal, [second()])


@pytest.mark.parametrize("request_held", REMEMBERED)
def test_many_alerts_of_a_purged_object_are_all_there(
    request_held: str, skyportal: SkyPortal, two_groups: Path, broker: str, topic: str
) -> None:
    rounds = Rounds(broker, topic, skyportal, routes=two_groups)
    rounds.deliver(first(), first(topic=EARLY))
    alerts = [second(topic=EARLY), second(), third(), third(topic=EARLY)]
    others = [second(obj_id=f"ZTF26other{number}") for number in range(3)]

    purged(rounds, skyportal, *others, *alerts, **REMEMBERED[request_held])

    assert_whole(skyportal, [*others, *alerts], routes=two_groups)


@pytest.fixture
def two_groups(topic: str, tmp_path: Path, skyportal: SkyPortal) -> Iterator[Path]:
    with second_group(skyportal, topic, tmp_path) as routes:
        yield routes


@pytest.mark.parametrize("request_held", ["photometry", "annotation"])
def test_an_older_alert_in_the_batch_that_meets_the_purge_is_delivered_again_too(
    request_held: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(first())
    rounds.deliver(joined(1))

    alerts = [second(), first(), joined(0)]
    purged(rounds, skyportal, *alerts, **REMEMBERED[request_held])

    assert_whole(skyportal, alerts)


def test_objects_that_are_purged_while_their_classes_share_a_request_are_all_there(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    alerts = [second(obj_id=f"ZTF26many{number}") for number in range(5)]

    purged(rounds, skyportal, *alerts, method="POST", path="/api/classification")

    assert_whole(skyportal, alerts)


PARTS = {
    "photometry": '["candidate", "photometry"]',
    "annotation": '["candidate", "annotation"]',
    "classification": '["candidate", "annotation", "classification"]',
    "thumbnail": '["candidate", "thumbnail"]',
}


@pytest.mark.parametrize("request_held", PARTS)
def test_a_route_of_few_parts_delivers_them_all_after_a_purge(
    request_held: str, broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text(f'[[route]]\ntopic = "*"\nparts = {PARTS[request_held]}\n')
    rounds = Rounds(broker, topic, skyportal, routes=routes)
    rounds.deliver(first())

    purged(rounds, skyportal, second(), **REMEMBERED[request_held])

    assert_whole(skyportal, [second()], routes=routes)


@pytest.fixture
def saving(tmp_path: Path) -> Path:
    routes = tmp_path / "routes.toml"
    routes.write_text('[[route]]\ntopic = "*"\nsave = true\n')
    return routes


def test_a_source_that_is_purged_before_it_is_saved_is_delivered_and_saved(
    broker: str, topic: str, skyportal: SkyPortal, saving: Path
) -> None:
    rounds = Rounds(broker, topic, skyportal, routes=saving)

    purged(rounds, skyportal, second(), method="POST", path="/api/sources", after=1)

    assert_whole(skyportal, [second()], routes=saving)


def test_a_saved_object_is_not_purged_and_not_saved_again(
    broker: str, topic: str, skyportal: SkyPortal, saving: Path
) -> None:
    rounds = Rounds(broker, topic, skyportal, routes=saving)
    rounds.deliver(first())
    assert skyportal.control.purge() == []

    rounds.deliver(second())
    rounds.restart()
    rounds.deliver(second())

    assert_whole(skyportal, [first(), second()], routes=saving)
    saved = [one for one in skyportal.control.requests() if (one["method"], one["path"]) == ("POST", "/api/sources")]
    assert len(saved) == 1


def test_an_object_that_is_purged_every_night_is_there_every_night(rounds: Rounds, skyportal: SkyPortal) -> None:
    rounds.deliver(first())
    for day, path in enumerate(("/api/photometry", f"{SOURCE}/annotations", "/api/classification", "/api/candidates")):
        name = (AMBIGUOUS, SUPERNOVA)[day % 2]
        found = (Classification(name=name, probability=0.5, origin="fink_filters"),)
        alert = whole_alert(day + 1, photometry=light_curve(*range(20, 150), mjd=MJD + day + 1), classifications=found)
        purged(rounds, skyportal, alert, path=path)
        assert_whole(skyportal, [alert])


def test_an_object_that_somebody_else_makes_anew_after_a_purge_gets_all_of_the_next_alert(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(first())
    skyportal.control.purge()
    (number,) = [row["id"] for row in skyportal.control.state()["filters"] if row["name"] == TOPIC]
    seen = {"id": OBJECT, "ra": 150.1, "dec": 2.2, "filter_ids": [number], "passed_at": "2026-03-23T11:06:52.004"}
    rounds.desk.sender.send(Request(method="POST", path="/api/candidates", body=seen))

    rounds.deliver(second())

    assert rounds.settled
    assert_whole(skyportal, [second()])
