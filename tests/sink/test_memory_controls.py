"""What is known and not sent proves nothing of SkyPortal: no refusal is believed for it."""

from functools import partial

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from support.kafka import until
from support.records import AMBIGUOUS, SUPERNOVA, light_curve, whole_alert
from support.rounds import Rounds, may_be_tried

KNOWN, NEW = "ZTF26known", "ZTF26new"


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal)


def alert_of(obj_id: str, day: int = 0, name: str = SUPERNOVA) -> SkyPortalAlert:
    curve = light_curve(*range(20 - day, 150), mjd=61_121.0 + day)
    found = (Classification(name=name, probability=0.8, origin="fink_filters"),)
    return whole_alert(day, obj_id=obj_id, photometry=curve, classifications=found)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/photometry"), ("PUT", "/api/sources"), ("PUT", "/api/classification")],
)
def test_an_object_of_which_nothing_is_sent_is_no_control_of_another_ones_refusal(
    method: str, path: str, rounds: Rounds, skyportal: SkyPortal
) -> None:
    rounds.deliver(alert_of(KNOWN), alert_of(NEW))
    skyportal.control.fault("reject", method=method, path=path, message="No more.")  # whatever it is

    batch = rounds.collect(alert_of(NEW, 1, AMBIGUOUS))
    for _ in range(4):
        batch = rounds.round(batch)
        assert batch, "the refusal was believed, though SkyPortal accepted nothing of the kind"
        assert rounds.round(rounds.collect(alert_of(KNOWN))) == []
        until(partial(may_be_tried, batch), "the next attempt")

    skyportal.control.mend()
    assert rounds.round(batch) == []
    assert rounds.settled
