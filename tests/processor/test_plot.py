"""``python -m processor plot``: a record beside its packet, and its cutouts, as a picture."""

import ast
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import imread
from typer.testing import CliRunner

from demo.fink import FinkAlert, night
from demo.fink.alert import LIVE, Survey
from processor.__main__ import app
from processor.convert import FinkSurvey, Source, convert
from processor.plot.curve import Curve, Kind, Point
from processor.plot.figure import draw
from processor.plot.fits_image import read
from processor.plot.packet_panel import packet_curve
from processor.plot.record_panel import record_curve
from support.packets import (
    JD,
    MJD_TAI,
    dia_source,
    forced_source,
    lsst_packet,
    solar_system_packet,
    ztf_detection,
    ztf_limit,
    ztf_packet,
)

Packet = dict[str, Any]

SURVEYS: tuple[Survey, ...] = ("ztf", "lsst")
MULTI_MESSENGER = {"objectId": "ZTF26aamcbly", "triggerId": "77", "jd": JD, "ztf_ra": 10.0, "ztf_dec": -3.0}
WITHOUT = (
    "import runpy, sys; sys.modules[sys.argv.pop(1)] = None;"
    "runpy.run_module('processor', run_name='__main__', alter_sys=True)"
)


@cache
def alerts(survey: Survey, count: int = 80) -> tuple[FinkAlert, ...]:
    """Return the alerts of a made-up night that have a light curve."""
    made_up = night(seed=11, alerts=count, surveys=(survey,))
    return tuple(alert for alert in made_up if alert.packet.keys() & {"candidate", "diaSource"})


def write(path: Path, *packets: Packet, survey: Survey = "ztf") -> Path:
    with path.open("wb") as file:
        fastavro.writer(file, LIVE[survey].parsed, packets)
    return path


def survey_of(packet: Packet) -> FinkSurvey:
    return FinkSurvey.LSST if "diaSource" in packet else FinkSurvey.ZTF


def curves(packet: Packet) -> tuple[Curve, Curve]:
    return record_curve(convert(packet, survey_of(packet), Source(topic="t"))), packet_curve(packet)


def picture(packet: Packet) -> Figure:
    return draw(convert(packet, survey_of(packet), Source(topic="t")).record, *curves(packet))


def axes_of(figure: Figure, name: str) -> Axes:
    (found,) = [axes for axes in figure.axes if axes.get_label() == name]
    return found


def texts(axes: Axes) -> str:
    titles = (axes.get_title(loc) for loc in ("left", "center", "right"))
    return "\n".join([*titles, *(text.get_text() for text in axes.texts)])


def plotted(axes: Axes) -> Iterator[tuple[str, float, float, float]]:
    """Yield band and kind, mjd, flux and error bar of every point that is drawn."""
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        line, _, bars = container.lines
        lengths = [(high - low) / 2 for (_, low), (_, high) in bars[0].get_segments()] if bars else None
        for number, (mjd, flux) in enumerate(np.asarray(line.get_xydata())):
            yield str(container.get_label()), mjd, flux, lengths[number] if lengths else 0.0


def measured(curve: Curve) -> list[tuple[float, str, str, float, float, bool]]:
    """Return what the record must have of a curve, in an order that rounding does not change."""
    return sorted(
        (point.mjd, point.band, point.kind.name, point.flux, point.fluxerr, point.is_trigger)
        for point in curve.points
        if point.kind is not Kind.ASIDE
    )


def assert_same(record: Curve, packet: Curve) -> None:
    ours, theirs = measured(record), measured(packet)
    assert [point[:3] for point in ours] == [point[:3] for point in theirs]
    assert [point[3:5] for point in ours] == [pytest.approx(point[3:5], rel=1e-8) for point in theirs]
    assert [point[5] for point in ours] == [point[5] for point in theirs]
    assert sum(point[5] for point in ours) == 1


@pytest.mark.parametrize("survey", SURVEYS)
def test_a_png_is_written_and_its_path_printed(survey: Survey, tmp_path: Path) -> None:
    file = write(tmp_path / "night.avro", *(alert.packet for alert in alerts(survey)[:3]), survey=survey)

    result = CliRunner().invoke(app, ["plot", str(file), "--index", "2", "--output", str(tmp_path / "out.png")])

    assert (result.exit_code, result.output) == (0, f"{tmp_path / 'out.png'}\n")
    height, width, _ = imread(tmp_path / "out.png").shape
    assert width == 1540
    assert height == pytest.approx(picture(alerts(survey)[2].packet).get_figheight() * 110, abs=1)


