"""Photometry point by point into columns, without the points that SkyPortal would refuse."""

from collections import Counter
from math import isfinite

from processor.convert.fields import is_time
from schemas.record import LIGHT_CURVE_COLUMNS, LightCurve

Key = tuple[str | None, float, float, float | None]
"""By what SkyPortal tells points of an object apart: origin, mjd, fluxerr, flux."""

Point = tuple[float, str, float | None, float, float | None, float | None, str | None, int | None]
"""In the order of `LightCurve`."""


class LightCurveBuilder:
    """Collects points in the order they are added.

    One bad point makes SkyPortal refuse a whole request of many objects: it is left out and counted here. A point
    whose `Key` is there already is one row in SkyPortal, whatever its filter: kept once.
    """

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        """Points by what is wrong with them: few values, they label a metric."""
        self._points: dict[Key, Point] = {}

    def add(self, point: Point) -> None:
        """Add a point in the units of `LightCurve`; NaN is for what the packet does not say."""
        mjd, _, flux, fluxerr, _, _, origin, _ = point
        if not is_time(mjd):
            self.leave_out("mjd")
        elif flux is not None and not isfinite(flux):
            self.leave_out("flux")
        elif not (fluxerr > 0 and isfinite(fluxerr)):
            self.leave_out("fluxerr")
        else:
            self._points.setdefault((origin, mjd, fluxerr, flux), point)

    def leave_out(self, reason: str) -> None:
        """Count a point that is not worth adding."""
        self.left_out[reason] += 1

    def build(self) -> LightCurve:
        """Return what was added so far."""
        columns = zip(*self._points.values(), strict=True) if self._points else [()] * len(LIGHT_CURVE_COLUMNS)
        mjd, band, flux, fluxerr, ra, dec, origin, program_id = columns
        return LightCurve(
            mjd=mjd, filter=band, flux=flux, fluxerr=fluxerr, ra=ra, dec=dec, origin=origin, program_id=program_id
        )
