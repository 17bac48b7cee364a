"""The picture of one alert: its record beside its packet, and its cutouts below."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec

from processor.plot import cutouts, light_curves
from processor.plot.curve import Curve
from processor.plot.extent import NOTHING, Extent, crowded_night, extent
from processor.plot.legend import handles
from processor.plot.style import INK
from schemas.record import SkyPortalAlert

WIDTH_INCHES, DPI = 14.0, 110
HEAD_INCHES, CURVE_INCHES, ZOOM_INCHES, CUTOUT_INCHES = 1.05, 4.1, 3.0, 2.9
_LEFT, _RIGHT = 0.065, 0.985
_GAP_INCHES, _FOOT_INCHES = 0.85, 0.2
_TITLES = {"record": "Record, as SkyPortal will have it", "packet": "Packet, as Fink sent it"}


def draw(alert: SkyPortalAlert, record: Curve, packet: Curve) -> Figure:
    """Return the picture of an alert.

    Its axes are labelled record and packet, which have equal limits; where a night is crowded ``record zoom`` and
    ``packet zoom``, the same; Science, Template and Difference; and legend.
    """
    points = [*record.points, *packet.points]
    whole, zoom = extent(points), crowded_night(points)
    rows = [CURVE_INCHES, *([] if zoom is None else [ZOOM_INCHES]), CUTOUT_INCHES]
    height = HEAD_INCHES + sum(rows) + _GAP_INCHES * (len(rows) - 1) + _FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    grid = GridSpec(
        len(rows),
        2,
        figure=figure,
        height_ratios=rows,
        left=_LEFT,
        right=_RIGHT,
        top=1 - HEAD_INCHES / height,
        bottom=_FOOT_INCHES / height,
        hspace=_GAP_INCHES * len(rows) / sum(rows),
        wspace=0.05,
    )
    _write_title(figure, alert, height)
    for column, (name, curve) in enumerate({"record": record, "packet": packet}.items()):
        axes = _panel(figure, grid[0, column], name, curve, whole)
        light_curves.caption(axes, curve, _TITLES[name])
        if zoom is not None:
            axes.axvspan(*zoom.mjd, color="#eef1f6", zorder=0)
            closer = _panel(figure, grid[1, column], f"{name} zoom", curve, zoom)
            closer.set_title("The shaded night", loc="left", fontsize=10)
            light_curves.count_minutes(closer)
    _draw_cutouts(figure, grid[len(rows) - 1, :], alert, record)
    _draw_legend(figure, grid[len(rows) - 1, :], record, packet)
    return figure


def _panel(figure: Figure, place: SubplotSpec, name: str, curve: Curve, shown: Extent) -> Axes:
    axes = figure.add_subplot(place, label=name)
    light_curves.paint(axes, curve, shown)
    is_leftmost = name.startswith("record")
    axes.grid(visible=True, color="#e4e6ea", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, labelleft=is_leftmost)
    if shown is NOTHING:
        axes.set_xticks([])
        axes.set_yticks([])
    elif is_leftmost:
        axes.set_ylabel("difference flux (µJy)")
    return axes


def _write_title(figure: Figure, alert: SkyPortalAlert, height: float) -> None:
    facts = [
        f"alert {alert.alert_id}",
        f"{alert.observed_at:%Y-%m-%d %H:%M:%S} UTC",
        f"RA {alert.ra:.5f}°  Dec {alert.dec:+.5f}°".replace("-", "−"),
        *([] if alert.score is None else [f"score {alert.score:.3f}"]),
        *(["solar system"] if alert.is_solar_system else []),
    ]
    classes = [
        item.name if item.probability is None else f"{item.name} ({item.probability:.2f})"
        for item in alert.classifications
    ]
    first, second = 1 - 0.36 / height, 1 - 0.61 / height
    figure.text(_LEFT, first, alert.obj_id, fontsize=17, fontweight="bold", parse_math=False)
    figure.text(_RIGHT, first, alert.survey, fontsize=17, fontweight="bold", horizontalalignment="right")
    figure.text(_LEFT, second, "   ·   ".join(facts), fontsize=10.5, color=INK)
    figure.text(
        _RIGHT,
        second,
        "   ·   ".join(classes),
        fontsize=10.5,
        color=INK,
        horizontalalignment="right",
        parse_math=False,
    )


def _draw_cutouts(figure: Figure, place: SubplotSpec, alert: SkyPortalAlert, record: Curve) -> None:
    grid = place.subgridspec(1, 4, wspace=0.06)
    images = (alert.cutout_science, alert.cutout_template, alert.cutout_difference)
    for column, (name, data) in enumerate(zip(("Science", "Template", "Difference"), images, strict=True)):
        axes = figure.add_subplot(grid[0, column], label=name)
        axes.set_anchor("W")
        cutouts.paint(axes, data, _way_of_difference(alert, record) if name == "Difference" else name, alert.survey)


def _way_of_difference(alert: SkyPortalAlert, record: Curve) -> str:
    """Say what was taken from what: ZTF turns the difference around where the flux is negative."""
    signs = [point.flux < 0 for point in record.points if point.is_trigger]
    if alert.survey == "ZTF" and not signs:
        return "Difference"
    turned = alert.survey == "ZTF" and signs[0]
    return f"Difference: {'template − science' if turned else 'science − template'}"


def _draw_legend(figure: Figure, place: SubplotSpec, record: Curve, packet: Curve) -> None:
    axes = figure.add_subplot(place.subgridspec(1, 4)[0, 3], label="legend")
    axes.set_axis_off()
    entries = handles([*record.points, *packet.points])
    if entries:
        axes.legend(handles=entries, loc="center left", frameon=False, fontsize=10.5, labelspacing=0.65)
