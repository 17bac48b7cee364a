"""What a backlog costs in requests, as SkyPortal counts them."""

from pathlib import Path

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert, instant
from sink.delivery.round_size import LARGEST_ROUND
from support.kafka import PATIENCE_S, create_topic, publish_records, until
from support.processes import Command
from support.records import MJD, light_curve, skyportal_alert, whole_alert
from support.sink import environment, metric, running_sink, until_nothing_is_in_flight, until_settled
from support.whole import assert_whole

OBJECTS = 240
FEW = "[defaults]\nparts = ['candidate', 'photometry']\n"
EVERY = ""
SETTING_UP = ("/api/filters", "/api/groups", "/api/streams", "/api/instrument", "/api/taxonomy", "/api/internal")


def short_curve(day: float) -> dict[str, object]:
    """Return a light curve of ten points that no other day has."""
    return {"photometry": light_curve(*[20.5 + point for point in range(10)], mjd=MJD + 100 * day)}


def new_objects(day: float = 0) -> list[SkyPortalAlert]:
    """Return an alert of each object with every part."""
    return [
        whole_alert(
            day, obj_id=f"ZTF26aa{number:05d}", alert_id=str(10_000 + number + round(1000 * day)), **short_curve(day)
        )
        for number in range(OBJECTS)
    ]


def requests_per_alert(skyportal: SkyPortal, alerts: int, since: int = 0) -> float:
    """Return the requests for each alert; what a sink asks once at its start is left out."""
    asked = [one for one in skyportal.control.requests(since) if not one["path"].startswith(SETTING_UP)]
    return len(asked) / alerts


def hold_candidates(skyportal: SkyPortal) -> None:
    """Let the workers wait in their first rounds, however small these are."""
    skyportal.control.fault("hang", path="/api/candidates")


def deliver_together(sink: Command, broker: str, topic: str, skyportal: SkyPortal) -> None:
    """Wait until an alert of each object is collected, then let them be delivered in as few rounds as that takes."""
    until(lambda: metric(sink, "sink_in_flight_alerts") == OBJECTS, "all of them being collected")
    skyportal.control.mend()
    until_settled(broker, topic)
    until_nothing_is_in_flight(sink)


@pytest.fixture
def backlog(broker: str, topic: str) -> list[SkyPortalAlert]:
    """Publish an alert of each object."""
    alerts = new_objects()
    create_topic(broker, topic, 4)
    publish_records(broker, topic, alerts)
    return alerts


def test_candidates_and_points_cost_one_request_for_each_alert_and_one_for_fifty(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path, backlog: list[SkyPortalAlert]
) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text(FEW)

    hold_candidates(skyportal)
    with running_sink(environment(broker, topic, skyportal, SINK_ROUTES=str(routes))) as sink:
        deliver_together(sink, broker, topic, skyportal)

    assert_whole(skyportal, backlog, routes=routes)
    assert requests_per_alert(skyportal, OBJECTS) <= 1.05


def test_new_objects_cost_six_requests_and_detections_of_known_ones_two(
    broker: str, topic: str, skyportal: SkyPortal, backlog: list[SkyPortalAlert]
) -> None:
    hold_candidates(skyportal)
    with running_sink(environment(broker, topic, skyportal)) as sink:
        deliver_together(sink, broker, topic, skyportal)
        assert requests_per_alert(skyportal, OBJECTS) <= 6.2
        so_far = skyportal.control.requests()[-1]["number"]
        again = new_objects(day=1)
        hold_candidates(skyportal)
        publish_records(broker, topic, again)
        deliver_together(sink, broker, topic, skyportal)

    assert requests_per_alert(skyportal, OBJECTS, since=so_far) <= 2.1
    assert_whole(skyportal, [*backlog, *again])


def test_an_alert_whose_histories_overlap_costs_no_more(broker: str, topic: str, skyportal: SkyPortal) -> None:
    nights = [
        skyportal_alert(
            alert_id=str(day + 1),
            observed_at=instant(MJD + day),
            photometry=light_curve(*[20.5] * 44, mjd=MJD + day),
        )
        for day in range(LARGEST_ROUND)
    ]
    create_topic(broker, topic, 1)
    publish_records(broker, topic, nights)

    # A round that is full waits for no others.
    with running_sink(environment(broker, topic, skyportal, SINK_COLLECT_S=str(PATIENCE_S))):
        until_settled(broker, topic)

    assert_whole(skyportal, nights)
    assert [one["path"] for one in skyportal.control.requests()].count("/api/photometry") == 1
