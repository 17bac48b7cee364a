"""The newest alert of an object wins, in whatever order they come, however often, whatever is remembered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from support.records import AMBIGUOUS, MJD, STAMP, SUPERNOVA, light_curve, skyportal_alert
from support.rounds import Rounds, second_group
from support.whole import assert_whole

SN, EARLY, GRB = "fink_sn_candidates_ztf", "fink_early_sn_candidates_ztf", "fink_grb_bronze"
ORIGINS = ("fink_filters", "fink_cats", EARLY)
CHANCES = (None, 0.0, 0.05, 0.1, 0.45, 0.5, 0.55, 0.95, 1.0)
DAYS = (0.0, 0.25, 1.0, 3.0)


@dataclass(frozen=True)
class Seen:
    """One record of the object: small, so that a failure can be read."""

    day: float
    number: int
    topic: str = SN
    classes: tuple[tuple[str, str, float | None], ...] = ()
    """Origin, class, probability."""
    pictures: tuple[str, ...] = ()
    joined: bool = False
    """Whether it is a multi-messenger alert: it has no points."""
    obj_id: str = "ZTF26aamcbly"

    @property
    def alert(self) -> SkyPortalAlert:
        """Return the record itself."""
        mjd = MJD + self.day
        numbered = str(3367463101415010117 + self.number)
        return skyportal_alert(
            topic=self.topic,
            obj_id=self.obj_id,
            alert_id=f"{self.obj_id}:trigger{self.number}:{mjd + 2400000.5!r}" if self.joined else numbered,
            observed_at=instant(mjd),
            photometry=light_curve() if self.joined else light_curve(20.5 + self.number, 18.25, None, mjd=mjd),
            annotations={"day": self.day, "number": self.number},
            classifications=tuple(
                Classification(origin=one[0], name=one[1], probability=one[2]) for one in self.classes
            ),
            **dict.fromkeys(self.pictures, STAMP),
        )


@dataclass(frozen=True)
class Night:
    """Records of one object in the order in which they come."""

    batches: Sequence[Sequence[Seen]]
    between: Sequence[str]
    """What happens after each batch."""


def classes_of(some_origins: Sequence[str], least: int) -> st.SearchStrategy[tuple[tuple[str, str, float | None], ...]]:
    if not some_origins:
        return st.just(())
    said = st.tuples(st.sampled_from((SUPERNOVA, AMBIGUOUS)), st.sampled_from(CHANCES))
    found = st.dictionaries(st.sampled_from(some_origins), said, min_size=least)
    return found.map(lambda one: tuple((origin, *rest) for origin, rest in sorted(one.items())))


@st.composite
def nights(draw: st.DrawFn, *, happens: Sequence[str], classes: Literal["all", "some", "none"] = "some") -> Night:
    """Draw some detections and multi-messenger alerts, shuffle their records and cut them into batches."""
    origins, least = ORIGINS[: 0 if classes == "none" else 3], len(ORIGINS) if classes == "all" else 0
    when = st.tuples(st.sampled_from(DAYS), st.integers(0, 2))
    pictures = st.sampled_from(((), ("cutout_science",), ("cutout_science", "cutout_template")))
    records = []
    for day, number in draw(st.sets(when, min_size=1, max_size=4)):
        found = draw(classes_of(origins, least))
        topics = draw(st.sampled_from(((SN,), (EARLY,), (SN, EARLY))))
        shown = draw(pictures)
        records += [Seen(day, number, topic, found, shown) for topic in topics]
    for day, number in draw(st.sets(when, max_size=0 if least else 2)):
        records.append(Seen(day, number, GRB, draw(classes_of(origins[:1], 0)), joined=True))
    records = list(draw(st.permutations(records)))
    cuts = [0, *sorted(draw(st.sets(st.integers(1, len(records)), max_size=4))), len(records)]
    batches = [records[first:last] for first, last in pairwise(cuts) if first < last]
    return Night(batches, [draw(st.sampled_from(happens)) for _ in batches])


@pytest.fixture
def rounds(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal)


@pytest.fixture
def of_two_objects(broker: str, topic: str, skyportal: SkyPortal) -> Rounds:
    return Rounds(broker, topic, skyportal, SINK_MEMORY_OBJECTS="1")


@pytest.fixture
def two_groups(topic: str, tmp_path: Path, skyportal: SkyPortal) -> Iterator[Path]:
    with second_group(skyportal, topic, tmp_path) as routes:
        yield routes


@pytest.fixture
def of_two_groups(broker: str, topic: str, skyportal: SkyPortal, two_groups: Path) -> Rounds:
    return Rounds(broker, topic, skyportal, routes=two_groups)


def play(rounds: Rounds, skyportal: SkyPortal, night: Night, routes: Path | None = None) -> None:
    """Deliver a night into an empty SkyPortal and see what it holds afterwards."""
    skyportal.control.reset()
    rounds.restart()
    for batch, happens in zip(night.batches, night.between, strict=True):
        alerts = [one.alert for one in batch]
        if happens.startswith("died"):
            rounds.die_amid(int(happens.split()[1]), *alerts)
            for alert in alerts[:-1]:
                rounds.deliver(alert)
        rounds.deliver(*alerts)
        assert rounds.settled
        if happens == "crash":  # after all was accepted, and nothing committed
            rounds.restart()
        if happens in {"crash", "again"}:
            rounds.deliver(*alerts)
        elif happens == "restart":
            rounds.restart()
        elif happens == "another sink":
            rounds.lose()
    assert_whole(skyportal, [one.alert for batch in night.batches for one in batch], routes=routes)


some_nights = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
DIES = tuple(f"died {request}" for request in range(9))
FORGETS = ("nothing", "restart", "crash", "another sink")


@some_nights
@given(night=nights(happens=("nothing", "again")))
def test_any_order_ends_as_the_right_one_while_a_sink_remembers(
    night: Night, rounds: Rounds, skyportal: SkyPortal
) -> None:
    play(rounds, skyportal, night)


@some_nights
@given(night=nights(happens=FORGETS, classes="all") | nights(happens=FORGETS, classes="none"))
def test_any_order_ends_as_the_right_one_whatever_is_forgotten(
    night: Night, rounds: Rounds, skyportal: SkyPortal
) -> None:
    play(rounds, skyportal, night)


@settings(some_nights, max_examples=40)
@given(night=nights(happens=DIES, classes="all") | nights(happens=DIES, classes="none"))
def test_any_order_ends_as_the_right_one_though_the_sink_dies_at_any_request(
    night: Night, rounds: Rounds, skyportal: SkyPortal
) -> None:
    play(rounds, skyportal, night)


@settings(some_nights, max_examples=30)
@given(night=nights(happens=("nothing", "again"), classes="all"))
def test_any_order_ends_as_the_right_one_with_a_memory_of_one_object(
    night: Night, of_two_objects: Rounds, skyportal: SkyPortal
) -> None:
    twins = [[*batch, *(replace(one, obj_id="ZTF26other") for one in batch)] for batch in night.batches]
    play(of_two_objects, skyportal, replace(night, batches=twins))


@some_nights
@given(night=nights(happens=(*FORGETS, "again"), classes="all"))
def test_any_order_ends_as_the_right_one_for_two_groups(
    night: Night, of_two_groups: Rounds, skyportal: SkyPortal, two_groups: Path
) -> None:
    play(of_two_groups, skyportal, night, two_groups)


SUPERNOVA_FIRST = Seen(0.0, 0, classes=(("fink_filters", SUPERNOVA, 0.9),))
AMBIGUOUS_LATER = Seen(0.25, 1, classes=(("fink_filters", AMBIGUOUS, 0.9),))


@pytest.mark.parametrize(
    ("meanwhile", "shown"),
    [("remembers", AMBIGUOUS), ("restarts", SUPERNOVA), ("loses the partition", SUPERNOVA)],
)
@pytest.mark.parametrize("joined", [False, True])
def test_a_class_whose_age_is_forgotten_counts_as_old_as_the_newest_annotation(
    meanwhile: str, shown: str, rounds: Rounds, skyportal: SkyPortal, *, joined: bool
) -> None:
    rounds.deliver(SUPERNOVA_FIRST.alert)
    rounds.deliver(Seen(1.0, 2, GRB if joined else SN, joined=joined).alert)
    if meanwhile == "restarts":
        rounds.restart()
    elif meanwhile == "loses the partition":
        rounds.lose()

    rounds.deliver(AMBIGUOUS_LATER.alert)

    assert [row["classification"] for row in skyportal.control.state()["classifications"]] == [shown]
