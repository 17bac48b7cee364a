"""A light curve on the stand-in's page: what is drawn where, and what is said of the rest."""

import math
import re
from collections.abc import Sequence

import pytest

from demo.skyportal.page import light_curve, marks
from demo.skyportal.page.axis import Axis, around
from demo.skyportal.page.bands import symbol
from demo.skyportal.page.curve import Kind, Space, curve, fitting
from demo.skyportal.page.sexagesimal import sexagesimal
from demo.skyportal.state import Point


def point(
    flux: float | None, *, fluxerr: float = 1.0, mjd: float = 61_000.0, band: str = "ztfr", origin: str = "None"
) -> Point:
    return Point(
        id=1,
        obj_id="ZTF26aa",
        instrument_id=1,
        filter=band,
        mjd=mjd,
        flux=flux,
        fluxerr=fluxerr,
        origin=origin,
        ra=None,
        dec=None,
        ra_unc=None,
        dec_unc=None,
        altdata=None,
        user_data={},
        owner_id=1,
        groups=set(),
        streams=set(),
    )


def heights(points: Sequence[Point]) -> list[float]:
    """Return how far down the symbols of detections are drawn, in the order of the points."""
    drawn = light_curve.drawn(curve(points, Space.MAGNITUDE), light_curve.LARGE)
    return [float(y) for y in re.findall(r'd="M[\d.]+ ([\d.]+)a[^"]*" class="filled', drawn)]


def test_a_microjansky_has_the_magnitude_23_9() -> None:
    (mark,) = curve([point(1.0, fluxerr=0.1)], Space.MAGNITUDE).marks

    assert mark.value == pytest.approx(23.9)
    assert mark.error == pytest.approx(0.1 * 2.5 / math.log(10))


def test_brighter_is_further_up() -> None:
    faint, bright, middle = heights([point(flux, band="ztfg") for flux in (10.0, 1000.0, 100.0)])

    assert bright < middle < faint


def test_an_upper_limit_is_drawn_at_five_sigma_with_an_arrow_down() -> None:
    shown = curve([point(None, fluxerr=0.2)], Space.MAGNITUDE)

    assert [(mark.kind, round(mark.value, 3)) for mark in shown.marks] == [(Kind.LIMIT, 23.9)]
    assert re.search(
        r'd="M[\d. ]+h[\d.]+M[\d. ]+v[\d.]+m[^"]*" class="limit band-r"', light_curve.drawn(shown, light_curve.SMALL)
    )


@pytest.mark.parametrize("flux", [2.9, 0.0, -2.9])
def test_forced_photometry_below_three_sigma_is_a_limit(flux: float) -> None:
    (mark,) = curve([point(flux, origin="alert_fp")], Space.MAGNITUDE).marks

    assert (mark.kind, mark.forced) == (Kind.LIMIT, True)


def test_a_detection_stays_one_however_uncertain_it_is() -> None:
    assert [mark.kind for mark in curve([point(2.0)], Space.MAGNITUDE).marks] == [Kind.MEASURED]


def test_forced_photometry_has_open_symbols() -> None:
    shown = curve([point(50.0), point(60.0, origin="alert_fp")], Space.MAGNITUDE)
    drawn = light_curve.drawn(shown, light_curve.SMALL)

    assert drawn.count('class="open band-r"') == drawn.count('class="filled band-r"') == 1


def test_a_negative_flux_is_marked_at_the_bottom_and_counted() -> None:
    shown = fitting([point(50.0), point(60.0), point(-50.0)])

    assert shown.space is Space.MAGNITUDE
    assert 'class="cross band-r"' in light_curve.drawn(shown, light_curve.SMALL)
    assert "negative flux, which has no magnitude</span><b>1</b>" in marks.legend(shown)


def test_an_object_that_is_fainter_than_its_template_half_the_time_is_drawn_in_flux() -> None:
    shown = fitting([point(50.0), point(-50.0)])

    assert shown.space is Space.FLUX
    assert [mark.value for mark in shown.marks] == [50.0, -50.0]
    assert 'class="zero"' in light_curve.drawn(shown, light_curve.SMALL)


