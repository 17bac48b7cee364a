"""Classes of Rubin's alerts: the topic, and two classifiers."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.convert import FinkSurvey, Source, convert
from schemas.record import Classification
from support.packets import lsst_packet, solar_system_packet


def classes(packet: dict[str, Any], topic: str = "part-2.avro") -> list[tuple[str, float | None, str]]:
    found = convert(packet, FinkSurvey.LSST, Source(topic=topic)).record.classifications
    assert all(isinstance(item, Classification) for item in found)
    return [(item.name, item.probability, item.origin) for item in found]


@pytest.mark.parametrize(
    ("topic", "tag"),
    [
        ("fink_extragalactic_new_candidate_lsst", "extragalactic_new_candidate"),
        ("fink_in_tns_lsst", "in_tns"),
        ("fink_hostless_candidate_lsst", "hostless_candidate"),
        ("fink_is_solar_system_lsst", "is_solar_system"),
    ],
)
def test_the_topic_is_finks_tag(topic: str, tag: str) -> None:
    assert classes(lsst_packet(), topic) == [(tag, None, topic)]


@pytest.mark.parametrize(
    "topic", ["fink_lsst_2026", "ftransfer_lsst_2026-03-06_1", "fink__lsst_", "a.avro", "", "lsst"]
)
def test_a_name_that_is_no_tag_gives_no_class(topic: str) -> None:
    assert classes(lsst_packet(), topic) == []


@pytest.mark.parametrize(
    ("number", "name"), [(11, "SN-like"), (12, "Fast"), (13, "Long"), (21, "Periodic"), (22, "Non-periodic")]
)
def test_cats_gives_its_class_with_its_score(number: int, name: str) -> None:
    clf = {"cats_class": number, "cats_score": 0.9797419309616089}

    assert classes(lsst_packet(clf=clf)) == [(f"(CATS) {name}", 0.9797419309616089, "fink_cats")]


@pytest.mark.parametrize("number", [-1, 0, 1, 14, 23, None])
def test_cats_gives_no_class_of_a_number_that_is_none(number: int | None) -> None:
    assert classes(lsst_packet(clf={"cats_class": number, "cats_score": 0.9})) == []


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -1.0, 1.5])
def test_a_score_that_is_no_probability_leaves_the_class_without_one(score: float | None) -> None:
    assert classes(lsst_packet(clf={"cats_class": 11, "cats_score": score})) == [("(CATS) SN-like", None, "fink_cats")]


@pytest.mark.parametrize(
    ("score", "name", "probability"),
    [(1.0, "SN", 1.0), (0.75, "SN", 0.75), (0.25, "Other", 0.75), (0.0, "Other", 1.0), (0.5, "Other", 0.5)],
)
def test_supernnova_gives_the_likelier_of_its_two_classes(score: float, name: str, probability: float) -> None:
    clf = {"snnSnVsOthers_score": score}

    assert classes(lsst_packet(clf=clf)) == [(f"(SuperNNova) {name}", probability, "fink_supernnova")]


@pytest.mark.parametrize("score", [None, math.nan, -1.0, 1.01, math.inf])
def test_supernnova_gives_no_class_without_a_probability(score: float | None) -> None:
    assert classes(lsst_packet(clf={"snnSnVsOthers_score": score})) == []


@pytest.mark.parametrize("clf", [None, {}, dict.fromkeys(("snnSnVsOthers_score", "cats_class", "cats_score"))])
def test_an_alert_without_scores_has_its_tag_alone(clf: dict[str, Any] | None) -> None:
    assert classes(lsst_packet(clf=clf), "fink_in_tns_lsst") == [("in_tns", None, "fink_in_tns_lsst")]


def test_tag_and_classifiers_stand_beside_each_other_each_under_an_origin_of_its_own() -> None:
    clf = {"snnSnVsOthers_score": 0.75, "cats_class": 22, "cats_score": 0.5}

    assert classes(lsst_packet(clf=clf), "fink_in_tns_lsst") == [
        ("in_tns", None, "fink_in_tns_lsst"),
        ("(CATS) Non-periodic", 0.5, "fink_cats"),
        ("(SuperNNova) SN", 0.75, "fink_supernnova"),
    ]


def test_a_known_asteroid_is_not_classified_as_the_transient_that_it_is_not() -> None:
    clf = {"snnSnVsOthers_score": 0.75, "cats_class": 22, "cats_score": 0.5}
    packet = solar_system_packet(clf=clf)

    assert classes(packet, "fink_is_solar_system_lsst") == [("is_solar_system", None, "fink_is_solar_system_lsst")]
    annotations = convert(packet, FinkSurvey.LSST, Source(topic="t")).record.annotations
    assert annotations["clf.snnSnVsOthers_score"] == 0.75


@given(
    st.fixed_dictionaries(
        {
            "snnSnVsOthers_score": st.none() | st.floats(width=32),
            "cats_class": st.none() | st.integers(-1, 30),
            "cats_score": st.none() | st.floats(width=32),
        }
    )
)
def test_any_scores_give_at_most_one_class_of_each_origin_with_a_probability_or_none(clf: dict[str, Any]) -> None:
    found = classes(lsst_packet(clf=clf), "fink_in_tns_lsst")

    assert len({origin for _, _, origin in found}) == len(found)
    assert all(probability is None or 0 <= probability <= 1 for _, probability, _ in found)
