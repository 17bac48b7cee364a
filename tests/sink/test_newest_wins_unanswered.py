"""A request that SkyPortal applies after we have stopped waiting for it: the newest alert wins, nothing is doubled."""

from collections.abc import Sequence
from functools import partial

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from support.clock import Clock
from support.kafka import until
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
from support.rounds import Rounds, may_be_tried
from support.sink import until_dealt_with
from support.skyportal import answered
from support.whole import assert_whole

OBJECT, OTHER = "ZTF26aamcbly", "ZTF26other"
ANNOTATIONS = f"/api/sources/{OBJECT}/annotations"
UNANSWERED_S = 0.5


@pytest.fixture
def clock() -> Clock:
    """Give the clock by which the rounds wait until SkyPortal has surely dealt with what it has not answered."""
    return Clock()


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal, clock: Clock) -> Rounds:
    """Give rounds that do not wait long for an answer."""
    waits = {"SKYPORTAL_READ_TIMEOUT_S": "0.25", "SKYPORTAL_UNANSWERED_S": str(UNANSWERED_S)}
    return Rounds(broker, topic, skyportal, clock=clock, **waits)


def alert_of(day: int, obj_id: str = OBJECT) -> SkyPortalAlert:
    name = (SUPERNOVA, AMBIGUOUS)[day % 2]
    found = Classification(name=name, probability=0.8, origin="fink_filters")
    return whole_alert(day, obj_id=obj_id, classifications=(found,))


@pytest.mark.parametrize(
    ("known", "method", "path", "names"),
    [
        (True, "PUT", ANNOTATIONS, (OBJECT,)),
        (True, "PUT", "/api/classification", (OBJECT,)),
        (False, "POST", ANNOTATIONS, (OBJECT,)),
        (False, "POST", "/api/classification", (OBJECT,)),
        (False, "POST", "/api/classification", (OBJECT, OTHER)),
        (False, "POST", "/api/thumbnail", (OBJECT,)),
    ],
)
def test_a_request_that_is_applied_late_does_not_undo_a_newer_alert(
    known: bool,  # noqa: FBT001  # a table
    method: str,
    path: str,
    names: Sequence[str],
    rounds: Rounds,
    clock: Clock,
    skyportal: SkyPortal,
) -> None:
    before, older, newer = ([alert_of(day, name) for name in names] for day in range(3))
    delivered = [*older, *newer]
    if known:
        rounds.deliver(*before)
        delivered += before
    fault = skyportal.control.fault("hang", count=1, method=method, path=path)

    batch = rounds.collect(*older)
    while not answered(skyportal, fault):  # a busy SkyPortal may be too late with another answer before
        until_dealt_with(skyportal)
        clock.now += UNANSWERED_S
        batch = rounds.round(batch)
        assert batch
        until(partial(may_be_tried, batch), "the next attempt")
    before = skyportal.control.requests()
    batch = rounds.round([*batch, *rounds.collect(*newer)])
    assert len(skyportal.control.requests()) == len(before), "SkyPortal may yet apply what it has not answered"
    skyportal.control.mend()
    for _ in range(20):
        until_dealt_with(skyportal)
        until(lambda: may_be_tried(batch), "the next attempt")
        clock.now += UNANSWERED_S
        if not (batch := rounds.round(batch)):
            break

    assert rounds.settled
    assert_whole(skyportal, delivered)
