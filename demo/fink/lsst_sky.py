"""Rubin's visits to one place: what it measured there since the survey began, and tonight."""

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.fink.chance import Dice
from demo.fink.lsst_kinds import Kind
from demo.fink.lsst_schema import DIA_SOURCE, FLAGS, PRV_FORCED_SOURCE

MIDNIGHT_MJD = 61121
"""2026-03-22 0h, the night in Chile that is ZTF's, half a day on."""
DUSK_MJD, DAWN_MJD = MIDNIGHT_MJD + 0.02, MIDNIGHT_MJD + 0.4

FORCED_SINCE_MJD = 61088
"""No forced photometry is older than 2026-02-17."""

_MIDNIGHT = dt.datetime(2026, 3, 22, tzinfo=dt.UTC)
_TAI_MINUS_UTC_SECONDS = 37
_ID_DAY_0 = 22430
_ID_BITS_PER_DAY = 42
_BANDS = ("g", "r", "i", "z")


def utc(mjd_tai: float) -> dt.datetime:
    """Return the time in UTC of a TAI date."""
    since = dt.timedelta(days=round(mjd_tai - MIDNIGHT_MJD, 9), seconds=-_TAI_MINUS_UTC_SECONDS)
    return _MIDNIGHT + since


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One exposure of the place."""

    mjd: float
    """TAI, middle of the exposure."""
    band: str
    detected: bool

    @property
    def number(self) -> int:
        """Rubin's visit: the day, which begins at noon UTC, and a counter."""
        days, fraction = divmod(self.mjd - 0.5, 1)
        day = _MIDNIGHT + dt.timedelta(days=days - MIDNIGHT_MJD)
        return int(f"{day:%Y%m%d}") * 100_000 + int(fraction * 2000)


