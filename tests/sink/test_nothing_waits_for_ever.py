"""A record that SkyPortal never takes, in whatever way, is put aside in the end, and the others go by."""

import time
from collections.abc import Callable, Sequence

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from support.kafka import PATIENCE_S, until
from support.records import AMBIGUOUS, SUPERNOVA, light_curve, skyportal_alert, whole_alert
from support.rounds import Rounds, may_be_tried
from support.whole import assert_whole

BAD = "ZTF26bad"


def deliver_beside(
    rounds: Rounds, bad: SkyPortalAlert, others: Callable[[int], Sequence[SkyPortalAlert]]
) -> list[SkyPortalAlert]:
    """Deliver ``bad`` again and again, others beside it each time, until it is settled; return the others."""
    batch = rounds.collect(bad)
    delivered: list[SkyPortalAlert] = []
    deadline = time.monotonic() + PATIENCE_S
    while batch:
        assert time.monotonic() < deadline, f"waits still, suspicion {batch[0].suspicion}"
        more = others(len(delivered))
        delivered += more
        batch = rounds.round([*batch, *rounds.collect(*more)])
        until(lambda: may_be_tried(batch), "the record that is to be tried again")  # noqa: B023  # not kept
    return delivered


def new_object(number: int) -> list[SkyPortalAlert]:
    return [whole_alert(obj_id=f"ZTF26other{number}", cutout_template=None, cutout_difference=None)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/thumbnail"),
        ("POST", "/api/sources/*/annotations"),
        ("POST", "/api/classification"),
        ("PUT", "/api/photometry"),
    ],
)
def test_one_worker_alone_finds_out_that_only_one_object_is_not_answered(
    method: str, path: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    quick = {"SINK_REJECTION_INTERVAL_S": "0", "SINK_PATIENCE_S": "0", "SKYPORTAL_UNANSWERED_S": "0"}
    rounds = Rounds(broker, topic, skyportal, **quick)
    skyportal.control.fault("reset", applied=False, method=method, path=path, obj_id=BAD)
    bad = whole_alert(obj_id=BAD, cutout_template=None, cutout_difference=None)

    others = deliver_beside(rounds, bad, new_object)

    rounds.desk.dead_letters.settle()
    state = skyportal.control.state()
    assert {one["obj_id"] for one in state["annotations"]} >= {alert.obj_id for alert in others}


def test_a_record_in_a_band_that_the_instrument_lacks_is_put_aside_while_its_topic_flows(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    rounds = Rounds(broker, topic, skyportal, SINK_PATIENCE_S="1")
    bad = skyportal_alert(obj_id=BAD, photometry=light_curve(20.5, band="lssty"))

    others = deliver_beside(rounds, bad, lambda number: [skyportal_alert(obj_id=f"ZTF26other{number}")])

    assert len(others) > 1
    assert {one["obj_id"] for one in skyportal.control.state()["photometry"]} == {one.obj_id for one in others}


def test_a_refused_picture_does_not_wait_for_pictures_of_others_that_never_come(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    rounds = Rounds(broker, topic, skyportal, SINK_PATIENCE_S="1", SINK_REJECTION_INTERVAL_S="0")
    rounds.deliver(whole_alert(0, obj_id="ZTF26known"))
    skyportal.control.fault("reject", method="POST", path="/api/thumbnail", obj_id=BAD)

    deliver_beside(rounds, whole_alert(obj_id=BAD), lambda number: [whole_alert(number + 1, obj_id="ZTF26known")])

    pictures = [one["obj_id"] for one in skyportal.control.state()["thumbnails"]]
    assert pictures == 3 * ["ZTF26known"]


@pytest.mark.parametrize("happens", ["reset", "bad_gateway"])
def test_a_class_whose_change_failed_once_is_written_though_a_newer_alert_says_nothing_of_it(
    happens: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    rounds = Rounds(broker, topic, skyportal)
    said = [(Classification(name=name, probability=0.9, origin="fink_filters"),) for name in (SUPERNOVA, AMBIGUOUS)]
    first, second, third = (whole_alert(day, classifications=one) for day, one in enumerate([*said, ()]))
    rounds.deliver(first)
    skyportal.control.fault(happens, applied=False, count=1, method="PUT", path="/api/classification")

    rounds.deliver(second, third)

    assert_whole(skyportal, [first, second, third])
