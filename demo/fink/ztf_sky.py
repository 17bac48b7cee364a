"""ZTF's exposures of one object: what it measured there in the last month, and tonight."""

import datetime as dt
from typing import Any

from demo.fink.chance import Dice
from demo.fink.ztf_kinds import Kind
from demo.fink.ztf_schema import PRV_CANDIDATE

MIDNIGHT_JD = 2461121.5
"""2026-03-22 0h UTC, before dusk in California: the night that is made up."""
DUSK_JD, DAWN_JD = MIDNIGHT_JD + 0.13, MIDNIGHT_JD + 0.54

HISTORY_DAYS = 30

_NIGHT_NUMBER_0 = 2457754.5
_G, _R, _I = 1, 2, 3
_LIMITS = {_G: 20.4, _R: 20.2, _I: 19.6}
_CLEAR_NIGHTS = 0.6
_FOUND = 0.5

_LOWEST_RB = 0.55
_JOINED_RB = 0.71
"""Below, Fink drops the alert, and does not join it to another messenger's event."""

_MEASURED = {
    "xpos": (20, 3050),
    "ypos": (20, 3050),
    "chipsf": (0.3, 2),
    "sigmagap": (0.05, 0.3),
    "distnr": (0.1, 6),
    "magnr": (16, 21),
    "sigmagnr": (0.01, 0.2),
    "chinr": (0.3, 8),
    "sharpnr": (-0.2, 0.6),
    "sky": (-1, 4),
    "magdiff": (-0.3, 0.5),
    "fwhm": (1.2, 2.8),
    "classtar": (0.45, 1),
    "mindtoedge": (20, 1500),
    "magfromlim": (0, 2),
    "seeratio": (0.9, 2),
    "aimage": (0.6, 1.1),
    "bimage": (0.5, 1),
    "aimagerat": (0.3, 0.5),
    "bimagerat": (0.3, 0.5),
    "elong": (1, 1.4),
    "sumrat": (0.8, 1),
    "sigmagapbig": (0.05, 0.5),
    "scorr": (5, 30),
}


def night_number(jd: float) -> int:
    """Return ZTF's number of that night."""
    return int(jd - _NIGHT_NUMBER_0)


def utc(jd: float) -> dt.datetime:
    """Return the time, to the microsecond that JD's float still holds."""
    return dt.datetime(2026, 3, 22, tzinfo=dt.UTC) + dt.timedelta(days=round(jd - MIDNIGHT_JD, 7))


def image_name(jd: float, fid: int, rcid: int, field: int) -> str:
    """Return the name of the difference image."""
    day = f"{utc(jd):%Y%m%d}{_fraction(jd):06d}"
    return f"ztf_{day}_{field:06d}_z{'?gri'[fid]}_c{rcid // 4 + 1:02d}_o_q{rcid % 4 + 1}_scimrefdiffimg.fits"