class Visits:
    """Everything Rubin measured at one place. ``tonight`` are the visits that become alerts, as MJD (TAI)."""

    def __init__(self, dice: Dice, kind: Kind, *, number: int, tonight: Sequence[float]) -> None:
        self._dice = dice
        self._kind = kind
        self._number = number
        self.ra, self.dec = dice.uniform(0, 360, 12), dice.uniform(-70, 5, 12)
        self._band = dice.pick(_BANDS)
        self._error = dice.uniform(100, 500)
        self._snr = dice.uniform(7, 60)
        found = dice.whole(*kind.detections)
        flags = [True] * found + [False] * dice.whole(*kind.misses)
        earlier = [
            Visit(mjd=mjd, band=self._a_band(), detected=detected)
            for mjd, detected in zip(self._nights(len(flags)), flags, strict=True)
        ]
        now = [Visit(mjd=mjd, band=self._a_band(), detected=True) for mjd in tonight]
        self.visits = sorted([*earlier, *now], key=lambda visit: visit.mjd)
        self.first = min(visit.mjd for visit in self.visits if visit.detected)

    @functools.cached_property
    def object_id(self) -> int:
        """The id of the object: that of its first detection, as Rubin gives it."""
        return self._id(self.first)

    @functools.cached_property
    def sources(self) -> list[dict[str, Any]]:
        """All detections by time, as ``diaSource``; a solar-system object's have no object, its id is 0 then."""
        return [self._source(visit) for visit in self.visits if visit.detected]

    @functools.cached_property
    def forced(self) -> list[dict[str, Any]]:
        """Forced photometry of all visits by time, detections too, with another flux: it is that of the mean place."""
        return [self._forced(visit) for visit in self.visits if visit.mjd > FORCED_SINCE_MJD]

    def _nights(self, count: int) -> list[float]:
        dice = self._dice
        longest = 55 if self._kind.deep else 25
        return [dice.uniform(DUSK_MJD, DAWN_MJD, 12) - dice.whole(1, longest) for _ in range(count)]

    def _a_band(self) -> str:
        return self._dice.pick((self._band, *_BANDS), (4, 1, 1, 1, 1))

    def _id(self, mjd: float) -> int:
        day, fraction = divmod(mjd, 1)
        return (int(day) - _ID_DAY_0 << _ID_BITS_PER_DAY) + (self._number << 20) + int(fraction * 1_000_000)

    def _source(self, visit: Visit) -> dict[str, Any]:
        dice = self._dice
        sign = 1 if dice.happens(self._kind.positive) else -1
        error = self._error * dice.uniform(0.8, 1.3)
        flux = sign * error * max(5.0, self._snr * dice.uniform(0.6, 1.2))
        template = 0.0 if self._kind.is_sso else dice.uniform(2e3, 2e5)
        lies = dice.happens(0.03)
        dipole = dice.happens(0.25)
        ra, dec = round(self.ra + dice.normal(2e-5), 12), round(self.dec + dice.normal(2e-5), 12)
        object_id = 0 if self._kind.is_sso else self.object_id
        rare = {"isDipole": lies, "shape_flag": dice.happens(0.02), "psfFlux_flag": dice.happens(0.005)}
        return DIA_SOURCE(
            **dict.fromkeys(FLAGS, False)
            | rare
            # Rubin's isNegative is not always the sign of the flux.
            | {"isNegative": (flux < 0) != lies, "dipoleFitAttempted": dipole},
            **self._shape(flux, ra, dec),
            **(self._dipole(flux, error) if dipole else {}),
            diaSourceId=self._id(visit.mjd),
            visit=visit.number,
            detector=self._number % 189,
            diaObjectId=object_id,
            ssObjectId=0,
            parentDiaSourceId=0,
            midpointMjdTai=visit.mjd,
            ra=ra,
            dec=dec,
            x=dice.uniform(20, 4050),
            y=dice.uniform(20, 3980),
            apFlux=flux * dice.uniform(0.9, 1.1),
            apFluxErr=error * 1.7,
            snr=abs(flux) / error,
            psfFlux=flux,
            psfFluxErr=error,
            psfChi2=dice.uniform(1600, 1800),
            psfNdata=1681,
            trailNdata=0,
            dipoleNdata=2025 if dipole else 0,
            scienceFlux=flux + template,
            scienceFluxErr=error * 1.02,
            templateFlux=template,
            templateFluxErr=dice.uniform(10, 30),
            ixxPSF=dice.uniform(0.15, 0.3),
            iyyPSF=dice.uniform(0.15, 0.3),
            ixyPSF=dice.uniform(-0.02, 0.02),
            reliability=dice.uniform(0.5, 1) if dice.happens(0.8) else dice.uniform(0, 0.5),
            band=visit.band,
            timeProcessedMjdTai=round(visit.mjd + 0.0019, 12),
            bboxSize=dice.whole(20, 30),
        )

    def _shape(self, flux: float, ra: float, dec: float) -> dict[str, float]:
        """Return what Rubin fits to the shape, where the fits succeed."""
        dice = self._dice
        fitted: dict[str, float] = {}
        if not dice.happens(0.002):
            fitted |= {name: dice.uniform(3e-6, 2e-5, 9) for name in ("raErr", "decErr")}
            fitted |= {name: dice.uniform(0.01, 0.4) for name in ("xErr", "yErr")}
            fitted["ra_dec_Cov"] = dice.uniform(-1e-10, 1e-10, 14)
        if not dice.happens(0.1):
            fitted |= {
                "ixx": dice.uniform(0.15, 0.45),
                "iyy": dice.uniform(0.15, 0.45),
                "ixy": dice.uniform(-0.06, 0.06),
            }
            fitted |= {"trailFlux": flux * 1.03, "trailFluxErr": dice.uniform(1, 14), "trailRa": ra, "trailDec": dec}
            fitted |= {"trailLength": dice.uniform(0.4, 1.7), "trailAngle": dice.uniform(-90, 90)}
            fitted["extendedness"] = dice.uniform(0, 1)
        return fitted

    def _dipole(self, flux: float, error: float) -> dict[str, float]:
        dice = self._dice
        return {
            "dipoleMeanFlux": abs(flux) * 5,
            "dipoleMeanFluxErr": error / 2,
            "dipoleFluxDiff": 0.0,
            "dipoleFluxDiffErr": error,
            "dipoleLength": dice.uniform(0.03, 0.1),
            "dipoleAngle": dice.uniform(0, 360),
            "dipoleChi2": dice.uniform(300, 1200),
        }

    def _forced(self, visit: Visit) -> dict[str, Any]:
        dice = self._dice
        error = self._error * dice.uniform(0.8, 1.3)
        snr = self._snr * dice.uniform(0.5, 1.1) if visit.detected else dice.normal(1.5)
        flux = error * snr * (1 if dice.happens(self._kind.positive) else -1)
        return PRV_FORCED_SOURCE(
            diaForcedSourceId=self._id(visit.mjd) + 536_000_000,
            diaObjectId=self.object_id,
            ra=self.ra,
            dec=self.dec,
            visit=visit.number,
            detector=self._number % 189,
            psfFlux=flux,
            psfFluxErr=error,
            midpointMjdTai=visit.mjd,
            scienceFlux=flux + 5000.0,
            scienceFluxErr=error * 1.02,
            band=visit.band,
            timeProcessedMjdTai=round(visit.mjd + 0.002, 12),
        )