def test_without_output_the_png_is_named_after_the_file_and_the_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "night.avro", *(alert.packet for alert in alerts("ztf")[:2]))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    result = CliRunner().invoke(app, ["plot", str(file), "--index", "1"])

    assert (result.exit_code, result.output) == (0, "night-1.png\n")
    assert imread(tmp_path / "here/night-1.png").size > 0


@pytest.mark.parametrize("survey", SURVEYS)
def test_what_is_drawn_of_the_record_is_its_photometry(survey: Survey) -> None:
    for packet in (alert.packet for alert in alerts(survey)[:5]):
        curve = convert(packet, survey_of(packet), Source(topic="t")).record.photometry
        expected = [
            (
                f"{name[-1]} {'LIMIT' if flux is None else 'FORCED' if origin == 'alert_fp' else 'DETECTION'}",
                mjd,
                5 * error if flux is None else flux,
                0.0 if flux is None else error,
            )
            for name, mjd, flux, error, origin in zip(
                curve.filter, curve.mjd, curve.flux, curve.fluxerr, curve.origin, strict=True
            )
        ]

        drawn = list(plotted(axes_of(picture(packet), "record")))

        assert [point[0] for point in sorted(drawn)] == [point[0] for point in sorted(expected)]
        assert [point[1:] for point in sorted(drawn)] == [pytest.approx(point[1:]) for point in sorted(expected)]


@pytest.mark.parametrize("survey", SURVEYS)
def test_both_panels_say_the_same_of_every_alert_of_a_night(survey: Survey) -> None:
    kinds: set[Kind] = set()
    fainter = 0
    for alert in alerts(survey):
        record, packet = curves(alert.packet)
        assert_same(record, packet)
        kinds |= {point.kind for point in record.points}
        fainter += sum(point.flux < 0 for point in record.points)
    assert kinds == {Kind.DETECTION, Kind.LIMIT if survey == "ztf" else Kind.FORCED}
    assert fainter > 10


@pytest.mark.parametrize("survey", SURVEYS)
def test_both_panels_say_the_same_of_every_real_alert(survey: Survey, samples: Path) -> None:
    (file,) = samples.glob(f"fink_{survey}_*alerts.avro")
    with file.open("rb") as opened:
        for packet in fastavro.reader(opened):
            assert isinstance(packet, dict)
            assert_same(*curves(packet))


@pytest.mark.parametrize(
    "wrong",
    [{"magpsf": 18.001}, {"jd": JD + 1e-7}, {"isdiffpos": "f"}, {"fid": 1}, {"sigmapsf": 0.1001}],
)
def test_the_panels_differ_where_the_record_is_wrong(wrong: Packet) -> None:
    record, _ = curves(ztf_packet(candidate=wrong))

    with pytest.raises(AssertionError):
        assert_same(record, packet_curve(ztf_packet()))


def test_the_packets_panel_knows_nothing_of_the_converter() -> None:
    folder = Path(__file__).parents[2] / "processor/plot"
    names = {
        node.module
        for file in ("packet_panel.py", "curve.py")
        for node in ast.walk(ast.parse((folder / file).read_text()))
        if isinstance(node, ast.ImportFrom)
    }

    assert {name for name in names if name and name.startswith(("processor", "schemas"))} == {"processor.plot.curve"}


@pytest.mark.parametrize("survey", SURVEYS)
def test_both_panels_have_the_same_limits(survey: Survey) -> None:
    for alert in alerts(survey)[:5]:
        record, packet = (axes_of(picture(alert.packet), name) for name in ("record", "packet"))

        assert record.get_xlim() == packet.get_xlim()
        assert record.get_ylim() == packet.get_ylim()
        assert all(record.get_xlim()[0] < mjd < record.get_xlim()[1] for _, mjd, _, _ in plotted(record))