class Exposures:
    """Everything ZTF measured at one place: detections and upper limits in the form of ``prv_candidates``.

    ``tonight`` are the JD of tonight's detections that become alerts; ``place`` is RA and declination, if it matters.
    """

    def __init__(
        self,
        dice: Dice,
        kind: Kind,
        *,
        number: int,
        tonight: tuple[float, ...],
        place: tuple[float, float] | None = None,
    ) -> None:
        self._dice = dice
        self._kind = kind
        self._number = number
        self.ra, self.dec = place or (dice.uniform(0, 360), dice.uniform(-28, 80))
        self.field, self._rcid = dice.whole(250, 850), dice.whole(0, 62)
        self._magnitude = dice.uniform(16.5, 19.3)
        self._rise = dice.uniform(*kind.rise)
        self.first_seen = round(tonight[0] - dice.uniform(*kind.first_seen_days), 7)
        points = [self._exposure(jd, dice.pick((_G, _R)), must_detect=True) for jd in tonight]
        for jd in self._other_times(tonight):
            points += self._repeated(self._exposure(jd, dice.pick((_G, _R, _I), (0.35, 0.4, 0.25))))
        self.points: list[dict[str, Any]] = sorted(points, key=lambda point: (point["jd"], point["rcid"]))
        """By time. Of tonight's, ``isdiffpos`` is '1' or '0', of earlier nights' 't' or 'f', as ZTF's are."""

    def _other_times(self, tonight: tuple[float, ...]) -> list[float]:
        """Exposures that made no alert: earlier nights', and tonight's in the i band or without a detection."""
        dice = self._dice
        times = []
        for day in range(1, HISTORY_DAYS + 1):
            if dice.happens(_CLEAR_NIGHTS):
                times += [dice.uniform(DUSK_JD - day, DAWN_JD - day) for _ in range(dice.whole(1, 4))]
        return [*times, *(round(jd - dice.uniform(0.003, 0.012), 7) for jd in tonight if dice.happens(0.3))]

    def _exposure(self, jd: float, fid: int, *, must_detect: bool = False) -> dict[str, Any]:
        dice = self._dice
        magnitude = self._magnitude + self._rise * (DUSK_JD - jd) + (0.0 if fid == _R else 0.2) + dice.normal(0.08)
        limit = _LIMITS[fid] + dice.normal(0.4)
        if jd > DUSK_JD:  # in g and r it would be an alert; Fink drops the i band's alerts and keeps its history
            seen = must_detect or (fid == _I and self.first_seen < jd)
        else:
            seen = self.first_seen <= jd and magnitude < limit and dice.happens(_FOUND)
        if seen:
            return self._point(jd, fid, max(limit, magnitude + 0.3)) | self._detection(jd, magnitude, limit)
        return self._point(jd, fid, limit)

    def _point(self, jd: float, fid: int, limit: float, rcid: int | None = None) -> dict[str, Any]:
        dice = self._dice
        quadrant = self._rcid if rcid is None else rcid
        name = image_name(jd, fid, quadrant, self.field)
        return PRV_CANDIDATE(
            jd=jd,
            fid=fid,
            pid=_process_id(jd, quadrant),
            diffmaglim=limit,
            pdiffimfilename=f"/ztf/archive/sci/{utc(jd):%Y/%m%d}/{_fraction(jd):06d}/{name}.fz",
            programpi=dice.pick(("Kasliwal/Graham", "Prince"), (0.95, 0.05)),
            programid=1,
            nid=night_number(jd),
            rcid=quadrant,
            field=self.field,
            magzpsci=dice.uniform(25, 26.4),
            magzpsciunc=dice.uniform(1e-6, 4e-4),
            magzpscirms=dice.uniform(0.02, 0.1),
            clrcoeff=dice.uniform(-0.1, 0.2),
            clrcounc=dice.uniform(1e-6, 2e-4),
            rbversion="t17_f5_c3",
        )

    def _detection(self, jd: float, magnitude: float, limit: float) -> dict[str, Any]:
        dice = self._dice
        yes, no = ("1", "0") if jd > DUSK_JD else ("t", "f")
        measured = PRV_CANDIDATE(
            **{name: dice.uniform(*ends) for name, ends in _MEASURED.items()},
            candid=_process_id(jd, self._rcid) * 1_000_000 + 10_000 + self._number % 900_000,
            tblid=self._number % 900_000,
            isdiffpos=yes if dice.happens(self._kind.positive) else no,
            ra=round(self.ra + dice.normal(3e-5), 7),
            dec=round(self.dec + dice.normal(3e-5), 7),
            magpsf=magnitude,
            sigmapsf=max(0.02, 0.2 - 0.05 * (limit - magnitude)) + dice.uniform(0, 0.02),
            magap=magnitude + dice.normal(0.15),
            magapbig=magnitude + dice.normal(0.15),
            nneg=dice.whole(0, 5),
            nbad=0,
            rb=dice.uniform(_JOINED_RB if self._kind.event else _LOWEST_RB, 1),
            ranr=round(self.ra + 1e-4, 7),
            decnr=round(self.dec - 1e-4, 7),
        )
        return {name: value for name, value in measured.items() if value is not None}

    def _repeated(self, point: dict[str, Any]) -> list[dict[str, Any]]:
        """Now and then two quadrants of one exposure overlap: the same jd and fid again, with another limit."""
        if point["magpsf"] is not None or not self._dice.happens(0.02):
            return [point]
        twin = self._point(point["jd"], point["fid"], point["diffmaglim"] - 0.35, rcid=self._rcid + 1)
        return [point, twin]


def _fraction(jd: float) -> int:
    """Return the millionths of the UTC day."""
    return int((jd + 0.5) % 1 * 1_000_000)


def _process_id(jd: float, rcid: int) -> int:
    return ((night_number(jd) * 100_000 + _fraction(jd) // 10) * 100 + rcid) * 100 + 15
