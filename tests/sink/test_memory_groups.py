"""Groups whose routes have an object in common: each sees what its alerts say, whichever comes first."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from support.records import AMBIGUOUS, MJD, SUPERNOVA, light_curve, skyportal_alert, whole_alert
from support.rounds import Rounds, second_group
from support.whole import assert_whole

EARLY = "fink_early_sn_candidates_ztf"


@pytest.fixture
def routes(topic: str, tmp_path: Path, skyportal: SkyPortal) -> Iterator[Path]:
    with second_group(skyportal, topic, tmp_path) as file:
        yield file


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal, routes: Path) -> Rounds:
    return Rounds(broker, topic, skyportal, routes=routes)


def alert_of(day: int, topic: str, *, name: str = SUPERNOVA, points: int = 3) -> SkyPortalAlert:
    return whole_alert(
        day,
        topic=topic,
        classifications=(Classification(name=name, probability=0.8, origin="fink_filters"),),
        photometry=light_curve(*(20.0 + (day - night) / 1000 for night in range(points)), mjd=MJD + day),
    )


FIRST, SECOND = "fink_sn_candidates_ztf", EARLY
COMINGS = [
    pytest.param(topics, order, points, id=f"{'-'.join(map(str, order))}, {points} points, {topics[0].split('_')[1]}")
    for topics in ((FIRST, SECOND, FIRST), (SECOND, FIRST, SECOND))
    for order in permutations(range(3))
    for points in (3, 130)
]


@pytest.mark.parametrize(("topics", "order", "points"), COMINGS)
def test_both_groups_see_the_newest_and_all_points_in_any_order(
    topics: Sequence[str],
    order: Sequence[int],
    points: int,
    rounds: Rounds,
    skyportal: SkyPortal,
    routes: Path,
) -> None:
    names = (SUPERNOVA, AMBIGUOUS, SUPERNOVA)
    alerts = [alert_of(day, topics[day], name=names[day], points=points + day) for day in order]

    for forgets in (lambda: None, rounds.restart, rounds.lose):
        skyportal.control.reset()
        rounds.restart()
        for alert in alerts:
            rounds.deliver(alert)
            forgets()
        assert_whole(skyportal, alerts, routes=routes)
    for cut in (1, 2, 3):
        skyportal.control.reset()
        rounds.restart()
        rounds.deliver(*alerts[:cut])
        rounds.deliver(*alerts[cut:])
        assert_whole(skyportal, alerts, routes=routes)
    assert rounds.settled


def test_an_older_alert_of_another_group_shows_the_annotation_and_asks_nothing_twice(
    rounds: Rounds, skyportal: SkyPortal, routes: Path
) -> None:
    alerts = [alert_of(1, FIRST, name=AMBIGUOUS), alert_of(0, SECOND)]

    for alert in [*alerts, *alerts]:
        rounds.deliver(alert)

    paths = [(one["method"], one["path"].rpartition("/")[0]) for one in skyportal.control.requests()]
    assert paths.count(("PUT", "/api/sources/ZTF26aamcbly/annotations")) == 1
    assert paths.count(("PUT", "/api/classification")) == 1
    assert_whole(skyportal, alerts, routes=routes)


@pytest.mark.parametrize("older", ["memory knows the group", "SkyPortal told of the group"])
def test_a_group_that_is_gone_costs_the_others_nothing(
    older: str, rounds: Rounds, skyportal: SkyPortal, topic: str
) -> None:
    rounds.deliver(alert_of(0, FIRST), alert_of(0, SECOND))
    if older == "SkyPortal told of the group":
        rounds.restart()
        rounds.deliver(alert_of(0, FIRST), alert_of(0, SECOND))
    skyportal.control.setup(remove_groups=[topic])

    rounds.deliver(alert_of(1, FIRST, name=AMBIGUOUS))

    assert rounds.settled
    assert rounds.desk.router.broken_for_s(FIRST) == 0
    state = skyportal.control.state()
    (fink,) = [group["id"] for group in state["groups"] if group["name"] == "Fink"]
    assert [(row["data"]["clf.score"], row["groups"]) for row in state["annotations"]] == [(0.251, [fink])]
    assert [(row["classification"], row["groups"]) for row in state["classifications"]] == [(AMBIGUOUS, [fink])]


def test_a_group_that_is_gone_stops_its_own_route_only(rounds: Rounds, skyportal: SkyPortal, topic: str) -> None:
    rounds.deliver(alert_of(0, FIRST), alert_of(0, SECOND))
    skyportal.control.setup(remove_groups=[topic])
    batch = rounds.collect(alert_of(1, FIRST, name=AMBIGUOUS), alert_of(1, SECOND, name=AMBIGUOUS))

    for _ in range(5):
        batch = rounds.round(batch)

    assert [item.alert.topic for item in batch] == [SECOND]
    assert rounds.desk.router.broken_for_s(FIRST) == 0
    assert [row["classification"] for row in skyportal.control.state()["classifications"]] == [AMBIGUOUS]


def test_a_group_that_is_gone_between_two_parts_stops_its_own_route_only(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    with second_group(skyportal, topic, tmp_path) as file:
        text = file.read_text()
        file.write_text(text.replace(f'filter = "{topic}"', f'filter = "{topic}"\nparts = ["candidate", "annotation"]'))
        rounds = Rounds(broker, topic, skyportal, routes=file)
        rounds.deliver(alert_of(0, FIRST), alert_of(0, SECOND))
        skyportal.control.setup(remove_groups=[topic])
        batch = rounds.collect(alert_of(2, FIRST, name=AMBIGUOUS), alert_of(1, SECOND, name=AMBIGUOUS))

        broken = set()
        for _ in range(5):
            batch = rounds.round(batch)
            broken |= {name for name in (FIRST, SECOND) if rounds.desk.router.broken_for_s(name)}

    assert broken == {SECOND}
    assert [row["classification"] for row in skyportal.control.state()["classifications"]] == [AMBIGUOUS]


def test_a_class_that_only_one_group_was_told_stays_its_own(rounds: Rounds, skyportal: SkyPortal, routes: Path) -> None:
    alerts = [alert_of(0, FIRST), skyportal_alert(topic=SECOND, alert_id="1", observed_at=instant(MJD + 1))]

    for alert in alerts:
        rounds.deliver(alert)

    assert_whole(skyportal, alerts, routes=routes)
