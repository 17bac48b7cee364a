from collections.abc import Iterable

import pytest
from fink_messages import ordinary

from demo.expectation import Expected, expect
from demo.fink import FinkAlert, encode, night
from demo.fink.alert import is_multi_messenger
from demo.fink.lsst_versions import as_version, with_packed_designation

ASTEROIDS = "fink_sso_ztf_candidates_ztf"


@pytest.fixture(scope="module")
def ztf() -> list[FinkAlert]:
    return list(night(seed=2, alerts=300, surveys=("ztf",)))


@pytest.fixture(scope="module")
def moving() -> list[FinkAlert]:
    return [alert for alert in night(seed=2, alerts=60, surveys=("lsst",)) if alert.packet["pred"]["is_sso"]]


def expected(alerts: Iterable[FinkAlert], topic: str) -> Expected:
    return expect((topic, *encode(alert)) for alert in alerts)


def test_a_join_with_an_event_is_a_candidate_without_photometry(ztf: list[FinkAlert]) -> None:
    joined = [alert for alert in ztf if is_multi_messenger(alert.packet)]

    found = expected(joined, "fink_grb_bronze")

    assert len(found.candidates) == len(joined) > 3
    assert {obj_id for obj_id, _, _ in found.candidates} == {alert.packet["objectId"] for alert in joined}
    assert not found.points


def test_a_join_meets_the_ordinary_alert_of_its_detection(ztf: list[FinkAlert]) -> None:
    joined = expected([alert for alert in ztf if is_multi_messenger(alert.packet)], "one topic")

    assert joined.candidates < expected(ordinary(ztf), "one topic").candidates


def test_a_known_minor_planet_is_expected_only_where_the_solar_system_is_wanted(ztf: list[FinkAlert]) -> None:
    known = [alert for alert in ordinary(ztf) if alert.packet["roid"] == 3]

    wanted, unwanted = expected(known, ASTEROIDS), expected(known, "fink_tns_match_ztf")

    assert len(wanted.candidates) == len(known) > 5
    assert wanted.points
    assert not unwanted.candidates
    assert not unwanted.points


def test_what_may_be_a_minor_planet_is_expected_everywhere(ztf: list[FinkAlert]) -> None:
    suspected = [alert for alert in ordinary(ztf) if alert.packet["roid"] in {1, 2}]

    assert len(expected(suspected, "fink_vra_ztf").candidates) == len(suspected) > 5


def test_a_minor_planet_is_one_object_in_every_version_of_the_schema(moving: list[FinkAlert]) -> None:
    versions = ((9, 0), (10, 0), (11, 0), (11, 1))
    for alert in moving:
        same = [as_version(alert, *version) for version in versions]
        same += [with_packed_designation(alert), with_packed_designation(alert, orbit=False)]
        found = [expected([one], "fink_is_solar_system_lsst") for one in same]
        assert all((one.candidates, one.points) == (found[0].candidates, found[0].points) for one in found)
        assert len(found[0].candidates) == 1