def test_the_alerts_own_detection_is_ringed_in_both_panels() -> None:
    packet = lsst_packet(
        history=[dia_source(midpointMjdTai=MJD_TAI - 3, psfFlux=99.0)], forced=[forced_source(psfFlux=7.0)]
    )
    for name in ("record", "packet"):
        (ring,) = [line for line in axes_of(picture(packet), name).lines if "detection" in str(line.get_label())]

        assert ring.get_xydata() == pytest.approx(np.array([[MJD_TAI - 37 / 86400, 8.1305]]))


def test_rows_that_the_record_leaves_out_are_marked_in_the_packets_panel() -> None:
    rubin = lsst_packet(history=[dia_source(midpointMjdTai=MJD_TAI - 1, psfFlux_flag=True), dia_source(psfFlux=None)])
    ztf = ztf_packet(history=[ztf_limit(), ztf_limit(diffmaglim=19.0), ztf_limit(jd=JD), ztf_detection(fid=9)])

    for packet, count in ((rubin, 1), (ztf, 3)):
        record, sent = curves(packet)
        assert sum(point.kind is Kind.ASIDE for point in sent.points) == count
        assert not any(point.kind is Kind.ASIDE for point in record.points)
        assert f"{count} left out" in texts(axes_of(picture(packet), "packet"))
        assert_same(record, sent)
    assert "left out: 1 by flux, 1 by psfFlux_flag" in texts(axes_of(picture(rubin), "record"))
    assert "1 more without time, flux or error" in texts(axes_of(picture(rubin), "packet"))


def test_outliers_of_a_long_history_do_not_flatten_it_and_are_told() -> None:
    history = [dia_source(midpointMjdTai=MJD_TAI - day, psfFlux=900.0 + day) for day in range(1, 60)]
    history += [
        dia_source(midpointMjdTai=MJD_TAI - 60, psfFlux=-5e7),
        dia_source(midpointMjdTai=MJD_TAI - 61, psfFlux=4e7),
    ]

    axes = axes_of(picture(lsst_packet(source={"psfFlux": 2000.0}, history=history)), "record")

    assert axes.get_ylim()[0] > -10
    assert 2.0 < axes.get_ylim()[1] < 10
    assert "▲ 1 above, up to 40,000 µJy" in texts(axes)
    assert "▼ 1 below, down to −50,000 µJy" in texts(axes)


def test_a_crowded_night_is_shown_once_more_and_closer() -> None:
    crowd = [dia_source(midpointMjdTai=MJD_TAI - 9 + minute / 1440, psfFlux=5000.0 + minute) for minute in range(300)]

    figure = picture(lsst_packet(history=crowd))

    for name in ("record zoom", "packet zoom"):
        assert len(list(plotted(axes_of(figure, name)))) == 300
        assert axes_of(figure, name).get_xlim() == pytest.approx((MJD_TAI - 9, MJD_TAI - 9 + 300 / 1440), abs=0.03)
        assert "minutes from MJD" in axes_of(figure, name).get_xlabel()


def test_the_title_names_the_alert_its_time_score_and_class() -> None:
    packet = next(alert.packet for alert in alerts("lsst") if not alert.packet["pred"]["is_sso"])
    record = convert(packet, FinkSurvey.LSST, Source(topic="t")).record

    title = "\n".join(text.get_text() for text in picture(packet).texts)

    assert record.classifications
    assert record.score is not None
    for said in (
        record.obj_id,
        record.alert_id,
        "LSST",
        f"{record.observed_at:%Y-%m-%d %H:%M:%S} UTC",
        f"score {record.score:.3f}",
        record.classifications[0].name,
    ):
        assert said in title


def test_a_multi_messenger_packet_has_no_light_curve_and_its_picture_says_so() -> None:
    figure = picture(MULTI_MESSENGER)

    assert "a multi-messenger packet has no light curve" in texts(axes_of(figure, "packet"))
    assert "the record has no light curve" in texts(axes_of(figure, "record"))
    figure.draw_without_rendering()


@pytest.mark.parametrize("packet", [ztf_packet(), solar_system_packet(), ztf_packet(candidate={"magpsf": None})])
def test_an_alert_of_one_point_or_none_without_a_picture_is_drawn(packet: Packet) -> None:
    figure = picture(packet | dict.fromkeys(("cutoutScience", "cutoutTemplate", "cutoutDifference")))

    figure.draw_without_rendering()
    for name in ("Science", "Template", "Difference"):
        assert "the alert has none" in texts(axes_of(figure, name))


