"""A request that SkyPortal applies after we have stopped waiting for it: the newest alert wins, nothing is doubled."""

from collections.abc import Sequence

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from support.kafka import until
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
from support.rounds import Rounds, may_be_tried
from support.skyportal import answered
from support.whole import assert_whole

OBJECT, OTHER = "ZTF26aamcbly", "ZTF26other"
ANNOTATIONS = f"/api/sources/{OBJECT}/annotations"


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    """Give rounds that do not wait long for an answer, and then wait until SkyPortal has surely dealt with it."""
    return Rounds(broker, topic, skyportal, SKYPORTAL_READ_TIMEOUT_S="0.25", SKYPORTAL_UNANSWERED_S="0.75")


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
    skyportal: SkyPortal,
) -> None:
    before, older, newer = ([alert_of(day, name) for name in names] for day in range(3))
    delivered = [*older, *newer]
    if known:
        rounds.deliver(*before)
        delivered += before
    fault = skyportal.control.fault("slow", delay=0.6, count=1, method=method, path=path)

    batch = rounds.round(rounds.collect(*older))
    assert answered(skyportal, fault) == 1
    batch += rounds.collect(*newer)
    for _ in range(20):
        if not (batch := rounds.round(batch)):
            break
        until(lambda: may_be_tried(batch), "the next attempt")

    assert rounds.settled
    assert_whole(skyportal, delivered)
