"""Which records may be sent: SkyPortal accepts an object called ``..`` at a declination of 95 degrees."""

import math
import re
from collections.abc import Iterator

from schemas.record import LIGHT_CURVE_COLUMNS, LightCurve, SkyPortalAlert

_ID = re.compile(r"[A-Za-z0-9_\-;:+.]+")
"""What SkyPortal itself takes for the id of a source; ``/api/candidates`` takes anything."""

FULL_CIRCLE_DEG = 360.0
POLE_DEG = 90.0
LATEST_MJD = 100_000
"""In the year 2132: what is later is no mjd, and from the year 10000 on no time that Python knows."""


class Unsendable(Exception):
    """SkyPortal would store the record, or refuse all that is in one request with it; the text says what is wrong."""


def check(alert: SkyPortalAlert) -> None:
    """Raise `Unsendable`, naming everything that is wrong with ``alert``."""
    if wrong := list(_mistakes(alert)):
        raise Unsendable("; ".join(wrong))


def _mistakes(alert: SkyPortalAlert) -> Iterator[str]:
    # An address of dots alone would be another address.
    if not _ID.fullmatch(alert.obj_id) or not alert.obj_id.strip("."):
        yield f"obj_id {alert.obj_id[:100]!r} is no name for a source"
    if not 0 <= alert.ra <= FULL_CIRCLE_DEG:
        yield f"ra {alert.ra} is not between 0 and 360 degrees"
    if not -POLE_DEG <= alert.dec <= POLE_DEG:
        yield f"dec {alert.dec} is not between -90 and 90 degrees"
    yield from _in_the_light_curve(alert.photometry)
    for found in alert.classifications:
        if found.probability is not None and not 0 <= found.probability <= 1:
            yield f"probability {found.probability} of {found.name[:100]!r} is not between 0 and 1"


def _in_the_light_curve(curve: LightCurve) -> Iterator[str]:
    if any(len(getattr(curve, column)) != len(curve) for column in LIGHT_CURVE_COLUMNS):
        yield "the columns of the light curve differ in length"
        return
    if not all(0 <= mjd <= LATEST_MJD for mjd in curve.mjd):
        yield f"a point has no mjd between 0 and {LATEST_MJD}"
    # One fluxerr that is not positive makes SkyPortal refuse the points of all objects of the request.
    if not all(fluxerr > 0 and math.isfinite(fluxerr) for fluxerr in curve.fluxerr):
        yield "a point's fluxerr is not positive and finite"
    for column in (curve.flux, curve.ra, curve.dec):
        if not all(value is None or math.isfinite(value) for value in column):
            yield "a point's flux, ra or dec is not finite"
