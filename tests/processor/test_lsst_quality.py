"""Flags of Rubin's: which points are left out, and what is said of the others."""

import itertools
import math
from typing import Any

import pytest

from demo.fink.lsst_schema import DIA_SOURCE
from processor.convert import Conversion, FinkSurvey, Source, convert
from support.packets import dia_source, forced_source, lsst_packet

BAD = (
    "isDipole",
    "pixelFlags",
    "pixelFlags_bad",
    "pixelFlags_saturated",
    "pixelFlags_streakCenter",
    "pixelFlags_interpolated",
    "pixelFlags_cr",
    "pixelFlags_nodata",
    "pixelFlags_streak",
    "pixelFlags_edge",
    "psfFlux_flag",
    "apFlux_flag",
    "forced_PsfFlux_flag",
    "forced_PsfFlux_flag_edge",
    "shape_flag",
    "centroid_flag",
)
"""Flags of Fink's block ``b_good_quality``."""

NOT_WRONG = {"isNegative", "dipoleFitAttempted"}
"""Booleans of a detection that say nothing against it."""

BOOLEANS = tuple(one["name"] for one in DIA_SOURCE.fields if one["type"][0] == "boolean")


def converted(**source: Any) -> Conversion:
    return convert(lsst_packet(source=source), FinkSurvey.LSST, Source(topic="t"))


def is_good(**source: Any) -> Any:
    return converted(**source).record.annotations["fink_filters.b_good_quality"]


def flags(**source: Any) -> Any:
    return converted(**source).record.annotations["diaSource.flags"]


def test_a_clean_bright_detection_is_good() -> None:
    assert is_good() is True
    assert is_good(**dict.fromkeys(BAD, False)) is True
    assert is_good(**dict.fromkeys(BAD)) is True


@pytest.mark.parametrize("flag", BAD)
def test_one_bad_flag_makes_a_detection_bad(flag: str) -> None:
    assert is_good(**{flag: True}) is False


@pytest.mark.parametrize("flag", sorted(set(BOOLEANS) - set(BAD)))
def test_the_other_flags_do_not(flag: str) -> None:
    assert is_good(**{flag: True}) is True


@pytest.mark.parametrize(
    ("flux", "error", "good"),
    [
        (6.0, 1.0, True),
        (5.999, 1.0, False),
        (-8130.5, 513.5, False),
        (-0.001, 1e-9, False),
        (0.0, 1.0, False),
        (None, 1.0, False),
        (math.nan, 1.0, False),
        (math.inf, 1.0, False),
        (6.0, None, False),
        (6.0, math.nan, False),
        (6.0, 0.0, False),
        (6.0, -1.0, False),
        (6.0, math.inf, False),
    ],
)
def test_a_good_detection_is_positive_and_six_times_its_error(flux: Any, error: Any, good: bool) -> None:  # noqa: FBT001
    assert is_good(psfFlux=flux, psfFluxErr=error) is good


@pytest.mark.parametrize("flag", sorted(set(BOOLEANS) - NOT_WRONG))
def test_every_flag_that_is_set_is_named(flag: str) -> None:
    assert flags(**{flag: True}) == flag


@pytest.mark.parametrize("flag", sorted(NOT_WRONG))
def test_what_is_no_flaw_is_not_named(flag: str) -> None:
    assert flags(**{flag: True}) is None


def test_several_flags_are_named_once_each_and_always_in_the_same_order() -> None:
    some = ("pixelFlags_edge", "isDipole", "centroid_flag")

    found = {flags(**dict.fromkeys(order, True)) for order in itertools.permutations(some)}

    assert len(found) == 1
    assert sorted(found.pop().split(" ")) == sorted(some)


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(BOOLEANS), dict.fromkeys(BOOLEANS, False)])
def test_no_flag_is_none(nothing: dict[str, Any]) -> None:
    assert flags(**nothing) is None


@pytest.mark.parametrize("flag", sorted(set(BOOLEANS) - {"psfFlux_flag"}))
def test_a_flagged_point_stays_in_the_light_curve(flag: str) -> None:
    history = [dia_source(psfFlux=1.0, **{flag: True}), dia_source(psfFlux=2.0, **{flag: False})]
    packet = lsst_packet(source={flag: True}, history=history)

    conversion = convert(packet, FinkSurvey.LSST, Source(topic="t"))

    assert conversion.record.photometry.flux == (8.1305, 0.001, 0.002)
    assert conversion.left_out == {}


@pytest.mark.parametrize("changes", [{"psfFlux_flag": True}, {"timeWithdrawnMjdTai": 61106.5}])
def test_a_point_without_a_flux_of_its_own_is_left_out_wherever_it_stands(changes: dict[str, Any]) -> None:
    good = {"psfFlux": 1.0}
    for packet in (
        lsst_packet(source=changes, history=[dia_source(**good)]),
        lsst_packet(source=good, history=[dia_source(**changes)]),
        lsst_packet(source=good, forced=[forced_source(**changes)]),
    ):
        conversion = convert(packet, FinkSurvey.LSST, Source(topic="t"))
        assert conversion.record.photometry.flux == (0.001,)
        assert sum(conversion.left_out.values()) == 1


@pytest.mark.parametrize("nothing", [{"timeWithdrawnMjdTai": None}, {"timeWithdrawnMjdTai": math.nan}])
def test_a_point_that_was_not_withdrawn_stays(nothing: dict[str, Any]) -> None:
    assert converted(**nothing).left_out == {}


def test_a_faint_negative_or_unreliable_point_stays() -> None:
    history = [
        dia_source(psfFlux=-900.0, isNegative=True),
        dia_source(psfFlux=0.5, reliability=0.01),
        dia_source(psfFlux=0.0, reliability=None),
    ]

    packet = lsst_packet(history=history)

    assert convert(packet, FinkSurvey.LSST, Source(topic="t")).record.photometry.flux == (8.1305, -0.9, 0.0005, 0.0)
