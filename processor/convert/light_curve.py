"""Photometry point by point into columns, without the points that SkyPortal would refuse."""

import math
from collections import Counter

from processor.convert.fields import Position
from schemas.record import LightCurve


class LightCurveBuilder:
    """Collects points in the order they are added.

    One bad point makes SkyPortal refuse a whole request of many objects: it is left out and counted here. A point
    whose (origin, mjd, fluxerr, flux) is there already is one row in SkyPortal, whatever its filter: kept once.
    """

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        """Points by what is wrong with them: few values, they label a metric."""
        self._keys: set[tuple[str | None, float, float, float | None]] = set()
        self._mjd: list[float] = []
        self._filter: list[str] = []
        self._flux: list[float | None] = []
        self._fluxerr: list[float] = []
        self._ra: list[float | None] = []
        self._dec: list[float | None] = []
        self._origin: list[str | None] = []
        self._program_id: list[int | None] = []

    def add(
        self,
        *,
        mjd: float,
        band: str,
        flux: float | None,
        fluxerr: float,
        position: Position,
        origin: str | None,
        program_id: int | None,
    ) -> None:
        """Add a point in the units of `LightCurve`; NaN is for what the packet does not say."""
        if not math.isfinite(mjd):
            self.leave_out("mjd")
        elif flux is not None and not math.isfinite(flux):
            self.leave_out("flux")
        elif not (math.isfinite(fluxerr) and fluxerr > 0):
            self.leave_out("fluxerr")
        elif (key := (origin, mjd, fluxerr, flux)) not in self._keys:
            self._keys.add(key)
            self._mjd.append(mjd)
            self._filter.append(band)
            self._flux.append(flux)
            self._fluxerr.append(fluxerr)
            self._ra.append(position[0])
            self._dec.append(position[1])
            self._origin.append(origin)
            self._program_id.append(program_id)

    def leave_out(self, reason: str) -> None:
        """Count a point that is not worth adding."""
        self.left_out[reason] += 1

    def build(self) -> LightCurve:
        """Return what was added so far."""
        return LightCurve(
            mjd=tuple(self._mjd),
            filter=tuple(self._filter),
            flux=tuple(self._flux),
            fluxerr=tuple(self._fluxerr),
            ra=tuple(self._ra),
            dec=tuple(self._dec),
            origin=tuple(self._origin),
            program_id=tuple(self._program_id),
        )
