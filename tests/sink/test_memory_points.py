"""Of a long history only the points that SkyPortal is not known to have are sent, and all of them where it may not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert, instant
from sink.delivery import memory
from sink.delivery.memory import LIFE_S
from support.clock import Clock
from support.records import MJD, light_curve, skyportal_alert
from support.rounds import Rounds, second_group
from support.whole import assert_whole

EARLY = "fink_early_sn_candidates_ztf"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def routes(topic: str, tmp_path: Path, skyportal: SkyPortal) -> Iterator[Path]:
    with second_group(skyportal, topic, tmp_path) as file:
        yield file


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal, clock: Clock, routes: Path) -> Rounds:
    return Rounds(broker, topic, skyportal, routes=routes, clock=clock)


def alert_with(points: int, day: int = 0, **changes: Any) -> SkyPortalAlert:
    """Return an alert of a night, with so many nights before it in its history."""
    fluxes = [20.0 + (day - number) / 1000 for number in range(points)]
    return skyportal_alert(
        alert_id=str(3367463101415010117 + day),
        observed_at=instant(MJD + day),
        photometry=light_curve(*fluxes, mjd=MJD + day),
        **changes,
    )


def rows_sent(skyportal: SkyPortal) -> list[int]:
    """Return how many rows each photometry request has had."""
    return [one["rows"] for one in skyportal.control.requests() if one["path"] == "/api/photometry"]


def test_one_new_point_of_a_long_history_is_sent_alone(rounds: Rounds, skyportal: SkyPortal) -> None:
    rounds.deliver(alert_with(300))
    rounds.deliver(alert_with(301, day=1))

    assert rows_sent(skyportal) == [300, 1]
    assert_whole(skyportal, [alert_with(301, day=1), alert_with(300)])


def test_a_known_history_that_comes_again_is_not_sent(rounds: Rounds, skyportal: SkyPortal) -> None:
    rounds.deliver(alert_with(300))
    rounds.deliver(alert_with(300))

    assert rows_sent(skyportal) == [300]
    assert rounds.settled


def test_a_short_history_is_sent_whole(rounds: Rounds, skyportal: SkyPortal) -> None:
    rounds.deliver(alert_with(100))
    rounds.deliver(alert_with(100))

    assert rows_sent(skyportal) == [100, 100]


def test_another_group_gets_all_points_and_remembers_them_by_itself(
    rounds: Rounds, skyportal: SkyPortal, routes: Path
) -> None:
    alerts = [alert_with(300), alert_with(301, 1, topic=EARLY), alert_with(302, 2), alert_with(303, 3, topic=EARLY)]

    for alert in alerts:
        rounds.deliver(alert)

    assert rows_sent(skyportal) == [300, 301, 2, 2]
    assert_whole(skyportal, alerts, routes=routes)


def test_two_groups_in_one_batch_see_the_points_of_both(rounds: Rounds, skyportal: SkyPortal, routes: Path) -> None:
    alerts = [alert_with(201, 1, topic=EARLY), alert_with(200), alert_with(203, 3), alert_with(202, 2, topic=EARLY)]

    rounds.deliver(*alerts[:2])
    rounds.deliver(*alerts[2:])

    assert rows_sent(skyportal) == [201, 2]
    assert_whole(skyportal, alerts, routes=routes)


@pytest.mark.parametrize("forgets", ["a restart", "six hours", "a partition that was away"])
def test_all_points_are_sent_again_where_skyportal_may_have_lost_them(
    forgets: str, rounds: Rounds, skyportal: SkyPortal, clock: Clock
) -> None:
    rounds.deliver(alert_with(300))
    if forgets == "a restart":
        rounds.restart()
    elif forgets == "six hours":
        clock.now += LIFE_S + 1
    else:
        rounds.lose()

    rounds.deliver(alert_with(301, day=1))

    assert rows_sent(skyportal) == [300, 301]


def test_points_that_are_sent_every_hour_are_sent_whole_after_six_hours(
    rounds: Rounds, skyportal: SkyPortal, clock: Clock
) -> None:
    for hour in range(8):
        rounds.deliver(alert_with(300 + hour, day=hour))
        clock.now += 3600

    assert rows_sent(skyportal) == [300, *[1] * 6, 307]


def test_a_history_of_more_rows_than_one_request_takes_is_remembered_whole(
    rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(alert_with(1100))
    rounds.deliver(alert_with(1101, day=1))

    assert rows_sent(skyportal) == [500, 500, 100, 1]


def test_points_of_a_request_that_failed_are_sent_again(rounds: Rounds, skyportal: SkyPortal) -> None:
    skyportal.control.fault("reject", path="/api/photometry", after=1, count=1, message="Not today.")

    rounds.deliver(alert_with(600))
    rounds.deliver(alert_with(601, day=1))

    assert rows_sent(skyportal) == [500, 100, 500, 100, 1]
    assert_whole(skyportal, [alert_with(600), alert_with(601, day=1)])


def test_points_of_more_objects_than_there_is_memory_for_are_sent_again(
    rounds: Rounds, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_POINTS", 250)
    objects = [f"ZTF26many{number}" for number in range(3)]
    alerts = [[alert_with(110 + day, day, obj_id=name) for name in objects] for day in range(2)]

    for batch in alerts:
        rounds.deliver(*batch)

    assert rows_sent(skyportal) == [330, 111 + 2]
    assert rounds.settled
    assert_whole(skyportal, [alert for batch in alerts for alert in batch])
