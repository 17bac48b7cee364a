"""Names to SkyPortal's ids, and routes that are broken."""

from collections import Counter
from typing import Any

import pytest

from runtime.health import Health
from sink.routing import routes
from sink.routing.directory import Directory, Unroutable
from sink.routing.router import NotWanted, Router
from sink.routing.routes import Route, Routes, RoutesFile, TopicRoute
from support.clock import Clock
from support.in_flight import in_flight

STALE_S = 30.0


class Pages:
    """What SkyPortal would answer, and how often it was asked."""

    def __init__(self) -> None:
        self.filters = [{"id": 2, "name": "fink_sn_candidates_ztf", "group_id": 7, "stream_id": 1}]
        self.taxonomies = [
            {"id": 5, "name": "Fink", "isLatest": False, "hierarchy": {"class": "SN candidate"}},
            {
                "id": 4,
                "name": "Fink",
                "isLatest": True,
                "hierarchy": {"class": "Fink", "subclasses": [{"class": "SN"}]},
            },
        ]
        self.asked: Counter[str] = Counter()

    def get(self, path: str) -> Any:
        """Answer a GET."""
        self.asked[path] += 1
        return {
            "/api/filters": 2 * self.filters,
            "/api/groups": {
                "user_groups": [
                    {"id": 7, "name": "Fink", "single_user_group": False},
                    {"id": 9, "name": "finkbot", "single_user_group": True},
                ],
                "all_groups": [{"id": 8, "name": "Others", "single_user_group": False}],
            },
            "/api/groups/9": {"users": [{"id": 3, "username": "finkbot"}]},
            "/api/taxonomy": self.taxonomies,
            "/api/streams": [{"id": 1, "name": "ZTF Public"}],
            "/api/instrument": [{"id": 4, "name": "ZTF"}],
        }[path]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def directory(clock: Clock, pages: Pages) -> Directory:
    directory = Directory(clock=clock, stale_after_s=STALE_S)
    directory.read(pages.get)
    return directory


@pytest.fixture
def router(directory: Directory, clock: Clock) -> Router:
    return Router(routes.read(None), directory, health=Health(), rest_s=STALE_S, clock=clock)


def route(**changes: str) -> Route:
    return Routes(
        RoutesFile(route=(TopicRoute(topic="fink_sn_candidates_ztf", **changes),))  # type: ignore[arg-type]
    ).route("fink_sn_candidates_ztf", "ZTF")


def test_names_become_ids_though_every_filter_is_listed_twice(directory: Directory) -> None:
    found = directory.resolve(route())

    assert (found.filter_id, found.group_id, found.stream_id, found.instrument_id) == (2, 7, 1, 4)


def test_of_filters_with_one_name_the_oldest_is_ours(directory: Directory, pages: Pages) -> None:
    pages.filters = [pages.filters[0] | {"id": number} for number in (5, 3, 9)]
    directory.read(pages.get)

    assert directory.resolve(route()).filter_id == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"group": "Others"}, "no group 'Others' .*there are: Fink, finkbot"),
        ({"stream": "LSST Public"}, "no stream 'LSST Public' .*there are: ZTF Public"),
        ({"instrument": "LSST"}, "no instrument 'LSST' .*there are: ZTF"),
        ({"filter": "nova"}, "no filter 'nova' of group 'Fink' on stream 'ZTF Public'"),
    ],
)
def test_a_name_that_skyportal_does_not_know_is_named_with_those_it_knows(
    changes: dict[str, str], said: str, directory: Directory
) -> None:
    with pytest.raises(Unroutable, match=said):
        directory.resolve(route(**changes))


def test_a_name_that_is_missing_is_looked_up_again_but_not_for_every_alert(
    router: Router, pages: Pages, clock: Clock
) -> None:
    wanted, pages.filters = pages.filters, []
    clock.now += STALE_S
    for _ in range(5):
        with pytest.raises(Unroutable):
            router.destination(in_flight(topic="fink_new_topic_ztf"), pages.get)
    assert pages.asked["/api/filters"] == 2

    pages.filters = [wanted[0] | {"name": "fink_new_topic_ztf"}]
    clock.now += STALE_S
    assert router.destination(in_flight(topic="fink_new_topic_ztf"), pages.get).filter_id == 2


def test_names_that_are_known_are_not_asked_for(router: Router, pages: Pages, clock: Clock) -> None:
    clock.now += 100 * STALE_S
    for _ in range(5):
        router.destination(in_flight(), pages.get)

    assert pages.asked["/api/filters"] == 1


def test_a_route_that_was_refused_rests_and_is_then_read_anew_once(router: Router, pages: Pages, clock: Clock) -> None:
    router.broken("fink_sn_candidates_ztf", "At least one valid filter ID must be provided.")
    with pytest.raises(Unroutable, match="At least one valid filter"):
        router.destination(in_flight(), pages.get)
    assert pages.asked["/api/filters"] == 1

    pages.filters = [pages.filters[0] | {"id": 12}]
    for _ in range(4):
        clock.now += STALE_S
        assert router.destination(in_flight(), pages.get).filter_id == 12
    assert pages.asked["/api/filters"] == 2


def test_a_broken_route_stops_no_other(directory: Directory, pages: Pages, clock: Clock) -> None:
    file = RoutesFile(route=(TopicRoute(topic="*", filter="fink_sn_candidates_ztf"),))
    router = Router(Routes(file), directory, health=Health(), rest_s=STALE_S, clock=clock)
    router.broken("fink_a_ztf", "gone")

    assert router.destination(in_flight(topic="fink_b_ztf"), pages.get).filter_id == 2


def test_an_alert_that_a_route_does_not_want_is_told_apart_from_one_without_a_route(
    directory: Directory, pages: Pages, clock: Clock
) -> None:
    router = Router(
        Routes(RoutesFile(route=(TopicRoute(topic="a*"),))), directory, health=Health(), rest_s=STALE_S, clock=clock
    )

    with pytest.raises(NotWanted):
        router.destination(in_flight(topic="a", is_solar_system=True), pages.get)
    with pytest.raises(Unroutable, match=r"routes.toml has no \[\[route\]\] for the topic b"):
        router.destination(in_flight(topic="b"), pages.get)
