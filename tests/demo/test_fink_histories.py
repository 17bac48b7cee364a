import itertools
import math
from collections import defaultdict
from typing import Any

import pytest
from fink_messages import ordinary, same

from demo.fink import Survey, night

SURVEYS: tuple[Survey, ...] = ("ztf", "lsst")
BEYOND_FLOATS = 2**53


@pytest.fixture(scope="module")
def ztf() -> list[dict[str, Any]]:
    return [alert.packet for alert in ordinary(night(seed=7, alerts=400, surveys=("ztf",)))]


@pytest.fixture(scope="module")
def lsst() -> list[dict[str, Any]]:
    return [alert.packet for alert in night(seed=7, alerts=200, surveys=("lsst",))]


def detections(packet: dict[str, Any]) -> list[dict[str, Any]]:
    return [point for point in packet["prv_candidates"] if point["magpsf"] is not None]


def test_the_earlier_detections_of_a_ztf_object_are_in_its_later_history(ztf: list[dict[str, Any]]) -> None:
    by_object = defaultdict(list)
    for packet in ztf:
        by_object[packet["objectId"]].append(packet)
    repeated = [packets for packets in by_object.values() if len(packets) > 1]
    assert len(repeated) > 20

    for first, *later in repeated:
        found = next(point for point in detections(later[-1]) if point["candid"] == first["candid"])
        changed = {"isdiffpos", "pdiffimfilename", "ssdistnr", "ssmagnr", "ssnamenr"}  # ZTF writes these otherwise
        assert same(
            *({name: record[name] for name in found.keys() - changed} for record in (found, first["candidate"]))
        )
        for packet, next_packet in itertools.pairwise([first, *later]):
            still_there = [p for p in packet["prv_candidates"] if p["jd"] > next_packet["candidate"]["jd"] - 30]
            assert all(point in next_packet["prv_candidates"] for point in still_there)
            assert len(next_packet["prv_candidates"]) > len(still_there)


def test_the_history_of_a_ztf_alert_is_as_ztfs_is(ztf: list[dict[str, Any]]) -> None:
    for packet in ztf:
        times = [point["jd"] for point in packet["prv_candidates"]]
        assert times == sorted(times)
        assert all(packet["candidate"]["jd"] - 30 < jd < packet["candidate"]["jd"] for jd in times)
    points = [point for packet in ztf for point in packet["prv_candidates"]]
    limits = [point for point in points if point["magpsf"] is None]
    assert 0.65 < len(limits) / len(points) < 0.85
    unknown = ("candid", "ra", "dec", "isdiffpos", "rb", "sigmapsf")
    assert all(point[name] is None and point["diffmaglim"] for point in limits for name in unknown)
    assert {point["fid"] for point in points} == {1, 2, 3}
    assert {packet["candidate"]["fid"] for packet in ztf} == {1, 2}  # Fink drops alerts in i


def test_both_conventions_of_isdiffpos_occur_in_one_packet(ztf: list[dict[str, Any]]) -> None:
    signs = [{point["isdiffpos"] for point in [packet["candidate"], *detections(packet)]} for packet in ztf]

    assert set().union(*signs) == {"t", "f", "1", "0"}
    assert any(packet & {"1", "0"} and packet & {"t", "f"} for packet in signs)


def test_some_ztf_exposures_are_in_a_history_twice(ztf: list[dict[str, Any]]) -> None:
    twins = 0
    for packet in ztf:
        exposures = defaultdict(list)
        for point in packet["prv_candidates"]:
            exposures[point["jd"], point["fid"]].append(point)
        for points in exposures.values():
            assert len({point["rcid"] for point in points}) == len(points)
            assert len({point["diffmaglim"] for point in points}) == len(points)
            twins += len(points) > 1
    assert twins > 0


def test_missing_values_look_as_each_survey_writes_them(ztf: list[dict[str, Any]], lsst: list[dict[str, Any]]) -> None:
    assert any(packet["Plx"] is not None and math.isnan(packet["Plx"]) for packet in ztf)
    assert any(math.isnan(packet["lc_features_g"]["kurtosis"] or 0) for packet in ztf)
    assert any(packet["lc_features_g"]["mean"] is None for packet in ztf)
    assert {packet["candidate"]["ssnamenr"] for packet in ztf} > {"null"}
    assert -999.0 in {packet["candidate"]["ssdistnr"] for packet in ztf}
    assert {packet["DR3Name"] for packet in ztf} > {"nan"}
    assert {packet["tns"] for packet in ztf} > {""}
    assert {packet["spicy_id"] for packet in ztf} > {-1}
    assert {packet["cdsxmatch"] for packet in ztf} > {"Unknown", "Fail", "Fail 504"}
    assert {packet["gaiaClass"] for packet in ztf} > {"nan"}
    assert {packet["vsx"] for packet in ztf} > {"nan", "Unknown", "Fail 503"}
    for catalogue in ("spicy_class", "gcvs", "x3hsp", "x4lac"):
        assert {packet[catalogue] for packet in ztf} > {"Unknown"}
    for field in ("HyperLEDA_name", "2MASS_name", "lum_dist", "ang_dist"):
        assert "None" in {packet["mangrove"][field] for packet in ztf}
    assert len({packet["mangrove"]["lum_dist"] for packet in ztf}) > 1
    assert {packet["slsn_score"] for packet in ztf} > {-1.0}
    assert {packet["blazar_stats"]["m2"] for packet in ztf} > {-1.0}
    assert {packet["candidate"]["sgscore1"] for packet in ztf} > {-999.0}
    assert {packet["candidate"]["drb"] for packet in ztf} > {None}
    assert {packet["anomaly_score"] for packet in ztf} > {None}
    assert {packet["mag_rate"] for packet in ztf} > {None}
    assert {packet["roid"] for packet in ztf} == {0, 1, 2, 3}
    assert any(math.isnan(curve["kurtosis"]) for packet in lsst for curve in packet["lc_features"].values())
    assert {packet["clf"]["cats_class"] for packet in lsst} > {-1}
    assert {packet["xm"]["simbad_otype"] for packet in lsst} > {None, "Fail"}
    assert {packet["clf"]["elephant_kstest_template"] for packet in lsst} > {None}
    assert {packet["clf"]["earlySNIa_score"] for packet in lsst} == {-1.0}
    assert {packet["xm"]["tns_fullname"] for packet in lsst} > {None}


