"""Every fact of Fink's under its path, and each way of saying "none" as none."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_rules import (
    EVENT_ELSEWHERE,
    LSST_ELSEWHERE,
    NONE_TEXTS,
    ZTF_ELSEWHERE,
    added_by_fink,
    is_none,
    leaves,
)

from demo.fink import night
from demo.fink.lsst_versions import as_version
from processor.convert import NO_MORE, FinkSurvey, MoreAnnotations, Source, convert
from support.packets import lsst_packet, solar_system_packet, ztf_packet

Annotations = Mapping[str, Any]

EVENT = {
    "objectId": "ZTF26aamcbly",
    "triggerId": "795123456",
    "ztf_ra": 267.0,
    "ztf_dec": -5.9,
    "jd": 2461121.75,
}


def of_ztf(packet: Mapping[str, Any], *more: str) -> Annotations:
    return convert(packet, FinkSurvey.ZTF, Source(topic="t"), MoreAnnotations(more)).record.annotations


def of_lsst(packet: Mapping[str, Any], *more: str) -> Annotations:
    return convert(packet, FinkSurvey.LSST, Source(topic="t"), MoreAnnotations(more)).record.annotations


@pytest.mark.parametrize("value", [*NONE_TEXTS, " ", " null ", "Fail 503"])
@pytest.mark.parametrize(
    "name",
    ["cdsxmatch", "tns", "DR3Name", "gaiaClass", "vsx", "spicy_class", "gcvs", "x3hsp", "x4lac", "finkclass", "new"],
)
def test_a_text_that_says_none_is_none(name: str, value: str) -> None:
    assert of_ztf(ztf_packet(**{name: value}))[name] is None


@pytest.mark.parametrize("value", NONE_TEXTS)
def test_a_text_that_says_none_is_none_wherever_it_stands(value: str) -> None:
    mangrove = {"HyperLEDA_name": value, "2MASS_name": value}
    xm = {"simbad_otype": value, "tns_type": value}

    assert of_ztf(ztf_packet(mangrove=mangrove))["mangrove.2MASS_name"] is None
    assert of_ztf(ztf_packet(candidate={"ssnamenr": value}))["candidate.ssnamenr"] is None
    assert of_ztf({**EVENT, "gcvs": value})["gcvs"] is None
    assert {of_lsst(lsst_packet(xm=xm))[f"xm.{name}"] for name in xm} == {None}
    assert of_lsst(lsst_packet(target_name=value))["target_name"] is None


@pytest.mark.parametrize("value", ["SN Ia", "NULL island", "nano", "Nonesuch", "Unknown2", "EB*", "faint", "-1", "0"])
def test_other_texts_stay_as_they_are(value: str) -> None:
    assert of_ztf(ztf_packet(tns=value))["tns"] == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_none(value: float) -> None:
    assert of_ztf(ztf_packet(Plx=value))["Plx"] is None
    assert of_ztf(ztf_packet(candidate={"rb": value}))["candidate.rb"] is None
    assert of_lsst(lsst_packet(clf={"cats_score": value}))["clf.cats_score"] is None
    assert of_lsst(lsst_packet(source={"snr": value}))["diaSource.snr"] is None
    assert of_ztf(ztf_packet(lc_features_g={"mean": value}), "lc_features*")["lc_features_g.mean"] is None


@pytest.mark.parametrize("kind", [int, float])
@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"spicy_id": -1}, "spicy_id"),
        ({"slsn_score": -1}, "slsn_score"),
        ({"blazar_stats": {"m0": -1}}, "blazar_stats.m0"),
        ({"candidate": {"ssdistnr": -999}}, "candidate.ssdistnr"),
        ({"candidate": {"magnr": -999}}, "candidate.magnr"),
        ({"candidate": {"sgscore1": -999}}, "candidate.sgscore1"),
        ({"candidate": {"neargaia": -999}}, "candidate.neargaia"),
    ],
)
def test_a_number_by_which_ztf_says_none_is_none(changes: dict[str, Any], path: str, kind: type) -> None:
    def cast(value: Any) -> Any:
        return {name: cast(inner) for name, inner in value.items()} if isinstance(value, dict) else kind(value)

    assert of_ztf(ztf_packet(**cast(changes)))[path] is None


def test_a_catalogue_without_a_star_nearby_has_no_id_of_it() -> None:
    assert of_ztf(ztf_packet(candidate={"objectidps1": -999}))["candidate.objectidps1"] is None
    assert of_ztf(ztf_packet(candidate={"objectidps2": -999}), "candidate.*")["candidate.objectidps2"] is None


@pytest.mark.parametrize(
    ("packet", "path"),
    [
        (lsst_packet(clf={"cats_class": -1}), "clf.cats_class"),
        (lsst_packet(clf={"earlySNIa_score": -1.0}), "clf.earlySNIa_score"),
        (lsst_packet(pred={"is_sso": False, "main_label_classifier": -1}), "pred.main_label_classifier"),
        (lsst_packet(source={"parentDiaSourceId": 0}), "diaSource.parentDiaSourceId"),
        (solar_system_packet(ssSource={"designation": "2004 JQ12", "ephVmag": 0.0}), "ssSource.ephVmag"),
        (solar_system_packet(ssSource={"designation": "2004 JQ12", "ephRate": -0.0}), "ssSource.ephRate"),
        (solar_system_packet(ssSource={"designation": "2004 JQ12", "ssObjectId": 0}), "ssSource.ssObjectId"),
    ],
)
def test_a_number_by_which_rubin_says_none_is_none(packet: dict[str, Any], path: str) -> None:
    assert of_lsst(packet)[path] is None


@pytest.mark.parametrize("path", ["spicy_id", "slsn_score", "p_assoc"])
def test_a_number_by_which_a_joined_alert_says_none_is_none(path: str) -> None:
    assert of_ztf({**EVENT, path: -1.0})[path] is None


def test_a_joined_alert_says_none_as_an_ordinary_one_does() -> None:
    assert of_ztf({**EVENT, "blazar_stats": {"m0": -1.0, "m1": 0.5}})["blazar_stats.m0"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mag_rate", -1.0),
        ("lower_rate", -999.0),
        ("delta_time", -1.0),
        ("anomaly_score", -1.0),
        ("anomaly_score_varvara", -999.0),
        ("Plx", -1.0),
        ("roid", 0),
        ("gaiaVarFlag", 0),
        ("mulens", 0.0),
        ("nalerthist", -1),
        ("jdstarthist_dt", -0.0),
        ("is_transient", False),
        ("from_upper", True),
        ("rf_kn_vs_nonkn", 5e-324),
    ],
)
def test_a_number_that_means_itself_stays(name: str, value: Any) -> None:
    found = of_ztf(ztf_packet(**{name: value}))[name]

    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("packet", "path", "value"),
    [
        (lsst_packet(xm={"gaiadr3_Plx": -1.0}), "xm.gaiadr3_Plx", -1.0),
        (lsst_packet(xm={"gaiadr3_VarFlag": 0}), "xm.gaiadr3_VarFlag", 0),
        (lsst_packet(xm={"legacydr8_zphot": -0.023}), "xm.legacydr8_zphot", -0.023),
        (lsst_packet(xm={"legacydr8_fqual": -999}), "xm.legacydr8_fqual", -999),
        (lsst_packet(clf={"cats_score": 0.0}), "clf.cats_score", 0.0),
        (lsst_packet(clf={"snnSnVsOthers_score": -0.0}), "clf.snnSnVsOthers_score", -0.0),
        (lsst_packet(source={"templateFlux": -1.0}), "diaSource.templateFlux", -1.0),
        (lsst_packet(source={"trailLength": 0.0}), "diaSource.trailLength", 0.0),
        (solar_system_packet(ssSource={"designation": "d", "ephOffset": 0.0}), "ssSource.ephOffset", 0.0),
    ],
)
def test_a_number_of_rubins_that_means_itself_stays(packet: dict[str, Any], path: str, value: Any) -> None:
    assert repr(of_lsst(packet)[path]) == repr(value)


@pytest.mark.parametrize(
    ("packet", "path", "text"),
    [
        (lsst_packet(source={"visit": 2026030500055}), "diaSource.visit", "2026030500055"),
        (lsst_packet(source={"parentDiaSourceId": 2**63 - 1}), "diaSource.parentDiaSourceId", str(2**63 - 1)),
        (
            solar_system_packet(ssSource={"designation": "d", "ssObjectId": 21163624394469969}),
            "ssSource.ssObjectId",
            "21163624394469969",
        ),
        (lsst_packet(misc={"a_new_id": 2**53 + 1}), "misc.a_new_id", str(2**53 + 1)),
        (lsst_packet(misc={"a_new_id": -(2**63)}), "misc.a_new_id", str(-(2**63))),
    ],
)
def test_an_id_that_json_would_round_is_a_text(packet: dict[str, Any], path: str, text: str) -> None:
    assert of_lsst(packet)[path] == text


def test_an_id_of_ztfs_is_a_text() -> None:
    candidate = {"objectidps1": 100962670007864356}

    assert of_ztf(ztf_packet(candidate=candidate))["candidate.objectidps1"] == "100962670007864356"
    assert of_ztf(ztf_packet(), "candidate.candid")["candidate.candid"] == "3367463101415010117"


@pytest.mark.parametrize("value", [2**53, -(2**53), 1, -1])
def test_an_integer_that_json_keeps_is_an_integer(value: int) -> None:
    found = of_ztf(ztf_packet(a_new_count=value))["a_new_count"]

    assert found == value
    assert type(found) is int


def test_a_map_is_an_annotation_for_each_key_however_it_is_written() -> None:
    as_map = {"HyperLEDA_name": "NGC 1", "2MASS_name": "None", "lum_dist": "12.5", "ang_dist": None}
    as_pairs = [[name, value] for name, value in as_map.items()]

    found = of_ztf(ztf_packet(mangrove=as_map))

    assert found == of_ztf(ztf_packet(mangrove=as_pairs))
    assert found == of_ztf(ztf_packet(mangrove=[tuple(pair) for pair in as_pairs]))
    assert {name: found[f"mangrove.{name}"] for name in as_map} == {
        "HyperLEDA_name": "NGC 1",
        "2MASS_name": None,
        "lum_dist": "12.5",
        "ang_dist": None,
    }


def test_records_in_maps_and_records_are_followed_to_their_leaves() -> None:
    features = {"i": {"mean": -17845.0, "median": math.nan}, "g": None}

    found = of_lsst(lsst_packet(lc_features=features, a={"b": {"c": {"d": 1}}}), "lc_features")

    assert found["lc_features.i.mean"] == -17845.0
    assert found["lc_features.i.median"] is None
    assert found["lc_features.g"] is None
    assert found["a.b.c.d"] == 1


@pytest.mark.parametrize(
    "value",
    [
        [{"jd": 1.0}, {"jd": 2.0}],
        [],
        [["a", 1], ["b"]],
        [["a", 1], None],
        [[1, "a"], [2, "b"]],
        b"\x1f\x8b",
        b"",
        {},
    ],
)
def test_what_is_no_fact_is_no_annotation(value: Any) -> None:
    for more in ((), ("*",)):
        found = of_ztf(ztf_packet(a_new_field=value), *more)
        assert [path for path in found if path.startswith("a_new_field")] == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1.5, 2], "[1.5, 2]"),
        (["SN Ia", "Unknown", "TDE"], '["SN Ia", null, "TDE"]'),
        ([True, None, float("nan"), 2**60], f'[true, null, null, "{2**60}"]'),
    ],
)
def test_an_array_of_plain_values_is_one_fact(value: Any, expected: str) -> None:
    assert of_ztf(ztf_packet(a_new_field=value))["a_new_field"] == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), (True, True), (7, 7), (0.25, 0.25), ("SN Ia", "SN Ia"), ("Fail", None)]
)
def test_a_field_that_fink_has_added_since_comes_through(value: Any, expected: Any) -> None:
    fresh = {"a_new_score": value, "a_new_struct": {"inner": value}}

    for found in (of_ztf(ztf_packet(**fresh)), of_lsst(lsst_packet(**fresh)), of_ztf({**EVENT, **fresh})):
        assert found["a_new_score"] == expected
        assert found["a_new_struct.inner"] == expected
        assert type(found["a_new_score"]) is type(expected)
    assert of_lsst(lsst_packet(clf={"a_new_score": value}))["clf.a_new_score"] == expected


@pytest.mark.parametrize(("value", "expected"), [("SN\0 Ia", "SN Ia"), ("\0x\0", "x"), ("\0", None), ("null\0", None)])
def test_a_text_has_no_character_that_skyportals_database_refuses(value: str, expected: str | None) -> None:
    assert of_ztf(ztf_packet(tns=value))["tns"] == expected


def test_a_path_has_no_character_that_skyportals_database_refuses() -> None:
    assert not [path for path in of_ztf(ztf_packet(mangrove={"lum\0dist": "1.5"})) if "\0" in path]


def test_images_history_and_features_are_no_annotations_unless_somebody_asks() -> None:
    features = {"mean": 1.5, "chi2": None}
    packet = ztf_packet(lc_features_g=features, lc_features_r=features)

    assert not [path for path in of_ztf(packet) if path.startswith(("lc_features", "cutout", "prv_", "candid."))]
    assert of_ztf(packet, "lc_features*") == of_ztf(packet) | {
        "lc_features_g.mean": 1.5,
        "lc_features_g.chi2": None,
        "lc_features_r.mean": 1.5,
        "lc_features_r.chi2": None,
    }


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("lc_features_g", {"lc_features_g.mean", "lc_features_g.chi2"}),
        ("lc_features_?.mean", {"lc_features_g.mean", "lc_features_r.mean"}),
        ("*.mean", {"lc_features_g.mean", "lc_features_r.mean"}),
        ("*features*mean", {"lc_features_g.mean", "lc_features_r.mean"}),
        ("cand*magpsf", {"candidate.magpsf"}),
        ("candidate.magpsf", {"candidate.magpsf"}),
        ("candidate.mag*", {"candidate.magpsf"}),
        ("magpsf", set()),
        ("Candidate.*", set()),
        ("prv_candidates", set()),
        ("prv_candidates.*", set()),
        ("cutoutScience.*", {"cutoutScience.fileName"}),
        ("cutoutScience.stampData", set()),
        ("nothing.of.the.kind", set()),
        ("", set()),
    ],
)
def test_a_pattern_adds_the_paths_that_it_matches_and_no_others(pattern: str, paths: set[str]) -> None:
    packet = ztf_packet(
        history=[{"jd": 2461120.5, "fid": 1}],
        lc_features_g={"mean": 1.5, "chi2": None},
        lc_features_r={"mean": 2.5},
    )

    assert of_ztf(packet, pattern).keys() - of_ztf(packet).keys() == paths


def test_every_field_of_the_candidate_can_be_asked_for() -> None:
    packet = ztf_packet(candidate={"ssdistnr": -999.0, "ssnamenr": "null", "exptime": 30.0})

    found = of_ztf(packet, "candidate.*")

    expected = dict(leaves(packet["candidate"], "candidate."))
    assert {path: found[path] for path in expected} == expected


def test_everything_can_be_asked_for() -> None:
    packet = lsst_packet(
        lc_features={"i": {"mean": math.nan}},
        mpc_orbits={"designation": None, "mpc_orb_jsonb": "{}"},
        clf={"cats_class": -1},
        history=[{"band": "i"}],
    )

    expected = dict(leaves({name: value for name, value in packet.items() if name != "prvDiaSources"}))
    found = of_lsst(packet, "*")

    assert {path: found[path] for path in expected} == expected
    assert found.keys() - expected.keys() == {"diaSource.flags", "fink_filters.b_good_quality"}


def test_asking_twice_is_asking_once_and_asking_for_nothing_adds_nothing() -> None:
    packet = ztf_packet(lc_features_g={"mean": 1.5})

    assert of_ztf(packet, "lc_features*", "lc_features_g.mean", "*.mean") == of_ztf(packet, "lc_features*")
    assert of_ztf(packet) == convert(packet, FinkSurvey.ZTF, Source(topic="t"), NO_MORE).record.annotations


def test_a_solar_system_alert_alone_is_annotated_with_its_orbit() -> None:
    orbit = {"designation": "2004 JQ12", "a": 2.7631964753383103, "e": 0.293936430869032, "mpc_orb_jsonb": "{}"}

    moving, static = of_lsst(solar_system_packet(mpc_orbits=orbit)), of_lsst(lsst_packet(mpc_orbits=orbit))

    assert moving["mpc_orbits.a"] == 2.7631964753383103
    assert moving["mpc_orbits.designation"] == "2004 JQ12"
    assert "mpc_orbits.mpc_orb_jsonb" not in moving
    assert not [path for path in static if path.startswith("mpc_orbits.")]


def test_an_older_name_of_a_fact_is_as_good_as_the_newer() -> None:
    """What `MPCORB` and ``predictedVMagnitude`` say until v9 must not be lost silently."""
    alerts = [alert for alert in night(seed=7, alerts=80, surveys=("lsst",)) if alert.packet["pred"]["is_sso"]]
    assert alerts

    for alert in alerts:
        older = as_version(alert, 9).packet
        found = of_lsst(older)
        for new, old in {"a": "a", "e": "e", "i": "incl", "q": "q", "h": "mpcH", "epoch_mjd": "epoch"}.items():
            assert found[f"mpc_orbits.{new}"] == older["MPCORB"][old]
        assert found["ssSource.phaseAngle"] == older["ssSource"]["phaseAngle"]


@pytest.mark.parametrize("version", [(11, 0), (11, 1)])
def test_a_later_version_of_rubins_schema_says_the_same(version: tuple[int, int]) -> None:
    for alert in night(seed=7, alerts=40, surveys=("lsst",)):
        assert of_lsst(as_version(alert, *version).packet) == of_lsst(alert.packet)


def test_everything_that_fink_adds_to_a_nights_alerts_is_there_and_nothing_says_none_by_a_word() -> None:
    for alert in night(seed=3, alerts=240):
        packet = alert.packet
        if alert.survey == "lsst":
            found, expected = of_lsst(packet), added_by_fink(packet, LSST_ELSEWHERE)
        else:
            found = of_ztf(packet)
            expected = added_by_fink(packet, EVENT_ELSEWHERE if "triggerId" in packet else ZTF_ELSEWHERE)
        assert {path: found[path] for path in expected} == expected
        assert [path for path, value in found.items() if is_none(value) and path != "fink_filters.class"] == []


TEXTS = st.text(max_size=6) | st.sampled_from(NONE_TEXTS)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXTS
NAMES = st.text("abcxyz_", min_size=1, max_size=6).map(lambda name: f"new_{name}")
TREES = st.recursive(
    SCALARS | st.binary(max_size=4) | st.lists(SCALARS, max_size=3).filter(lambda items: len(items) != 2),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, TREES, max_size=4))
def test_any_tree_of_facts_is_annotated_leaf_by_leaf(tree: dict[str, Any]) -> None:
    expected = {
        path: str(value) if type(value) is int and abs(value) > 2**53 else value
        for path, value in leaves(tree)
        if not isinstance(value, str) or "\0" not in value
    }

    for found in (of_ztf(ztf_packet(**tree)), of_lsst(lsst_packet(**tree))):
        for path, value in expected.items():
            if isinstance(value, str) and (not value.strip() or value.strip() in NONE_TEXTS):
                assert found[path] is None
            else:
                assert repr(found[path]) == repr(value)
        assert not any(is_none(value) for path, value in found.items() if path.startswith("new_"))
