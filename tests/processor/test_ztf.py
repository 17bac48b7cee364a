"""ZTF's packets into records."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from processor.convert import FinkSurvey, Source, Unconvertible, convert
from schemas.record import SkyPortalAlert
from support.packets import JD, ztf_detection, ztf_limit, ztf_packet

TOPIC = "fink_sn_candidates_ztf"


def record(packet: Mapping[str, Any]) -> SkyPortalAlert:
    return convert(packet, FinkSurvey.ZTF, Source(topic=TOPIC)).record


def left_out(packet: Mapping[str, Any]) -> dict[str, int]:
    return dict(convert(packet, FinkSurvey.ZTF, Source(topic=TOPIC)).left_out)


def test_every_field_of_an_alert_comes_from_where_the_contract_says() -> None:
    published_at = datetime(2026, 3, 22, 13, 28, 18, 277_000, tzinfo=UTC)

    alert = convert(ztf_packet(), FinkSurvey.ZTF, Source(topic=TOPIC, published_at=published_at)).record

    assert alert.survey == "ZTF"
    assert alert.topic == TOPIC
    assert alert.alert_id == "3367463101415010117"  # beyond 2^53, where floats are 512 apart
    assert alert.obj_id == "ZTF26aamcbly"
    assert (alert.ra, alert.dec) == (267.0006792, -5.8633869)
    assert alert.observed_at == datetime(2026, 3, 22, 11, 6, 52, 4_000, tzinfo=UTC)
    assert alert.published_at == published_at
    assert alert.score == 0.9210436940193176
    assert not alert.is_solar_system
    assert alert.cutout_science == b"\x1f\x8bscience"
    assert alert.cutout_template == b"\x1f\x8btemplate"
    assert alert.cutout_difference == b"\x1f\x8bdifference"
    assert (alert.fink_broker_version, alert.fink_science_version, alert.schema_version) == ("4.1", "8.41.0", "4.02")


def test_numbers_of_a_detection_are_those_of_the_contract_to_the_last_bit() -> None:
    packet = ztf_packet(candidate={"magpsf": 16.44928550720215, "sigmapsf": 0.09051728248596191, "isdiffpos": "t"})

    curve = record(packet).photometry

    assert curve.mjd == (61121.46310190018,)
    assert curve.flux == (955.621247,)
    assert curve.fluxerr == (79.6696638,)
    assert (curve.filter, curve.origin, curve.program_id) == (("ztfr",), (None,), (1,))
    assert (curve.ra, curve.dec) == ((267.0006792,), (-5.8633869,))


def test_numbers_of_an_upper_limit_are_those_of_the_contract_to_the_last_bit() -> None:
    curve = record(ztf_packet(history=[ztf_limit(diffmaglim=20.0, fid=3)])).photometry

    assert curve.filter == ("ztfr", "ztfi")
    assert curve.flux == (229.086765, None)
    assert curve.fluxerr == (21.0996708, 7.2615611)
    assert (curve.ra[1], curve.dec[1]) == (None, None)


@pytest.mark.parametrize(("isdiffpos", "sign"), [("t", 1), ("1", 1), ("f", -1), ("0", -1)])
def test_both_ways_of_writing_the_sign_are_understood(isdiffpos: str, sign: int) -> None:
    assert record(ztf_packet(candidate={"isdiffpos": isdiffpos})).photometry.flux == (sign * 229.086765,)


def test_the_current_detection_is_first_then_detections_then_limits() -> None:
    history = [
        ztf_limit(jd=JD - 4),
        ztf_detection(jd=JD - 3, fid=1),
        None,
        ztf_limit(jd=JD - 2),
        ztf_detection(jd=JD - 1, isdiffpos="0"),
    ]

    curve = record(ztf_packet(history=history)).photometry

    assert [round(JD - 2400000.5 - mjd) for mjd in curve.mjd] == [0, 3, 1, 4, 2]
    assert [flux is None for flux in curve.flux] == [False, False, False, True, True]


def test_one_limit_of_an_exposure_is_kept_and_it_is_the_deepest() -> None:
    history = [
        ztf_limit(diffmaglim=19.5, programid=1),
        ztf_limit(diffmaglim=20.0, programid=2),
        ztf_limit(diffmaglim=18.0, programid=3),
        ztf_limit(diffmaglim=17.0, fid=1),
    ]

    curve = record(ztf_packet(history=history)).photometry

    assert curve.filter == ("ztfr", "ztfr", "ztfg")
    assert curve.fluxerr[1] == 7.2615611
    assert curve.program_id == (1, 2, 1)


def test_a_detection_beats_the_limit_of_its_exposure() -> None:
    history = [ztf_limit(jd=JD), ztf_limit(jd=JD - 1), ztf_detection(jd=JD - 1, isdiffpos=None)]

    conversion = convert(ztf_packet(history=history), FinkSurvey.ZTF, Source(topic=TOPIC))

    assert len(conversion.record.photometry) == 1
    assert conversion.left_out == {"isdiffpos": 1}


def test_a_nan_magnitude_is_a_limit_as_a_null_one_is() -> None:
    assert record(ztf_packet(history=[ztf_limit(magpsf=math.nan)])).photometry.flux[1] is None


def test_a_point_that_skyportal_has_under_its_key_is_kept_once() -> None:
    history = [ztf_detection(), ztf_detection(fid=1), ztf_detection(isdiffpos="f")]

    curve = record(ztf_packet(history=history)).photometry

    assert curve.flux == (229.086765, -229.086765)
    assert curve.filter == ("ztfr", "ztfr")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ztf_detection(fid=4), "band"),
        (ztf_detection(fid=None), "band"),
        (ztf_limit(fid=7), "band"),
        (ztf_detection(isdiffpos=None), "isdiffpos"),
        (ztf_detection(isdiffpos="?"), "isdiffpos"),
        (ztf_detection(sigmapsf=None), "fluxerr"),
        (ztf_detection(sigmapsf=math.nan), "fluxerr"),
        (ztf_detection(sigmapsf=math.inf), "fluxerr"),
        (ztf_detection(sigmapsf=0.0), "fluxerr"),
        (ztf_detection(sigmapsf=-0.1), "fluxerr"),
        (ztf_detection(magpsf=math.inf), "flux"),
        (ztf_detection(magpsf=-math.inf), "flux"),
        (ztf_detection(magpsf=-2000.0), "flux"),
        (ztf_detection(magpsf=5000.0), "fluxerr"),
        (ztf_detection(jd=None), "mjd"),
        (ztf_detection(jd=math.nan), "mjd"),
        (ztf_limit(jd=math.nan), "mjd"),
        (ztf_limit(diffmaglim=None), "diffmaglim"),
        (ztf_limit(diffmaglim=math.nan), "diffmaglim"),
        (ztf_limit(diffmaglim=math.inf), "diffmaglim"),
    ],
)
def test_a_point_that_skyportal_would_refuse_is_left_out_and_counted(row: dict[str, Any], reason: str) -> None:
    packet = ztf_packet(history=[row, ztf_limit(jd=JD - 9)])

    assert left_out(packet) == {reason: 1}
    assert len(record(packet).photometry) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"magpsf": None}, "flux"),
        ({"magpsf": math.nan}, "flux"),
        ({"sigmapsf": 0.0}, "fluxerr"),
        ({"isdiffpos": None}, "isdiffpos"),
    ],
)
def test_a_bad_flux_of_the_current_detection_costs_the_point_alone(changes: dict[str, Any], reason: str) -> None:
    packet = ztf_packet(candidate=changes, history=[ztf_limit()])

    assert left_out(packet) == {reason: 1}
    assert record(packet).photometry.flux == (None,)


def test_an_unusable_position_in_the_history_is_none() -> None:
    row = ztf_detection(jd=JD - 1, ra=math.nan)

    curve = record(ztf_packet(history=[row])).photometry

    assert (curve.ra, curve.dec) == ((267.0006792, None), (-5.8633869, None))


@pytest.mark.parametrize(
    ("packet", "sentence"),
    [
        (ztf_packet(candid=None, candidate={"candid": None}), "candid is None"),
        (ztf_packet(candid=3.367e18), "candid is 3.367e+18"),
        (ztf_packet(candid=-1196515120), "candid is -1196515120"),
        (ztf_packet(objectId=None), "objectId is None"),
        (ztf_packet(objectId=" "), "objectId is ' '"),
        (ztf_packet(candidate={"jd": None}), "candidate.jd is None"),
        (ztf_packet(candidate={"jd": math.nan}), "candidate.jd is nan"),
        (ztf_packet(candidate={"jd": math.inf}), "candidate.jd is inf"),
        (ztf_packet(candidate={"jd": 1e12}), "candidate.jd is 1000000000000.0"),
        (ztf_packet(candidate={"ra": None}), "candidate.ra is None"),
        (ztf_packet(candidate={"ra": 360.0}), "candidate.ra is 360.0"),
        (ztf_packet(candidate={"ra": -0.1}), "candidate.ra is -0.1"),
        (ztf_packet(candidate={"dec": math.nan}), "candidate.dec is nan"),
        (ztf_packet(candidate={"dec": 90.1}), "candidate.dec is 90.1"),
        (ztf_packet(candidate={"fid": 4}), "candidate.fid is 4"),
        (ztf_packet(candidate={"fid": None}), "candidate.fid is None"),
        (ztf_packet() | {"candidate": None}, "candidate.ra is None"),
        (ztf_packet() | {"candidate": "a text"}, "candidate is a str"),
        (ztf_packet(history=7), "TypeError"),
        ({}, "no alert of ztf's: the packet has no candidate, but nothing"),
    ],
)
def test_an_alert_without_what_makes_it_one_is_refused_by_name(packet: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unconvertible) as refusal:
        record(packet)

    assert sentence in str(refusal.value)


def test_the_id_inside_the_candidate_serves_where_the_outer_one_is_absent() -> None:
    packet = ztf_packet()
    del packet["candid"]

    assert record(packet).alert_id == "3367463101415010117"


def test_what_skyportal_does_not_take_in_an_id_is_replaced() -> None:
    assert record(ztf_packet(objectId="ZTF 26/a(b)")).obj_id == "ZTF_26_a_b_"


@pytest.mark.parametrize("drb", [None, math.nan, math.inf])
def test_a_score_that_is_no_number_is_none(drb: float | None) -> None:
    assert record(ztf_packet(candidate={"drb": drb})).score is None


@pytest.mark.parametrize("cutout", [None, {}, {"stampData": None}, {"stampData": b""}])
def test_an_absent_cutout_is_none(cutout: dict[str, Any] | None) -> None:
    assert record(ztf_packet(cutoutScience=cutout)).cutout_science is None


def test_an_alert_without_history_or_provenance_converts() -> None:
    packet = ztf_packet()
    for name in ("prv_candidates", "fink_broker_version", "fink_science_version", "schemavsn", "cutoutScience"):
        del packet[name]

    alert = record(packet)

    assert len(alert.photometry) == 1
    assert alert.fink_broker_version is None
