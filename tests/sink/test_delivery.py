"""From the local topic to SkyPortal, on a real broker."""

from pathlib import Path

from demo.skyportal.process import SkyPortal
from schemas.record import instant
from support.kafka import publish_records
from support.records import MJD, light_curve, skyportal_alert
from support.sink import environment, running_sink, until_settled


def test_every_alert_is_a_candidate_with_all_its_points(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = [
        skyportal_alert(
            obj_id=f"ZTF26aa{number:05d}",
            alert_id=str(3367463101415010117 + number),
            observed_at=instant(MJD + number / 1000),
            photometry=light_curve(20.5 + number, 18.25, None, mjd=MJD + number / 1000),
        )
        for number in range(40)
    ]

    with running_sink(environment(broker, topic, skyportal)):
        publish_records(broker, topic, alerts)
        until_settled(broker, topic)

    state = skyportal.control.state()
    assert len(state["candidates"]) == 40
    assert len(state["photometry"]) == 120


def test_objects_are_saved_where_a_route_says_so(broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text("[[route]]\ntopic = 'fink_sn_*'\nsave = true\n[[route]]\ntopic = '*'\n")
    saved = [skyportal_alert(obj_id=f"ZTF26saved{number % 3}", alert_id=str(number)) for number in range(9)]
    others = [skyportal_alert(obj_id="ZTF26other", topic="fink_vra_ztf")]

    with running_sink(environment(broker, topic, skyportal, SINK_ROUTES=str(routes))):
        publish_records(broker, topic, [*saved, *others])
        until_settled(broker, topic)

    state = skyportal.control.state()
    (group,) = [one["id"] for one in state["groups"] if one["name"] == "Fink"]
    assert sorted((one["obj_id"], *one["groups"]) for one in state["sources"]) == [
        (f"ZTF26saved{number}", group) for number in range(3)
    ]
    assert {one["obj_id"] for one in state["candidates"]} == {"ZTF26other", *(alert.obj_id for alert in saved)}


def test_a_netrc_does_not_replace_the_token(broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login joe password wrong\n")
    netrc.chmod(0o600)

    with running_sink(environment(broker, topic, skyportal, NETRC=str(netrc))):
        publish_records(broker, topic, [skyportal_alert()])
        until_settled(broker, topic)

    assert len(skyportal.control.state()["candidates"]) == 1
