"""Fink's class of a ZTF alert, by its own rule."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.convert import FinkSurvey, Source, convert
from processor.convert.finkclass import EXTRAGALACTIC_HOSTS, RULE, fink_class
from schemas.record import Classification
from support.packets import ztf_packet

AGE_D = 30.0
JD = 2461121.9631019


def packet(*, candidate: Mapping[str, Any] | None = None, age: float = AGE_D, **changes: Any) -> dict[str, Any]:
    """Return a packet that no class holds of, with ``changes``."""
    ordinary = {
        "cdsxmatch": "Unknown",
        "roid": 0,
        "mulens": 0.0,
        "snn_snia_vs_nonia": 0.1,
        "snn_sn_vs_all": 0.2,
        "rf_snia_vs_nonia": 0.0,
        "rf_kn_vs_nonkn": 0.0,
        "tracklet": None,
    }
    detection = {"jd": JD, "jdstarthist": JD - age, "ndethist": 10, "drb": 0.9, "classtar": 0.9, **(candidate or {})}
    return ztf_packet(candidate=detection, **{**ordinary, **changes})


def label(**changes: Any) -> str:
    return fink_class(packet(**changes)).name


def classified(changed: Mapping[str, Any]) -> Any:
    return convert(changed, FinkSurvey.ZTF, Source(topic="t")).record


SN = {"snn_snia_vs_nonia": 0.8}
EARLY = {**SN, "rf_snia_vs_nonia": 0.7}
KN = {"rf_kn_vs_nonkn": 0.6, "age": 3.0}


def test_the_rule_gives_what_finks_own_gives_for_164_real_alerts(samples: Path) -> None:
    vectors = json.loads((samples / "ztf_classification_vectors_164.json").read_text())

    found = [(vector["candid"], fink_class(vector).name) for vector in vectors["vectors"]]

    assert found == [(vector["candid"], vector["expected"]) for vector in vectors["vectors"]]
    assert len(found) == 164
    assert vectors["fink_filters"] in RULE


def test_the_hosts_are_finks_own(samples: Path) -> None:
    vectors = json.loads((samples / "ztf_classification_vectors_164.json").read_text())

    assert frozenset(vectors["eg_host"]) == EXTRAGALACTIC_HOSTS
    assert len(EXTRAGALACTIC_HOSTS) == 34


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "Unknown"),
        ({"mulens": 0.01}, "Microlensing candidate"),
        (SN, "SN candidate"),
        ({"snn_sn_vs_all": 0.8}, "SN candidate"),
        (EARLY, "Early SN Ia candidate"),
        (KN, "Kilonova candidate"),
        ({"roid": 2}, "Solar System candidate"),
        ({"tracklet": "TRCK_20260322_01"}, "Tracklet"),
        ({"roid": 3}, "Solar System MPC"),
        ({"roid": 1}, "Unknown"),
        ({"cdsxmatch": "RRLyr"}, "RRLyr"),
    ],
)
def test_each_class_has_its_condition(changes: dict[str, Any], name: str) -> None:
    assert label(**changes) == name


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        # Thresholds are passed, not reached.
        ({"mulens": 0.0}, "Unknown"),
        ({"snn_snia_vs_nonia": 0.5}, "Unknown"),
        ({"snn_sn_vs_all": 0.5}, "Unknown"),
        ({**SN, "candidate": {"drb": 0.5}}, "Unknown"),
        ({**SN, "candidate": {"drb": 0.51}}, "SN candidate"),
        ({**SN, "candidate": {"classtar": 0.4}}, "Unknown"),
        ({**SN, "candidate": {"classtar": 0.41}}, "SN candidate"),
        ({**SN, "candidate": {"ndethist": 1}}, "Unknown"),
        ({**SN, "candidate": {"ndethist": 2}}, "SN candidate"),
        ({**SN, "age": 91.0}, "Unknown"),
        ({**SN, "candidate": {"jd": 2461121.5, "jdstarthist": 2461031.5}}, "SN candidate"),
        ({**SN, "rf_snia_vs_nonia": 0.5}, "SN candidate"),
        ({**EARLY, "candidate": {"ndethist": 20}}, "Early SN Ia candidate"),
        ({**EARLY, "candidate": {"ndethist": 21}}, "SN candidate"),
        ({**EARLY, "candidate": {"ndethist": 1}}, "Early SN Ia candidate"),
        ({**EARLY, "age": 200.0}, "Early SN Ia candidate"),
        ({**KN, "rf_kn_vs_nonkn": 0.5}, "Unknown"),
        ({**KN, "candidate": {"ndethist": 19}}, "Kilonova candidate"),
        ({**KN, "candidate": {"ndethist": 20}}, "Unknown"),
        ({**KN, "candidate": {"jd": 2461121.5, "jdstarthist": 2461116.5}}, "Unknown"),
        ({**KN, "candidate": {"drb": 0.5}}, "Unknown"),
        ({**KN, "candidate": {"classtar": 0.4}}, "Unknown"),
        ({**KN, "roid": 1}, "Kilonova candidate"),
        ({"tracklet": ""}, "Unknown"),
        ({"tracklet": "no TRCK_"}, "Unknown"),
        # Later ones overwrite earlier ones.
        ({**EARLY, **KN}, "Kilonova candidate"),
        ({**KN, **SN}, "Kilonova candidate"),
        ({**KN, "roid": 2}, "Solar System candidate"),
        ({**EARLY, "age": 200.0, "roid": 2}, "Solar System candidate"),
        ({"roid": 2, "tracklet": "TRCK_1"}, "Tracklet"),
        ({"roid": 3, "tracklet": "TRCK_1"}, "Solar System MPC"),
        ({**SN, "tracklet": "TRCK_1"}, "Tracklet"),
        ({**SN, "roid": 3}, "Solar System MPC"),
        ({**EARLY, "roid": 3}, "Solar System MPC"),
        ({**KN, "roid": 3}, "Solar System MPC"),
        ({**KN, "mulens": 0.2}, "Kilonova candidate"),
        # Two of microlensing, supernova, candidate and known asteroid.
        ({**SN, "mulens": 0.2}, "Ambiguous"),
        ({**SN, "roid": 2}, "Ambiguous"),
        ({"mulens": 0.2, "roid": 2}, "Ambiguous"),
        ({"mulens": 0.2, "roid": 3}, "Ambiguous"),
        ({"mulens": 0.2, "roid": 3, "tracklet": "TRCK_1"}, "Ambiguous"),
        ({**SN, **KN, "mulens": 0.2}, "Ambiguous"),
        ({**SN, "age": 91.0, "mulens": 0.2}, "Microlensing candidate"),
    ],
)
def test_the_rule_is_finks_to_the_edge(changes: dict[str, Any], name: str) -> None:
    assert label(**changes) == name


@pytest.mark.parametrize("changes", [{}, SN, EARLY, KN, {"roid": 3}, {"mulens": 0.2, "roid": 2}])
@pytest.mark.parametrize("simbad", ["RRLyr", "EclBin", "SN", "Seyfert1", "G", "transient", "unknown"])
def test_a_type_of_simbads_wins_over_everything(changes: dict[str, Any], simbad: str) -> None:
    found = fink_class(packet(**{**changes, "cdsxmatch": simbad}))

    assert (found.name, found.probability) == (simbad, None)
    assert found.classifications() == (
        Classification(name=f"(SIMBAD) {simbad}", probability=None, origin="fink_filters"),
    )


@pytest.mark.parametrize("simbad", ["Unknown", "Transient", "Fail", "Fail 504", "Galaxy"])
def test_what_simbad_does_not_know_may_host_a_supernova(simbad: str) -> None:
    assert label(**{**SN, "cdsxmatch": simbad}) == "SN candidate"
    assert label(**{**KN, "cdsxmatch": simbad}) == "Kilonova candidate"


@pytest.mark.parametrize("simbad", ["Fail 500", "Failure", "Galaxy_Candidate"])
def test_what_is_neither_a_type_nor_a_host_is_no_supernova(simbad: str) -> None:
    assert label(**{**EARLY, **KN, "cdsxmatch": simbad}) == "Unknown"
    assert label(cdsxmatch=simbad, roid=3) == "Solar System MPC"


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"mulens": 0.2}, "mulens"),
        (SN, "snn_snia_vs_nonia"),
        (SN, "candidate.drb"),
        (SN, "candidate.classtar"),
        (SN, "candidate.ndethist"),
        (SN, "candidate.jdstarthist"),
        (KN, "rf_kn_vs_nonkn"),
        (KN, "candidate.drb"),
        (KN, "candidate.jdstarthist"),
        (KN, "candidate.ndethist"),
    ],
)
def test_a_score_that_is_missing_fulfils_no_condition(changes: dict[str, Any], missing: str, nothing: Any) -> None:
    whole = packet(**changes)
    struct, _, name = missing.rpartition(".")
    (whole[struct] if struct else whole)[name] = nothing
    absent = packet(**changes)
    del (absent[struct] if struct else absent)[name]

    assert fink_class(whole).name == fink_class(absent).name == "Unknown"


def test_a_score_that_is_missing_takes_nothing_from_the_other_classes() -> None:
    assert label(**{**EARLY, "snn_sn_vs_all": None}) == "Early SN Ia candidate"
    assert label(**{**EARLY, "rf_snia_vs_nonia": None}) == "SN candidate"
    assert label(**{**EARLY, "candidate": {"jdstarthist": None}}) == "Early SN Ia candidate"
    assert label(roid=3, mulens=None) == "Solar System MPC"


@pytest.mark.parametrize("bare", [{}, {"candidate": {}}, {"candidate": None}])
def test_a_packet_without_anything_is_unknown(bare: dict[str, Any]) -> None:
    assert fink_class(bare).name == "Unknown"
    assert fink_class(bare).classifications() == ()


@pytest.mark.parametrize(
    ("changes", "probability"),
    [
        ({"mulens": 0.3}, 0.3),
        ({"snn_snia_vs_nonia": 0.8, "snn_sn_vs_all": 0.6}, 0.8),
        ({"snn_snia_vs_nonia": 0.6, "snn_sn_vs_all": 0.8}, 0.8),
        ({"snn_snia_vs_nonia": 0.8, "snn_sn_vs_all": None}, 0.8),
        ({"snn_snia_vs_nonia": None, "snn_sn_vs_all": 0.8}, 0.8),
        (EARLY, 0.7),
        (KN, 0.6),
        ({"roid": 2}, None),
        ({"roid": 3}, None),
        ({"tracklet": "TRCK_1"}, None),
        ({**SN, "mulens": 0.2}, None),
        ({"mulens": 1.5}, None),
        ({"cdsxmatch": "RRLyr", **SN}, None),
    ],
)
def test_the_probability_is_the_score_behind_the_class(changes: dict[str, Any], probability: float | None) -> None:
    assert fink_class(packet(**changes)).probability == probability


def test_the_class_its_rule_and_its_probability_are_in_the_record() -> None:
    alert = classified(packet(**EARLY))

    assert alert.classifications == (
        Classification(name="Early SN Ia candidate", probability=0.7, origin="fink_filters"),
    )
    assert alert.annotations["fink_filters.class"] == "Early SN Ia candidate"
    assert alert.annotations["fink_filters.rule"] == "fink_filters 7.45"


def test_an_alert_of_no_class_has_none() -> None:
    assert classified(packet()).classifications == ()


SCORES = st.none() | st.sampled_from([0.0, 0.4, 0.5, 0.51, 1.0, -1.0, math.nan]) | st.floats(0, 1)
PACKETS = st.fixed_dictionaries(
    {
        "cdsxmatch": st.sampled_from(["Unknown", "Transient", "Fail", "Fail 503", "Galaxy", "galaxy", "RRLyr", "SN"]),
        "roid": st.integers(0, 3),
        "mulens": st.sampled_from([None, 0.0, 0.1, math.nan]),
        "snn_snia_vs_nonia": SCORES,
        "snn_sn_vs_all": SCORES,
        "rf_snia_vs_nonia": SCORES,
        "rf_kn_vs_nonkn": SCORES,
        "tracklet": st.sampled_from([None, "", "TRCK_7", "x"]),
        "candidate": st.fixed_dictionaries(
            {
                "ndethist": st.none() | st.integers(0, 30),
                "drb": SCORES,
                "classtar": SCORES,
                "jd": st.none() | st.just(2461121.5),
                "jdstarthist": st.none() | st.integers(0, 400).map(lambda quarters: 2461121.5 - quarters / 4),
            }
        ),
    }
)
HOSTS = {"Unknown", "Transient", "Fail", "Galaxy", "galaxy", "SN"}


def as_finks_table_says(alert: Mapping[str, Any]) -> str:
    """Apply the table of Fink's rule line by line, later lines over earlier ones."""

    def above(value: float | None, limit: float) -> bool:
        return value is not None and value > limit

    detection = alert["candidate"]
    seen, roid = detection["ndethist"], alert["roid"]
    first, now = detection["jdstarthist"], detection["jd"]
    age = None if first is None or now is None else now - first
    good = above(detection["drb"], 0.5) and above(detection["classtar"], 0.4) and alert["cdsxmatch"] in HOSTS
    base = good and (above(alert["snn_snia_vs_nonia"], 0.5) or above(alert["snn_sn_vs_all"], 0.5))
    counted = seen is not None
    table = {
        "Microlensing candidate": above(alert["mulens"], 0),
        "SN candidate": base and age is not None and age <= 90 and counted and seen > 1 and roid != 3,
        "Early SN Ia candidate": base and counted and seen <= 20 and above(alert["rf_snia_vs_nonia"], 0.5),
        "Kilonova candidate": good
        and above(alert["rf_kn_vs_nonkn"], 0.5)
        and age is not None
        and age < 5
        and counted
        and seen < 20
        and roid != 3,
        "Solar System candidate": roid == 2,
        "Tracklet": str(alert["tracklet"])[:5] == "TRCK_",
        "Solar System MPC": roid == 3,
    }
    name = "Unknown"
    for row, holds in table.items():
        name = row if holds else name
    exclusive = ("Microlensing candidate", "SN candidate", "Solar System candidate", "Solar System MPC")
    if sum(table[row] for row in exclusive) > 1:
        name = "Ambiguous"
    simbad = alert["cdsxmatch"]
    real = simbad not in ("Unknown", "Transient") and simbad[:4] != "Fail" and simbad[:6] != "Galaxy"
    return simbad if real else name


@settings(max_examples=250)
@given(PACKETS)
def test_any_alert_has_the_class_of_finks_table(alert: Mapping[str, Any]) -> None:
    found = fink_class(alert)

    assert found.name == as_finks_table_says(alert)
    assert found.probability is None or 0 <= found.probability <= 1