@pytest.mark.parametrize("survey", SURVEYS)
def test_the_cutouts_of_the_record_are_drawn_the_right_way_up(survey: Survey) -> None:
    packet = next(alert.packet for alert in alerts(survey) if alert.packet["cutoutScience"])
    record = convert(packet, survey_of(packet), Source(topic="t")).record
    assert record.cutout_science
    cutout = read(record.cutout_science)

    (image,) = axes_of(picture(packet), "Science").images

    assert image.origin == ("upper" if survey == "ztf" else "lower")
    assert np.asarray(image.get_array()) == pytest.approx(cutout.pixels - np.median(cutout.pixels))
    assert cutout.pixels.shape == ((63, 63) if survey == "ztf" else (30, 30))
    assert (cutout.rotation == 0) is (survey == "ztf")


def test_a_difference_of_ztfs_is_turned_around_where_the_object_has_faded() -> None:
    titles = [
        axes_of(picture(packet), "Difference").get_title()
        for packet in (ztf_packet(), ztf_packet(candidate={"isdiffpos": "0"}), lsst_packet(source={"psfFlux": -900.0}))
    ]

    assert titles == [
        "Difference: science − template",
        "Difference: template − science",
        "Difference: science − template",
    ]


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ("2", "has no alert 2: the last one, counted from 0, is 1"),
        ("1", "alert 1 cannot be converted: candidate.jd is"),
    ],
)
def test_an_alert_that_cannot_be_drawn_is_named(index: str, sentence: str, tmp_path: Path) -> None:
    good, bad = alerts("ztf")[0].packet, dict(alerts("ztf")[1].packet)
    bad["candidate"] = bad["candidate"] | {"jd": None}
    file = write(tmp_path / "night.avro", good, bad)

    result = CliRunner().invoke(app, ["plot", str(file), "--index", index, "--output", str(tmp_path / "out.png")])

    assert result.exit_code == 1
    assert sentence in result.stderr
    assert str(file) in result.stderr
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("content", [None, b"no Avro"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "night.avro"
    if content is not None:
        file.write_bytes(content)

    result = CliRunner().invoke(app, ["plot", str(file), "--index", "0"])

    assert result.exit_code == 1
    assert re.search(r"night\.avro: (cannot read the file|not an Avro container file)", result.stderr)


def test_records_that_are_no_alerts_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.avro"
    schema = {"type": "record", "name": "other", "fields": [{"name": "objectId", "type": "string"}]}
    with file.open("wb") as opened:
        fastavro.writer(opened, fastavro.parse_schema(schema), [{"objectId": "ZTF26aamcbly"}])

    result = CliRunner().invoke(app, ["plot", str(file), "--index", "0"])

    assert result.exit_code == 1
    assert "neither diaSource nor candidate nor ztf_ra" in result.stderr


def test_a_png_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "night.avro", alerts("ztf")[0].packet)
    output = tmp_path / "nowhere" / "out.png"

    result = CliRunner().invoke(app, ["plot", str(file), "--index", "0", "--output", str(output)])

    assert result.exit_code == 1
    assert result.stderr == f"cannot write {output}: No such file or directory\n"


@pytest.mark.parametrize("library", ["matplotlib", "astropy"])
def test_where_a_library_is_missing_the_command_says_what_to_install(library: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT, library, "plot", str(tmp_path / "night.avro"), "--index", "0"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert result.returncode == 1
    assert result.stderr == f"plot needs {library}, which is not installed: pip install 'fink-skyportal[processor]'\n"


def test_points_of_a_packet_that_no_float_holds_are_not_drawn() -> None:
    curve = packet_curve(ztf_packet(history=[ztf_detection(jd=JD - 1, magpsf=-1e6), ztf_limit(diffmaglim=math.nan)]))

    assert [point.mjd for point in curve.points] == [pytest.approx(JD - 2400000.5)]
    assert curve.points[0] == Point(
        mjd=curve.points[0].mjd,
        flux=curve.points[0].flux,
        fluxerr=curve.points[0].fluxerr,
        band="r",
        kind=Kind.DETECTION,
    )
    assert curve.remark == "2 more without time, flux or error"
