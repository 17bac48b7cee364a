"""Rubin's packets into records."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from processor.convert import FinkSurvey, Source, Unconvertible, convert
from schemas.record import FORCED_PHOTOMETRY, SkyPortalAlert
from support.packets import MJD_TAI, NO_DIA_OBJECT, dia_source, forced_source, lsst_packet, solar_system_packet

TOPIC = "fink_in_tns_lsst"


def record(packet: Mapping[str, Any]) -> SkyPortalAlert:
    return convert(packet, FinkSurvey.LSST, Source(topic=TOPIC)).record


def left_out(packet: Mapping[str, Any]) -> dict[str, int]:
    return dict(convert(packet, FinkSurvey.LSST, Source(topic=TOPIC)).left_out)


def test_every_field_of_an_alert_comes_from_where_the_contract_says() -> None:
    alert = record(lsst_packet())

    assert alert.survey == "LSST"
    assert alert.topic == TOPIC
    assert alert.alert_id == "170094456272322680"
    assert alert.obj_id == "170028485706776685"  # beyond 2^53
    assert (alert.ra, alert.dec) == (63.34954093467382, -47.18079448399894)
    assert alert.observed_at == datetime(2026, 3, 6, 2, 14, 13, 797_000, tzinfo=UTC)
    assert alert.published_at is None
    assert alert.score == 0.8754439353942871
    assert not alert.is_solar_system
    assert (alert.fink_broker_version, alert.fink_science_version) == ("4.1", "8.39.0")
    assert alert.schema_version == "lsst.v10_0"


def test_numbers_of_a_detection_are_those_of_the_contract_to_the_last_bit() -> None:
    curve = record(lsst_packet(source={"psfFlux": -19549.39453125, "psfFluxErr": 555.803955078125})).photometry

    assert curve.mjd == (61105.093215246095,)
    assert curve.flux == (-19.54939453125,)
    assert curve.fluxerr == (0.555803955078125,)
    assert (curve.filter, curve.origin, curve.program_id) == (("lssti",), (None,), (None,))
    assert (curve.ra, curve.dec) == ((63.349628499442076,), (-47.18075801654059,))


@pytest.mark.parametrize("band", "ugrizy")
def test_every_band_of_rubin_has_its_name_in_skyportal(band: str) -> None:
    assert record(lsst_packet(source={"band": band})).photometry.filter == (f"lsst{band}",)


def test_a_visit_that_is_both_a_detection_and_forced_keeps_both() -> None:
    forced = [forced_source(), forced_source(psfFlux=8130.5, psfFluxErr=513.5)]

    curve = record(lsst_packet(forced=forced)).photometry

    assert curve.flux == (8.1305, 6.995, 8.1305)
    assert curve.origin == (None, FORCED_PHOTOMETRY, FORCED_PHOTOMETRY)
    assert curve.ra == (63.349628499442076, 63.34951332427748, 63.34951332427748)


def test_the_current_detection_is_first_then_detections_then_forced() -> None:
    curve = record(
        lsst_packet(
            history=[dia_source(midpointMjdTai=MJD_TAI - 5), None, dia_source(midpointMjdTai=MJD_TAI - 2)],
            forced=[None, forced_source(midpointMjdTai=MJD_TAI - 7), forced_source()],
        )
    ).photometry

    assert [round(curve.mjd[0] - mjd) for mjd in curve.mjd] == [0, 5, 2, 7, 0]


def test_a_point_that_skyportal_has_under_its_key_is_kept_once() -> None:
    history = [dia_source(band="g"), dia_source(psfFluxErr=513.25)]

    assert record(lsst_packet(history=history)).photometry.fluxerr == (0.5135, 0.51325)


def test_forced_photometry_keeps_its_flux_whatever_its_significance() -> None:
    assert record(lsst_packet(forced=[forced_source(psfFlux=-1.5)])).photometry.flux[1] == -0.0015


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"psfFluxErr": None}, "fluxerr"),
        ({"psfFluxErr": math.nan}, "fluxerr"),
        ({"psfFluxErr": math.inf}, "fluxerr"),
        ({"psfFluxErr": 0.0}, "fluxerr"),
        ({"psfFluxErr": -1.0}, "fluxerr"),
        ({"psfFlux": None}, "flux"),
        ({"psfFlux": math.nan}, "flux"),
        ({"psfFlux": -math.inf}, "flux"),
        ({"midpointMjdTai": None}, "mjd"),
        ({"midpointMjdTai": math.nan}, "mjd"),
        ({"band": None}, "band"),
        ({"band": "white"}, "band"),
        ({"timeWithdrawnMjdTai": 61106.5}, "withdrawn"),
        ({"psfFlux_flag": True}, "psfFlux_flag"),
    ],
)
def test_a_point_that_skyportal_would_refuse_is_left_out_and_counted(changes: dict[str, Any], reason: str) -> None:
    history = [dia_source(**changes), dia_source(psfFlux=1.0)]
    forced = [forced_source(**changes), forced_source(psfFlux=1.0)]

    packet = lsst_packet(history=history, forced=forced)

    assert left_out(packet) == {reason: 2}
    assert record(packet).photometry.flux == (8.1305, 0.001, 0.001)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"psfFlux": None}, "flux"),
        ({"psfFlux_flag": True}, "psfFlux_flag"),
        ({"timeWithdrawnMjdTai": 6e4}, "withdrawn"),
    ],
)
def test_a_bad_flux_of_the_current_detection_costs_the_point_alone(changes: dict[str, Any], reason: str) -> None:
    packet = lsst_packet(source=changes, forced=[forced_source()])

    assert left_out(packet) == {reason: 1}
    assert record(packet).photometry.origin == (FORCED_PHOTOMETRY,)


@pytest.mark.parametrize("dia_object", [NO_DIA_OBJECT, None, {}, NO_DIA_OBJECT | {"diaObjectId": 0}])
def test_an_absent_object_is_found_in_the_detection(dia_object: dict[str, Any] | None) -> None:
    alert = record(lsst_packet(diaObject=dia_object))

    assert alert.obj_id == "170028485706776685"
    assert (alert.ra, alert.dec) == (63.349628499442076, -47.18075801654059)


@pytest.mark.parametrize("changes", [{"ra": None}, {"dec": math.nan}])
def test_an_object_without_a_mean_position_is_where_the_detection_is(changes: dict[str, Any]) -> None:
    packet = lsst_packet()

    alert = record(packet | {"diaObject": packet["diaObject"] | changes})

    assert (alert.ra, alert.dec) == (63.349628499442076, -47.18075801654059)


@pytest.mark.parametrize(
    ("packet", "sentence"),
    [
        (lsst_packet(source={"diaObjectId": 0}, diaObject=NO_DIA_OBJECT), "diaObjectId is 0"),
        (lsst_packet(source={"diaObjectId": None}, diaObject=None), "diaObjectId is None"),
        (lsst_packet(diaSourceId=0, source={"diaSourceId": 0}), "diaSourceId is 0"),
        (lsst_packet(diaSourceId=None, source={"diaSourceId": None}), "diaSourceId is None"),
        (lsst_packet(diaSourceId=1.7e17), "diaSourceId is 1.7e+17"),
        (lsst_packet(source={"midpointMjdTai": None}), "diaSource.midpointMjdTai is None"),
        (lsst_packet(source={"midpointMjdTai": math.inf}), "diaSource.midpointMjdTai is inf"),
        (lsst_packet(source={"midpointMjdTai": 1e18}), "diaSource.midpointMjdTai is 1e+18"),
        (lsst_packet(source={"band": "white"}), "diaSource.band is 'white'"),
        (lsst_packet(source={"ra": None}, diaObject={"diaObjectId": 5}), "diaSource.ra is None"),
        (lsst_packet(diaObject={"diaObjectId": 5, "ra": 360.0, "dec": 0.0}), "diaObject.ra is 360.0"),
        (lsst_packet(diaObject={"diaObjectId": 5, "ra": 1.0, "dec": -90.5}), "diaObject.dec is -90.5"),
        (solar_system_packet(mpc_orbits=None, ssSource=None), "designation"),
        (lsst_packet(prvDiaSources="text"), "AttributeError"),
        ({}, "no alert of lsst's: the packet has no diaSource, but nothing"),
    ],
)
def test_an_alert_without_what_makes_it_one_is_refused_by_name(packet: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unconvertible) as refusal:
        record(packet)

    assert sentence in str(refusal.value)


def test_a_known_asteroid_is_one_object_by_its_designation_with_this_detection_alone() -> None:
    alert = record(solar_system_packet(prvDiaSources=[dia_source(psfFlux=1.0)], prvDiaForcedSources=[forced_source()]))

    assert alert.obj_id == "sso_2004_JQ12"
    assert alert.is_solar_system
    assert (alert.ra, alert.dec) == (63.349628499442076, -47.18075801654059)
    assert alert.photometry.flux == (8.1305,)


def test_an_asteroid_that_is_also_a_static_object_is_an_asteroid() -> None:
    alert = record(lsst_packet(pred={"is_sso": True}, ssSource={"designation": "K04J12Q"}))

    assert alert.obj_id == "sso_2004_JQ12"
    assert alert.ra == 63.349628499442076


@pytest.mark.parametrize(
    ("orbit", "moving", "obj_id"),
    [
        ({"designation": "K04J12Q"}, {}, "sso_2004_JQ12"),
        ({"designation": None, "unpacked_primary_provisional_designation": "2020 SJ88"}, {}, "sso_2020_SJ88"),
        ({"designation": " "}, {"designation": "K02JE6P"}, "sso_2002_JP146"),
        (None, {"designation": "C/2020 F3"}, "sso_C_2020_F3"),
        ({}, {"designation": "A0345"}, "sso_100345"),
    ],
)
def test_the_designation_is_looked_for_in_order_and_unpacked(
    orbit: dict[str, Any] | None, moving: dict[str, Any], obj_id: str
) -> None:
    assert record(solar_system_packet(mpc_orbits=orbit, ssSource=moving)).obj_id == obj_id


@pytest.mark.parametrize("pred", [None, {}, {"is_sso": None}])
def test_an_alert_that_does_not_say_whether_it_moves_is_static(pred: dict[str, Any] | None) -> None:
    assert not record(lsst_packet(pred=pred)).is_solar_system


@pytest.mark.parametrize("reliability", [None, math.nan])
def test_a_score_that_is_no_number_is_none(reliability: float | None) -> None:
    assert record(lsst_packet(source={"reliability": reliability})).score is None


def test_the_id_inside_the_detection_serves_where_the_outer_one_is_absent() -> None:
    assert record(lsst_packet(diaSourceId=None)).alert_id == "170094456272322680"
