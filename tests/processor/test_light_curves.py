"""Every value of a light curve is the contract's expression of the packet's, exactly, in any order of history."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from processor.convert import FinkSurvey, Source, convert
from schemas.record import LightCurve
from support.packets import dia_source, forced_source, lsst_packet, ztf_detection, ztf_limit, ztf_packet

Row = dict[str, Any]

JDS = st.floats(2_458_000, 2_470_000) | st.sampled_from([2461121.9631019, 2461121.5, 2461095.0484375])
MAGNITUDES = st.floats(-5, 40, width=32)
ERRORS = st.floats(2.0**-20, 10, width=32)
PLACES = st.floats(0, 360, exclude_max=True)
DECLINATIONS = st.floats(-90, 90)
PROGRAMS = st.none() | st.sampled_from([1, 2, 3, 2**31 - 1])

DETECTIONS = st.builds(
    ztf_detection,
    jd=JDS,
    fid=st.sampled_from([1, 2, 3]),
    isdiffpos=st.sampled_from("tf10"),
    magpsf=MAGNITUDES,
    sigmapsf=ERRORS,
    ra=PLACES,
    dec=DECLINATIONS,
    programid=PROGRAMS,
)
LIMITS = st.builds(
    ztf_limit,
    jd=JDS,
    fid=st.sampled_from([1, 2, 3]),
    diffmaglim=MAGNITUDES,
    magpsf=st.sampled_from([None, math.nan]),
    programid=PROGRAMS,
)
HISTORIES = st.lists(DETECTIONS | LIMITS | st.none(), max_size=12)


def nine(value: float) -> float:
    """Round to nine significant digits, as the contract says it."""
    return float(f"{value:.9g}")


def flux_of(magnitude: float) -> float:
    return 10 ** (-0.4 * (magnitude - 23.9))


def as_detected(row: Row) -> tuple[Any, ...]:
    flux = flux_of(row["magpsf"])
    error = nine(flux * row["sigmapsf"] * math.log(10) / 2.5)
    sign = 1 if row["isdiffpos"] in "t1" else -1
    band = {1: "ztfg", 2: "ztfr", 3: "ztfi"}[row["fid"]]
    return (row["jd"] - 2400000.5, band, sign * nine(flux), error, row["ra"], row["dec"], None, row["programid"])


def as_limit(row: Row) -> tuple[Any, ...]:
    error = nine(flux_of(row["diffmaglim"]) / 5)
    band = {1: "ztfg", 2: "ztfr", 3: "ztfi"}[row["fid"]]
    return (row["jd"] - 2400000.5, band, None, error, None, None, None, row["programid"])


def points(curve: LightCurve) -> list[tuple[Any, ...]]:
    columns = (curve.mjd, curve.filter, curve.flux, curve.fluxerr, curve.ra, curve.dec, curve.origin, curve.program_id)
    return list(zip(*columns, strict=True))


def ztf_curve(candidate: Row, history: Any) -> LightCurve:
    conversion = convert(ztf_packet(candidate=candidate, history=history), FinkSurvey.ZTF, Source(topic="t"))
    assert conversion.left_out == {}
    return conversion.record.photometry


def one_row_each(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Keep the first of the points that are one row in SkyPortal."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        found.setdefault((row[6], row[0], row[3], row[2]), row)
    return list(found.values())


@settings(max_examples=150)
@given(DETECTIONS, HISTORIES)
def test_every_value_of_ztfs_is_the_contracts(candidate: Row, history: list[Row | None]) -> None:
    rows = [row for row in history if row is not None]
    seen = [candidate, *(row for row in rows if isinstance(row["magpsf"], float) and not math.isnan(row["magpsf"]))]
    exposures = {(row["jd"], row["fid"]) for row in seen}
    deepest: dict[tuple[float, int], Row] = {}
    for row in rows:
        exposure = (row["jd"], row["fid"])
        if row in seen or exposure in exposures:
            continue
        if exposure not in deepest or row["diffmaglim"] > deepest[exposure]["diffmaglim"]:
            deepest[exposure] = row

    found = points(ztf_curve(candidate, history))

    expected = one_row_each([*map(as_detected, seen), *map(as_limit, deepest.values())])
    assert repr(found) == repr(expected)


@given(DETECTIONS, HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_ztfs_history_changes_no_point(candidate: Row, history: list[Any], dice: Any) -> None:
    assume(_no_two_points_differ_only_in_what_skyportal_ignores([candidate, *filter(None, history)]))
    shuffled = dice.sample(history, len(history))

    first, other = points(ztf_curve(candidate, history)), points(ztf_curve(candidate, shuffled))

    assert first[0] == other[0]
    assert sorted(map(repr, first)) == sorted(map(repr, other))


def _no_two_points_differ_only_in_what_skyportal_ignores(rows: list[Row]) -> bool:
    keys = [(row["jd"], row["fid"], row["diffmaglim"] if row["magpsf"] is None else row["magpsf"]) for row in rows]
    return len({jd for jd, _, _ in keys}) == len(keys)


def test_nine_digits_hide_the_last_bit_of_another_library() -> None:
    curve = ztf_curve({"magpsf": 16.44928550720215, "sigmapsf": 0.09051728248596191}, [])

    for value in (*curve.flux, *curve.fluxerr):
        assert value is not None
        assert f"{value:.9g}" == repr(value)


FLUXES = st.floats(-(2.0**40), 2.0**40, width=32) | st.sampled_from([0.0, -0.0, 1.0, -19549.39453125])
FLUX_ERRORS = st.floats(2.0**-40, 2.0**40, width=32)
TAIS = st.floats(60_000, 70_000)
BANDS = st.sampled_from("ugrizy")
MEASURED = {
    "midpointMjdTai": TAIS,
    "band": BANDS,
    "psfFlux": FLUXES,
    "psfFluxErr": FLUX_ERRORS,
    "ra": PLACES,
    "dec": DECLINATIONS,
    "timeWithdrawnMjdTai": st.sampled_from([None, math.nan]),
}
SOURCES = st.builds(dia_source, psfFlux_flag=st.sampled_from([None, False]), **MEASURED)
FORCED = st.builds(forced_source, **MEASURED)


def as_measured(row: Row, origin: str | None) -> tuple[Any, ...]:
    mjd = row["midpointMjdTai"] - 37 / 86400
    flux, error = row["psfFlux"] / 1000, row["psfFluxErr"] / 1000
    return (mjd, f"lsst{row['band']}", flux, error, row["ra"], row["dec"], origin, None)


def lsst_curve(source: Row, history: Any, forced: Any) -> LightCurve:
    packet = lsst_packet(source=source, history=history, forced=forced)
    conversion = convert(packet, FinkSurvey.LSST, Source(topic="t"))
    assert conversion.left_out == {}
    return conversion.record.photometry


@settings(max_examples=150)
@given(SOURCES, st.lists(SOURCES | st.none(), max_size=8), st.lists(FORCED | st.none(), max_size=8))
def test_every_value_of_rubins_is_the_contracts(source: Row, history: list[Any], forced: list[Any]) -> None:
    found = points(lsst_curve(source, history, forced))

    rows = [as_measured(row, None) for row in (source, *filter(None, history))]
    rows += [as_measured(row, "alert_fp") for row in filter(None, forced)]
    assert repr(found) == repr(one_row_each(rows))


@given(SOURCES, st.lists(SOURCES, max_size=6), st.lists(FORCED, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_rubins_history_changes_no_point(
    source: Row, history: list[Row], forced: list[Row], dice: Any
) -> None:
    for rows in ([source, *history], forced):
        assume(len({row["midpointMjdTai"] for row in rows}) == len(rows))
    shuffled = dice.sample(history, len(history)), dice.sample(forced, len(forced))

    first, other = points(lsst_curve(source, history, forced)), points(lsst_curve(source, *shuffled))

    assert first[0] == other[0]
    assert sorted(map(repr, first)) == sorted(map(repr, other))


@given(TAIS)
def test_a_time_of_rubins_is_37_seconds_less_and_nothing_else(tai: float) -> None:
    (mjd,) = lsst_curve(dia_source(midpointMjdTai=tai), None, None).mjd

    difference = (Fraction(tai) - Fraction(mjd)) * 86400
    assert abs(difference - 37) < Fraction(1, 100_000)


@pytest.mark.parametrize("jd", [2461121.9631019, 2461122.0021991, 2461095.0484375, 2458000.5])
def test_a_time_of_ztfs_is_the_julian_date_and_nothing_else(jd: float) -> None:
    (mjd,) = ztf_curve({"jd": jd}, []).mjd

    assert Fraction(mjd) == Fraction(jd) - Fraction("2400000.5")  # exact: near dates subtract without rounding


@pytest.mark.parametrize("jd", [0.0, 2440587.4, 2488069.5, 1e300, -1e15])
def test_a_point_that_was_dated_by_mistake_is_left_out_and_counted(jd: float) -> None:
    rows = [ztf_detection(jd=jd), ztf_limit(jd=jd, fid=1), ztf_detection(jd=2461100.5)]

    conversion = convert(ztf_packet(history=rows), FinkSurvey.ZTF, Source(topic="fink_x_ztf"))

    assert len(conversion.record.photometry) == 2
    assert conversion.left_out == {"mjd": 2}
