"""The light curve of a record, as SkyPortal will be told of it."""

from datetime import timedelta

from processor.convert import Conversion
from processor.plot.curve import Curve, Kind, Point
from schemas.record import EPOCH, FORCED_PHOTOMETRY, MJD_OF_EPOCH, LightCurve, SkyPortalAlert

MILLISECOND_DAYS = 1 / 86_400e3
SIGMAS_OF_A_LIMIT = 5
"""A record's ``fluxerr`` is a fifth of an upper limit."""


def record_curve(conversion: Conversion) -> Curve:
    """Return all points of the record, and how many of the packet's are not among them."""
    points = _points(conversion.record)
    left_out = ", ".join(f"{count} by {reason}" for reason, count in sorted(conversion.left_out.items()))
    remarks = [*([] if points else ["the record has no light curve"]), *([f"left out: {left_out}"] if left_out else [])]
    return Curve(points=points, remark="\n".join(remarks))


def _points(record: SkyPortalAlert) -> list[Point]:
    return [_point(record, row) for row in range(len(record.photometry))]


def _is_trigger(record: SkyPortalAlert, row: int) -> bool:
    """Say whether the row is the detection that the alert is about: it is the first, unless it was left out."""
    observed_at = (record.observed_at - EPOCH) / timedelta(days=1) + MJD_OF_EPOCH
    same_time = abs(record.photometry.mjd[row] - observed_at) < MILLISECOND_DAYS
    return row == 0 and same_time and _kind(record.photometry, row) is Kind.DETECTION


def _kind(curve: LightCurve, row: int) -> Kind:
    if curve.flux[row] is None:
        return Kind.LIMIT
    return Kind.FORCED if curve.origin[row] == FORCED_PHOTOMETRY else Kind.DETECTION


def _point(record: SkyPortalAlert, row: int) -> Point:
    curve = record.photometry
    flux, sigma = curve.flux[row], curve.fluxerr[row]
    return Point(
        mjd=curve.mjd[row],
        flux=SIGMAS_OF_A_LIMIT * sigma if flux is None else flux,
        fluxerr=0.0 if flux is None else sigma,
        band=curve.filter[row].removeprefix(record.survey.lower()),
        kind=_kind(curve, row),
        is_trigger=_is_trigger(record, row),
    )
