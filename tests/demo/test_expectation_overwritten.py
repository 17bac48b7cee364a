"""What SkyPortal overwrites is expected as the newest alert says it, whatever comes last."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from fink_messages import ordinary

from demo.expectation import Expected, expect
from demo.fink import FinkAlert, encode, night
from demo.fink.alert import is_multi_messenger

YSO = "fink_yso_candidates_ztf"
FACTS, MILLISECOND = "Fink", 1 / 86_400_000


@pytest.fixture(scope="module")
def ztf() -> list[FinkAlert]:
    return list(night(seed=2, alerts=300, surveys=("ztf",)))


@pytest.fixture(scope="module")
def star(ztf: list[FinkAlert]) -> FinkAlert:
    return next(alert for alert in ztf if YSO in alert.topics)


@pytest.fixture(scope="module")
def rubins() -> list[FinkAlert]:
    """Give the alerts of an object that a second visit made more than a first detection."""
    alerts = ordinary(night(seed=2, alerts=200, surveys=("lsst",)))
    name = next(_object(alert) for alert in alerts if alert.packet["pred"]["is_first"] and _count(alerts, alert) > 2)
    return [alert for alert in alerts if _object(alert) == name]


def _object(alert: FinkAlert) -> object:
    return alert.packet["diaObject"]["diaObjectId"]


def _count(alerts: Iterable[FinkAlert], one: FinkAlert) -> int:
    return sum(_object(alert) == _object(one) for alert in alerts)


def expected(*alerts: FinkAlert, topic: str = "") -> Expected:
    return expect((name, *encode(alert)) for alert in alerts for name in ([topic] if topic else alert.topics))


def said(found: Expected, origin: str) -> Any:
    """Return the annotation or the class of that origin, of the only object."""
    (value,) = [
        one for table in (found.annotations, found.classes) for (_, of), (_, one) in table.items() if of == origin
    ]
    return value


def again(alert: FinkAlert, *, candid: int = 0, later: float = 0, **changes: object) -> FinkAlert:
    """Return the alert ``later`` (days), with another number and other values of Fink's."""
    candidate = alert.packet["candidate"] | {"jd": alert.packet["candidate"]["jd"] + later}
    packet = alert.packet | {"candidate": candidate, "candid": candid or alert.packet["candid"] + 1} | changes
    return FinkAlert(survey="ztf", topics=alert.topics, packet=packet)


def test_the_newest_alert_has_the_last_word_in_every_order(star: FinkAlert) -> None:
    alerts = [
        again(star, later=number * MILLISECOND * 2, cdsxmatch=simbad)
        for number, simbad in enumerate(("YSO", "TTauri*", "Unknown"))
    ]

    for order in itertools.permutations(alerts):
        found = expected(*order, topic=YSO)
        assert said(found, FACTS).get("cdsxmatch") is None
        # The newest says no class at all: the last one that was said stays.
        assert said(found, "fink_filters") == ("(SIMBAD) TTauri*", None)
        assert found.names == {"(SIMBAD) YSO", "(SIMBAD) TTauri*"}


def test_of_two_alerts_of_one_time_the_larger_number_is_the_newer(star: FinkAlert) -> None:
    small, large = (again(star, candid=number, cdsxmatch=f"T{number}") for number in (999, 1000))

    for order in ((small, large), (large, small)):
        assert said(expected(*order, topic=YSO), FACTS)["alert_id"] == "1000"
        assert said(expected(*order, topic=YSO), "fink_filters") == ("(SIMBAD) T1000", None)


def test_times_that_differ_by_less_than_a_millisecond_are_one_time(star: FinkAlert) -> None:
    jd = round(star.packet["candidate"]["jd"], 5)
    base = again(star, later=jd - star.packet["candidate"]["jd"])
    later, larger = again(base, candid=1, later=MILLISECOND / 10), again(base, candid=2)

    assert later.packet["candidate"]["jd"] > larger.packet["candidate"]["jd"]
    assert said(expected(later, larger, topic=YSO), FACTS)["alert_id"] == "2"


def test_an_alert_in_two_topics_is_one_annotation_and_two_candidates(star: FinkAlert) -> None:
    message = encode(star)

    found = expect((topic, *message) for topic in (YSO, "fink_yso_spicy_candidates_ztf", YSO))

    assert (len(found.candidates), len(found.annotations), len(found.thumbnails)) == (2, 1, 3)


def test_a_join_annotates_beside_the_alert_and_leaves_it_the_class(ztf: list[FinkAlert]) -> None:
    joined = next(alert for alert in ztf if is_multi_messenger(alert.packet) and alert.packet["event"] == "gw")
    (alert,) = [one for one in ordinary(ztf) if _time(one.packet) == joined.packet["jd"]]

    for order in ((joined, alert), (alert, joined)):
        found = expected(*order)
        facts, event = said(found, "Fink"), said(found, "Fink multi-messenger")
        assert (facts["alert_id"], event["alert_id"]) == (
            str(alert.packet["candid"]),
            f"{joined.packet['objectId']}:{joined.packet['triggerId']}:{joined.packet['jd']}",
        )
        assert facts["observed_at"] == event["observed_at"]
        assert event["gcn_status"] == joined.packet["gcn_status"]
        assert "gcn_status" not in facts
        assert said(found, "fink_filters") == ("Kilonova candidate", alert.packet["rf_kn_vs_nonkn"])


def _time(packet: Mapping[str, Any]) -> object:
    return packet["candidate"]["jd"]


def test_a_second_detection_changes_the_classes_of_rubins_object(rubins: list[FinkAlert]) -> None:
    first, *_, last = rubins
    before, after = expected(first), expected(*reversed(rubins))

    assert said(before, "fink_supernnova")[0] == "(SuperNNova) Other"
    assert not [origin for _, origin in before.classes if origin == "fink_cats"]
    assert said(after, "fink_supernnova") == ("(SuperNNova) SN", last.packet["clf"]["snnSnVsOthers_score"])
    assert said(after, "fink_cats") == ("(CATS) SN-like", last.packet["clf"]["cats_score"])
    assert before.names < after.names
    for topic in last.topics:
        assert said(after, topic) == (topic.removeprefix("fink_").removesuffix("_lsst"), None)


def test_what_no_route_wants_leaves_nothing_at_all(ztf: list[FinkAlert]) -> None:
    known = next(alert for alert in ztf if alert.packet["roid"] == 3)

    assert expected(known, topic="fink_tns_match_ztf") == Expected()
    assert expected(known, topic="fink_sso_ztf_candidates_ztf").thumbnails


def test_only_cutouts_that_an_alert_has_become_thumbnails(star: FinkAlert) -> None:
    gone = {
        "cutoutTemplate": {"fileName": None, "stampData": None},
        "cutoutDifference": {"fileName": "", "stampData": b""},
    }
    without = again(star, **gone)

    kinds = [{kind for _, kind in expected(*alerts, topic=YSO).thumbnails} for alerts in ((without,), (without, star))]

    assert kinds == [{"new"}, {"new", "ref", "sub"}]