def test_every_point_is_drawn_or_counted_as_absurd() -> None:
    absurd = [point(1e300), point(math.inf), point(1.0, fluxerr=1e-300), point(1.0, mjd=1e308), point(math.nan)]
    shown = curve([point(5.0), *absurd], Space.MAGNITUDE)

    assert (len(shown.marks), shown.strange) == (1, len(absurd))
    assert f"not drawn, absurd values: {len(absurd)}" in marks.legend(shown)


@pytest.mark.parametrize("space", list(Space))
@pytest.mark.parametrize(
    "points",
    [
        [point(None)],
        [point(-5.0)],
        [point(1e-14, fluxerr=1e-14)],
        [point(1e14), point(1e-14), point(-1e14)],
        [point(1e-320)],
        [point(0.001, fluxerr=1e14)],
        [point(5.0, mjd=-999_999.0), point(6.0, mjd=999_999.0)],
        [point(5.0, mjd=61_000.0), point(5.0, mjd=61_000.0)],
        [point(5.0, band="")],
    ],
)
def test_whatever_is_drawn_lies_in_the_picture(points: Sequence[Point], space: Space) -> None:
    drawn = light_curve.drawn(curve(points, space), light_curve.LARGE)
    starts = [(float(x), float(y)) for x, y in re.findall(r'd="M(-?[\d.]+) (-?[\d.]+)', drawn)]

    assert starts
    assert all(0 <= x <= light_curve.LARGE.width and 0 <= y <= light_curve.LARGE.height for x, y in starts)
    assert not re.search(r'"[^"]*(nan|inf)\b[^"]*"', drawn)


def test_a_point_says_what_it_is_under_the_pointer() -> None:
    drawn = light_curve.drawn(curve([point(100.0, fluxerr=5.0)], Space.MAGNITUDE), light_curve.LARGE)

    assert "<title>ztfr, MJD 61000.00000, 18.90 ± 0.05, 100 ± 5 µJy, origin None</title>" in drawn


def test_bands_have_shapes_of_their_own() -> None:
    shapes = {symbol(f"lsst{band}", 0.0, 0.0, 3.0) for band in "ugrizy"}

    assert len(shapes) == 6


def test_a_square_stands_on_a_side_and_a_diamond_on_a_corner() -> None:
    corners = {band: re.findall(r"(-?[\d.]+) (-?[\d.]+)", symbol(band, 0.0, 0.0, 3.0)) for band in ("ztfr", "ztfi")}
    sideways = {band: sum(float(x) == 0 for x, _ in found) for band, found in corners.items()}

    assert sideways == {"ztfr": 0, "ztfi": 2}


def test_the_legend_names_each_band_with_its_points_in_the_order_of_colour() -> None:
    points = [point(5.0, band=band) for band in ("lsstz", "lsstu", "lsstr", "lsstu")]
    named = re.findall(r"<span>(\w+)</span><b>(\d)</b>", marks.legend(curve(points, Space.MAGNITUDE)))

    assert named == [("lsstu", "2"), ("lsstr", "1"), ("lsstz", "1")]


@pytest.mark.parametrize(
    ("low", "high", "about", "written"),
    [
        (61_000.0, 61_030.0, 8, ["61000", "61005", "61010", "61015", "61020", "61025", "61030"]),
        (61_121.295, 61_121.335, 5, ["61121.30", "61121.31", "61121.32", "61121.33"]),
        (-0.5, 1.0, 8, ["−0.4", "−0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_round_values(low: float, high: float, about: int, written: list[str]) -> None:
    ticks = Axis(low=low, high=high, start=0.0, end=1.0).ticks(about)

    assert [text for _, text in ticks] == written


def test_one_value_gets_an_axis_with_room_on_both_sides() -> None:
    low, high = around([20.0], at_least=1.0, margin=0.0)

    assert (low, high) == (19.5, 20.5)


@pytest.mark.parametrize(
    ("ra", "dec", "written"),
    [
        (10.684708, 41.26875, "00:42:44.33 +41:16:07.5"),
        (359.999999, -0.5, "00:00:00.00 −00:30:00.0"),
        (0, 90, "00:00:00.00 +90:00:00.0"),
        (400.0, 10.0, ""),
        ("10", 10.0, ""),
        (None, None, ""),
    ],
)
def test_a_position_is_written_in_hours_and_degrees(ra: object, dec: object, written: str) -> None:
    assert sexagesimal(ra, dec) == written
