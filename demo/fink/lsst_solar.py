"""What Rubin's alert of a solar-system object says of the body and its orbit."""

import json
from collections.abc import Mapping
from typing import Any

from demo.fink.chance import Dice
from demo.fink.lsst_schema import MPC_ORBIT, SS_SOURCE

_HALF_MONTHS = "ABCDEFGHJKLMNOPQRSTUVWXY"
_ORDER = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_YEAR = 2014
_KEPLER_DAYS = 365.2568983
_COVARIANCES = [f"cov{row}{column}" for row in range(10) for column in range(row, 10)]


class Body:
    """The ``number``-th minor planet of the night."""

    def __init__(self, dice: Dice, number: int) -> None:
        self._dice = dice
        cycle, rest = divmod(number, len(_HALF_MONTHS) * len(_ORDER))
        half, order = divmod(rest, len(_ORDER))
        letters = _HALF_MONTHS[half], _ORDER[order]
        self.designation = f"{_YEAR} {''.join(letters)}{cycle or ''}"
        self.packed = f"K{_YEAR % 100:02d}{letters[0]}{_cycle(cycle)}{letters[1]}"

    @property
    def ss_object_id(self) -> int:
        """Rubin's id: the packed designation's letters as one number."""
        return int.from_bytes(self.packed.encode(), "big")

    def ss_source(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is said of the detection. Placeholders of 0 and implausible ranges are Rubin's own."""
        dice = self._dice
        offsets = dice.uniform(-0.05, 0.05), dice.uniform(-0.05, 0.05)
        tiny = {f"{frame}_{axis}": dice.uniform(-2e-8, 2e-8, 16) for frame in ("helio", "topo") for axis in "xyz"}
        slow = {
            f"{frame}_{axis}": dice.uniform(-0.01, 0.01, 12)
            for frame in ("helio", "topo")
            for axis in ("vx", "vy", "vz", "vtot")
        }
        return SS_SOURCE(
            diaSourceId=source["diaSourceId"],
            ssObjectId=self.ss_object_id,
            designation=self.designation,
            eclLambda=dice.uniform(0, 360, 12),
            eclBeta=dice.uniform(-20, 20, 12),
            galLon=dice.uniform(0, 360, 12),
            galLat=dice.uniform(-90, 90, 12),
            elongation=dice.uniform(90, 180),
            phaseAngle=dice.uniform(1, 25),
            topoRange=dice.uniform(9e-9, 2e-8, 16),
            helioRange=dice.uniform(9e-9, 2e-8, 16),
            helioRangeRate=dice.uniform(-0.002, 0.002, 12),
            ephRa=round(source["ra"] - offsets[0] / 3600, 12),
            ephDec=round(source["dec"] - offsets[1] / 3600, 12),
            ephOffset=abs(offsets[0]) + abs(offsets[1]),
            ephOffsetRa=offsets[0],
            ephOffsetDec=offsets[1],
            diaDistanceRank=1,
            **dict.fromkeys(("topoRangeRate", "ephVmag", "ephRate", "ephRateRa", "ephRateDec"), 0.0),
            **tiny,
            **slow,
        )

    def orbit(self) -> dict[str, Any]:
        """Return the Minor Planet Center's orbit, with its JSON of some kilobytes."""
        dice = self._dice
        axis, eccentricity = dice.uniform(2.2, 3.2), dice.uniform(0.01, 0.3)
        arc, observations = dice.uniform(700, 15_000), dice.whole(30, 600)
        period = round(_KEPLER_DAYS * axis**1.5, 6)
        angles = {name: dice.uniform(0, 360) for name in ("node", "argperi", "mean_anomaly")}
        nothing = {f"{name}{unc}": 0.0 for name in ("yarkovsky", "srp", "a1", "a2", "a3", "dt") for unc in ("", "_unc")}
        uncertain = ("a", "q", "e", "i", "node", "argperi", "peri_time", "mean_anomaly", "period", "mean_motion")
        return MPC_ORBIT(
            id=0,
            designation=self.designation,
            packed_primary_provisional_designation=self.packed,
            unpacked_primary_provisional_designation=self.designation,
            mpc_orb_jsonb=self._json(),
            created_at=0,
            updated_at=0,
            orbit_type_int=-1,
            u_param=0,
            nopp=dice.whole(2, 20),
            arc_length_total=arc,
            arc_length_sel=arc,
            nobs_total=observations,
            nobs_total_sel=observations,
            a=axis,
            q=round(axis * (1 - eccentricity), 9),
            e=eccentricity,
            i=dice.uniform(0.5, 25),
            peri_time=dice.uniform(61_200, 62_500),
            period=period,
            mean_motion=round(360 / period, 12),
            epoch_mjd=61_000.0,
            h=dice.uniform(15, 20, 3),
            g=0.15,
            not_normalized_rms=0.0,
            normalized_rms=dice.uniform(0.3, 0.9, 6),
            earth_moid=0.0,
            fitting_datetime=0,
            **angles,
            **nothing,
            **{f"{name}_unc": dice.uniform(1e-9, 1e-5, 14) for name in uncertain},
        )

    def _json(self) -> str:
        dice = self._dice
        frames = {
            frame: {
                "covariance": {name: dice.uniform(-1e-12, 1e-12, 24) for name in _COVARIANCES},
                "eigenvalues": [dice.uniform(0, 1e-10, 20) for _ in range(10)],
                "element_order": ["x", "y", "z", "vx", "vy", "vz", "yarkovski", "srp", "A1", "A2"],
            }
            for frame in ("CAR", "COM")
        }
        return json.dumps({**frames, "designation_data": {"permid": None, "packed": self.packed}})


def _cycle(cycle: int) -> str:
    """Return the two characters of a packed designation's cycle, good up to 619."""
    tens, ones = divmod(cycle, 10)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return f"{letters[tens]}{ones}"