def test_only_what_the_minor_planet_center_knows_has_a_name(ztf: list[dict[str, Any]]) -> None:
    for packet in ztf:
        known = packet["roid"] == 3
        assert known == (packet["candidate"]["ssnamenr"] != "null") == (packet["candidate"]["ssdistnr"] != -999.0)


def test_the_earlier_detections_of_an_lsst_object_are_in_its_later_history(lsst: list[dict[str, Any]]) -> None:
    by_object = defaultdict(list)
    for packet in lsst:
        if not packet["pred"]["is_sso"]:
            by_object[packet["diaObject"]["diaObjectId"]].append(packet)
    repeated = [packets for packets in by_object.values() if len(packets) > 1]
    assert len(repeated) > 20

    for packets in repeated:
        for packet, later in itertools.pairwise(packets):
            before = [*(packet["prvDiaSources"] or []), packet["diaSource"] | {"ssObjectId": None}]
            assert same(later["prvDiaSources"][: len(before)], before)
            known = packet["prvDiaForcedSources"] or []
            assert same(later["prvDiaForcedSources"][: len(known)], known)


def test_a_static_lsst_alert_has_an_object_and_no_body(lsst: list[dict[str, Any]]) -> None:
    static = [packet for packet in lsst if not packet["pred"]["is_sso"]]
    for packet in static:
        assert packet["diaObject"]["diaObjectId"] == packet["diaSource"]["diaObjectId"] > BEYOND_FLOATS
        assert packet["diaSource"]["ssObjectId"] == 0
        assert set(packet["ssSource"].values()) == set(packet["mpc_orbits"].values()) == {None}
        history = packet["prvDiaSources"] or []
        assert packet["diaObject"]["nDiaSources"] == len(history) + 1
        assert packet["pred"]["is_first"] is (packet["prvDiaSources"] is None)
        assert all(point["midpointMjdTai"] < packet["diaSource"]["midpointMjdTai"] for point in history)


def test_forced_photometry_includes_this_visit_and_visits_without_a_detection(lsst: list[dict[str, Any]]) -> None:
    with_history = [packet for packet in lsst if packet["prvDiaSources"]]
    only_forced = 0
    for packet in with_history:
        found = [*packet["prvDiaSources"], packet["diaSource"]]
        detected = {point["midpointMjdTai"]: point["psfFlux"] for point in found}
        forced = {point["midpointMjdTai"]: point["psfFlux"] for point in packet["prvDiaForcedSources"]}
        assert packet["diaSource"]["midpointMjdTai"] in forced
        assert all(detected[time] != forced[time] for time in detected.keys() & forced.keys())
        only_forced += len(forced.keys() - detected.keys())
    assert only_forced > len(with_history)
    firsts = [packet["prvDiaForcedSources"] for packet in lsst if not packet["prvDiaSources"]]
    assert None in firsts
    assert [] in firsts


def test_a_solar_system_alert_has_a_body_and_no_object(lsst: list[dict[str, Any]]) -> None:
    moving = [packet for packet in lsst if packet["pred"]["is_sso"]]
    assert len(moving) > 10
    for packet in moving:
        assert set(packet["diaObject"].values()) == {None}
        assert packet["diaSource"]["diaObjectId"] == 0
        assert packet["diaSource"]["ssObjectId"] == packet["ssSource"]["ssObjectId"] > BEYOND_FLOATS
        assert packet["ssSource"]["designation"] == packet["mpc_orbits"]["designation"]
        assert packet["prvDiaSources"] is packet["prvDiaForcedSources"] is packet["pred"]["is_first"] is None
    assert len({packet["ssSource"]["ssObjectId"] for packet in moving}) == len(moving)


def test_fluxes_are_negative_too_and_a_few_histories_are_long(lsst: list[dict[str, Any]]) -> None:
    assert any(packet["diaSource"]["psfFlux"] < 0 for packet in lsst)
    lengths = sorted(len(packet["prvDiaSources"] or []) for packet in lsst)
    assert lengths[len(lengths) // 2] < 10
    assert lengths[-1] >= 60
