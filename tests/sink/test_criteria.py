"""What a route may ask of an alert before it is sent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest

from processor.convert import FinkSurvey, Source, convert
from schemas.record import FORCED_PHOTOMETRY, LightCurve, SkyPortalAlert
from sink.routing.criteria import Criteria
from support.records import light_curve, skyportal_alert


def unmet(alert: SkyPortalAlert, **said: Any) -> list[str]:
    return [one.criterion for one in Criteria(**said).unmet(alert)]


def joined(*curves: LightCurve) -> LightCurve:
    """Return the points of ``curves`` in one."""
    names = ("mjd", "filter", "flux", "fluxerr", "ra", "dec", "origin", "program_id")
    return LightCurve(**{name: [one for curve in curves for one in getattr(curve, name)] for name in names})


def with_snr(*ratios: float | None, **changes: Any) -> SkyPortalAlert:
    """Return an alert with points of these signal-to-noise ratios, a day apart; None: an upper limit."""
    fluxes = (None if ratio is None else 1.25 * ratio for ratio in ratios)
    return skyportal_alert(photometry=light_curve(*fluxes), **changes)


def test_without_criteria_everything_is_wanted() -> None:
    assert unmet(skyportal_alert(photometry=light_curve(), annotations={"fink_filters.b_good_quality": False})) == []


@pytest.mark.parametrize(
    ("ratios", "said", "expected"),
    [
        pytest.param((8, 2), {"min_snr": 8}, [], id="one point is enough"),
        pytest.param((2, 8), {"min_snr": 8}, [], id="a point of the history is one"),
        pytest.param((7.9, 2), {"min_snr": 8}, ["min_snr"], id="all are fainter"),
        pytest.param((-8, 2), {"min_snr": 8}, [], id="fainter than the template is a detection"),
        pytest.param((None, None), {"min_snr": 8}, ["min_snr"], id="limits are none"),
        pytest.param((None,), {"min_snr": 0}, [], id="zero takes a criterion of the defaults back"),
        pytest.param((5, 5, None), {"min_detections": 2}, [], id="five is usual"),
        pytest.param((5, 4.9, None), {"min_detections": 2}, ["min_detections"], id="below five is none"),
        pytest.param((4, 4), {"min_detections": 2, "min_snr": 4}, [], id="unless somebody says so"),
        pytest.param((9, 6, 6), {"min_detections": 2, "min_snr": 8}, ["min_detections"], id="both at once"),
        pytest.param((0.1, 0.1), {"min_detections": 2, "min_snr": 0}, [], id="any measured point"),
        pytest.param((9, 9, 9), {"min_time_baseline": 2}, [], id="first to last"),
        pytest.param((9, 9, 2), {"min_time_baseline": 2}, ["min_time_baseline"], id="between detections alone"),
        pytest.param((9,), {"min_time_baseline": 0.01}, ["min_time_baseline"], id="one detection spans nothing"),
        pytest.param((2,), {"min_time_baseline": 0.0, "min_detections": 0}, [], id="zero asks nothing"),
    ],
)
def test_detections_are_points_with_a_signal(
    ratios: tuple[float | None, ...], said: dict[str, float], expected: list[str]
) -> None:
    assert unmet(with_snr(*ratios), **said) == expected


def test_forced_photometry_is_no_detection() -> None:
    forced = light_curve(90.0, 90.0, mjd=61_000, origin=FORCED_PHOTOMETRY)
    alert = skyportal_alert(photometry=joined(light_curve(90.0), forced))

    assert unmet(alert, min_detections=1) == []
    assert unmet(alert, min_detections=2) == ["min_detections"]
    assert unmet(alert, min_time_baseline=1) == ["min_time_baseline"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"g": 1, "r": 2}, []),
        ({"g": 2}, ["min_detections_per_band"]),
        ({"g": 2, "r": 3}, ["min_detections_per_band", "min_detections_per_band"]),
        ({"i": 1}, ["min_detections_per_band"]),
        ({"i": 0}, []),
    ],
)
@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_bands_are_counted_by_their_letter_in_any_survey(
    survey: str, wanted: dict[str, int], expected: list[str]
) -> None:
    red, green = light_curve(90.0, 80.0, 1.0, band=f"{survey}r"), light_curve(90.0, None, mjd=61_000, band=f"{survey}g")

    assert unmet(skyportal_alert(photometry=joined(red, green)), min_detections_per_band=wanted) == expected


@pytest.mark.parametrize(
    ("score", "least", "expected"),
    [
        (0.5, 0.5, []),
        (0.499, 0.5, ["min_score"]),
        (None, 0.5, ["min_score"]),
        (None, 0.0, []),
    ],
)
def test_a_score_is_enough_or_not_and_a_missing_one_is_not(
    score: float | None, least: float, expected: list[str]
) -> None:
    assert unmet(skyportal_alert(score=score), min_score=least) == expected


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({"fink_filters.b_good_quality": False}, "fink_filters.b_good_quality is false"),
        ({"candidate.nbad": 3, "candidate.rb": 0.9}, "candidate.nbad is 3"),
        ({"candidate.nbad": 0, "candidate.rb": 0.549}, "candidate.rb is 0.549, less than 0.55"),
        ({"fink_filters.b_good_quality": True}, ""),
        ({"candidate.nbad": 0, "candidate.rb": 0.55}, ""),
        ({"candidate.nbad": None, "candidate.rb": None}, ""),
        ({}, ""),
    ],
)
def test_quality_leaves_out_what_is_known_to_be_bad(annotations: dict[str, Any], said: str) -> None:
    found = list(Criteria(quality=True).unmet(skyportal_alert(annotations=annotations)))

    assert [one.sentence for one in found] == ([f"is bad by its survey: {said}"] if said else [])


def test_a_multi_messenger_alert_without_points_meets_what_it_can_say_nothing_of() -> None:
    alert = skyportal_alert(alert_id="ZTF26aamcbly:S260101a:2461122.4", photometry=light_curve(), score=None)
    said = {"min_snr": 9, "min_detections": 3, "min_detections_per_band": {"g": 1}, "min_time_baseline": 1}

    assert unmet(alert, **said, min_score=0.9, quality=True) == []
    assert unmet(replace(alert, alert_id="12"), **said, min_score=0.9)


def test_every_unmet_criterion_is_said_with_what_is_there() -> None:
    alert = with_snr(6, 2, score=0.25)
    criteria = Criteria(
        min_detections=2, min_detections_per_band={"g": 1}, min_time_baseline=1.5, min_score=0.5, min_snr=4
    )

    assert [one.sentence for one in criteria.unmet(alert)] == [
        "has 1 of the detections with a signal-to-noise ratio of 4 or more, not 2",
        "has 0 in g of the detections with a signal-to-noise ratio of 4 or more, not 1",
        "has the detections with a signal-to-noise ratio of 4 or more within 0 days, not 1.5 or more",
        "has the score 0.25, not 0.5 or more",
    ]


def test_more_history_meets_a_criterion_later() -> None:
    first, second = with_snr(9), with_snr(9, 9)

    assert unmet(first, min_detections=2) == ["min_detections"]
    assert unmet(second, min_detections=2) == []


@pytest.mark.parametrize(
    ("survey", "bad"),
    [(FinkSurvey.ZTF, 0), (FinkSurvey.LSST, 3)],
)
def test_real_alerts_say_how_good_they_are(survey: FinkSurvey, bad: int, samples: Path) -> None:
    (file,) = samples.glob(f"fink_{survey}_*alerts.avro")
    with file.open("rb") as opened:
        packets: list[Any] = list(fastavro.reader(opened))
    alerts = [convert(packet, survey, Source(topic="fink_x")).record for packet in packets]

    assert all(alert.annotations.keys() & {"candidate.rb", "fink_filters.b_good_quality"} for alert in alerts)
    assert sum(bool(unmet(alert, quality=True)) for alert in alerts) == bad
    assert all(alert.score is not None for alert in alerts)
