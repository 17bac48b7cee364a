"""The newest alert of an object wins, in whatever order they come, however often, whatever is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from support.records import AMBIGUOUS, MJD, STAMP, SUPERNOVA, light_curve, skyportal_alert
from support.rounds import Rounds, assert_newest

SN, EARLY, GRB = "fink_sn_candidates_ztf", "fink_early_sn_candidates_ztf", "fink_grb_bronze"
GROUPS = {SN: "Fink", EARLY: "Fink", GRB: "Fink"}
ORIGINS = ("fink_filters", "fink_cats", EARLY)
CLASSES = (SUPERNOVA, AMBIGUOUS)
DAYS = (0.0, 0.25, 1.0, 3.0)


@dataclass(frozen=True)
class Night:
    """Records of one object in the order in which they come."""

    batches: Sequence[Sequence[SkyPortalAlert]]
    between: Sequence[str]
    """What happens after each batch."""

    @property
    def alerts(self) -> list[SkyPortalAlert]:
        return [alert for batch in self.batches for alert in batch]


def classes(drawn: st.DrawFn, least: int) -> tuple[Classification, ...]:
    found = drawn(st.dictionaries(st.sampled_from(ORIGINS), st.sampled_from(CLASSES), min_size=least))
    chance = st.none() | st.sampled_from((0.0, 0.05, 0.1, 0.45, 0.5, 0.55, 0.95, 1.0))
    return tuple(Classification(name=name, probability=drawn(chance), origin=origin) for origin, name in found.items())


def detection(drawn: st.DrawFn, day: float, number: int, least: int) -> list[SkyPortalAlert]:
    """Return the records of one detection: one for each topic."""
    alert_id = str(3367463101415010117 + number)
    alert = skyportal_alert(
        alert_id=alert_id,
        observed_at=instant(MJD + day),
        photometry=light_curve(20.5 + number, 18.25, None, mjd=MJD + day),
        annotations={"score": day + number, "of": alert_id},
        classifications=classes(drawn, least),
        **{name: drawn(st.sampled_from((None, STAMP))) for name in ("cutout_science", "cutout_template")},
    )
    topics = drawn(st.sampled_from(((SN,), (EARLY,), (SN, EARLY))))
    return [replace(alert, topic=topic) for topic in topics]


def joined(day: float, trigger: int, found: tuple[Classification, ...]) -> list[SkyPortalAlert]:
    """Return the record of a multi-messenger alert: no points, no pictures."""
    alert_id = f"ZTF26aamcbly:trigger{trigger}:{2400000.5 + MJD + day!r}"
    return [
        skyportal_alert(
            topic=GRB,
            alert_id=alert_id,
            observed_at=instant(MJD + day),
            photometry=light_curve(),
            annotations={"trigger": trigger, "of": alert_id},
            classifications=found,
        )
    ]


@st.composite
def nights(draw: st.DrawFn, *, least: int, happens: Sequence[str]) -> Night:
    """Draw some detections and multi-messenger alerts, shuffle their records and cut them into batches."""
    when = st.tuples(st.sampled_from(DAYS), st.integers(0, 2))
    records: list[SkyPortalAlert] = []
    for day, number in draw(st.sets(when, min_size=1, max_size=4)):
        records += detection(draw, day, number, least)
    for day, trigger in draw(st.sets(when, max_size=2)):
        records += joined(day, trigger, classes(draw, 0)[:1])
    records = list(draw(st.permutations(records)))
    cuts = [0, *sorted(draw(st.sets(st.integers(1, len(records)), max_size=4))), len(records)]
    batches = [records[first:last] for first, last in pairwise(cuts) if first < last]
    return Night(batches, [draw(st.sampled_from(happens)) for _ in batches])


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal)


def play(rounds: Rounds, skyportal: SkyPortal, night: Night) -> None:
    """Deliver a night into an empty SkyPortal and see what it holds afterwards."""
    skyportal.control.reset()
    rounds.restart()
    for batch, happens in zip(night.batches, night.between, strict=True):
        rounds.deliver(*batch)
        assert rounds.settled
        if happens == "crash":  # after all was accepted, and nothing committed
            rounds.restart()
            rounds.deliver(*batch)
        elif happens == "restart":
            rounds.restart()
        elif happens == "another sink":
            rounds.lose()
    assert_newest(skyportal, night.alerts, GROUPS)


steady = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@steady
@given(night=nights(least=0, happens=("nothing", "again")))
def test_any_order_ends_as_the_right_one_while_a_sink_remembers(
    night: Night, rounds: Rounds, skyportal: SkyPortal
) -> None:
    play(rounds, skyportal, night)


@steady
@given(night=nights(least=0, happens=("nothing", "restart", "crash", "another sink")))
def test_any_order_ends_as_the_right_one_whatever_is_forgotten(
    night: Night, rounds: Rounds, skyportal: SkyPortal
) -> None:
    play(rounds, skyportal, night)
