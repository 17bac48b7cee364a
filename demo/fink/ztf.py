"""ZTF's alerts of one object in the night, as Fink sends them."""

import datetime as dt
import functools
import math
from collections.abc import Mapping
from typing import Any

from demo.fink import cutouts, multi_messenger, ztf_sky
from demo.fink.alert import MINOR_PLANET, FinkAlert
from demo.fink.chance import Dice
from demo.fink.features import features
from demo.fink.structs import float32
from demo.fink.ztf_kinds import KINDS, Kind
from demo.fink.ztf_schema import CANDIDATE, CUTOUTS, PRV_CANDIDATE

_EXPOSURE_APART_DAYS = 0.02
_NONE = "None"
_ANOMALY_SCORES = ("", "_beta", "_anais", "_emille", "_julien", "_maria", "_emille_30days", "_varvara")
_SCORES = ("rf_snia_vs_nonia", "snn_snia_vs_nonia", "snn_sn_vs_all", "mulens", "rf_kn_vs_nonkn")
_NEVER_LOW = ("snn_snia_vs_nonia", "snn_sn_vs_all")
_DETECTED = {
    "sgmag1": (18, 21),
    "srmag1": (18, 21),
    "simag1": (18, 21),
    "szmag1": (18, 21),
    "sgscore1": (0, 1),
    "distpsnr1": (0.2, 6),
    "distpsnr2": (6, 12),
    "sgscore2": (0, 1),
    "srmag2": (20, 22),
    "simag2": (20, 22),
    "szmag2": (19, 21),
    "distpsnr3": (8, 15),
    "sgscore3": (0, 1),
    "dsnrms": (5, 20),
    "ssnrms": (9, 25),
    "dsdiff": (-5, -3),
    "zpclrcov": (-3e-4, 0),
    "zpmed": (25, 26),
    "clrmed": (0.5, 1.2),
    "clrrms": (0.1, 0.3),
    "neargaia": (0.2, 20),
    "neargaiabright": (30, 80),
    "maggaia": (14, 20),
    "maggaiabright": (12, 14),
    "drb": (0.6, 1),
}
_NO_NEIGHBOUR = dict.fromkeys(("sgmag1", "srmag1", "simag1", "szmag1", "sgscore1", "distpsnr1"), -999.0)


class ZtfObject:
    """The ``number``-th object of the night that ``seed`` stands for; ``times`` are the JD of its alerts.

    Without ``kind`` chance decides which it is. Of the counterpart of an event, every detection makes two alerts.
    """

    def __init__(self, seed: int, number: int, kind: Kind | None = None) -> None:
        self._seed = (seed, "ztf", number)
        self._number = number
        dice = Dice(*self._seed)
        self.kind = kind or KINDS[dice.pick(tuple(KINDS), [one.share for one in KINDS.values()])]
        visits = 1 if self.kind.roid else dice.pick((1, 2, 3, 4), (0.5, 0.3, 0.15, 0.05))
        start = dice.uniform(
            ztf_sky.DUSK_JD + _EXPOSURE_APART_DAYS, ztf_sky.DAWN_JD - visits * 2 * _EXPOSURE_APART_DAYS
        )
        self._tonight = tuple(
            round(start + visit * dice.uniform(1, 2) * _EXPOSURE_APART_DAYS, 7) for visit in range(visits)
        )
        self._event = multi_messenger.EVENTS[self.kind.event](seed) if self.kind.event else None
        self.times = self._tonight * 2 if self._event else self._tonight
        self.topics = tuple(topic for topic, probability in self.kind.topics.items() if dice.happens(probability))
        self.name = f"ZTF26aa{_letters(number, Dice(seed, 'ztf names').whole(0, 26**5))}"

    def alert(self, visit: int) -> FinkAlert:
        """Return the alert of that visit of the night, with the history up to then."""
        again, visit = divmod(visit, len(self._tonight))
        alert = FinkAlert(survey="ztf", topics=self.topics, packet=self._packet(visit))
        if again and self._event:
            return multi_messenger.joined(self._event, alert, Dice(*self._seed, "event", visit))
        return alert

    def _packet(self, visit: int) -> dict[str, Any]:
        dice = Dice(*self._seed, visit)
        now = self._tonight[visit]
        (detection,) = (point for point in self._sky.points if point["jd"] == now)
        history = [dict(point) for point in self._sky.points if now - ztf_sky.HISTORY_DAYS < point["jd"] < now]
        candidate = self._candidate(detection, history, dice)
        return {
            "candid": detection["candid"],
            "schemavsn": "4.02",
            "publisher": "Fink",
            "objectId": self.name,
            "candidate": candidate,
            "prv_candidates": history,
            **self._cutouts(candidate, visit),
            **self._fink(candidate, history, dice),
        }

    @functools.cached_property
    def _sky(self) -> ztf_sky.Exposures:
        return ztf_sky.Exposures(
            Dice(*self._seed, "sky"),
            self.kind,
            number=self._number,
            tonight=self._tonight,
            place=self._event.place(Dice(*self._seed, "place")) if self._event else None,
        )

    def _candidate(self, detection: Mapping[str, Any], history: list[dict[str, Any]], dice: Dice) -> dict[str, Any]:
        jd = detection["jd"]
        measured = {name: detection[name] for name in PRV_CANDIDATE.names}
        earlier = [point["jd"] for point in history if point["magpsf"] is not None]
        moving = self.kind.roid == MINOR_PLANET
        return CANDIDATE(
            **{name: dice.uniform(*ends) for name, ends in _DETECTED.items()}
            | (_NO_NEIGHBOUR if dice.happens(0.05) else {})
            | ({"drb": None} if dice.happens(0.03) else {}),
            **measured
            | {
                # The alert itself always says t or f, whatever the history says.
                "isdiffpos": "t" if detection["isdiffpos"] == "1" else "f",
                "pdiffimfilename": ztf_sky.image_name(jd, detection["fid"], detection["rcid"], detection["field"]),
                "ssdistnr": dice.uniform(0.1, 3) if moving else -999.0,
                "ssmagnr": dice.uniform(17, 20) if moving else -999.0,
                "ssnamenr": str(10_000 + self._number) if moving else "null",
            },
            **{f"objectidps{n}": 100_962_670_000_000_000 + dice.whole(0, 10**10) for n in (1, 2, 3)},
            sgmag2=-999.0,
            sgmag3=-999.0,
            srmag3=-999.0,
            simag3=-999.0,
            szmag3=-999.0,
            ndethist=len(earlier) + 1,
            ncovhist=dice.whole(300, 2500),
            jdstarthist=min([self._sky.first_seen, *earlier]),
            jdendhist=jd,
            tooflag=0,
            nmtchps=dice.whole(3, 54),
            rfid=detection["field"] * 1_000_000 + 120_200 + detection["rcid"],
            jdstartref=2458217.00838,
            jdendref=2458371.626192,
            nframesref=dice.whole(15, 40),
            nmatches=dice.whole(300, 2500),
            exptime=30.0,
            drbversion="d6_m7",
        )

    def _cutouts(self, candidate: Mapping[str, Any], visit: int) -> dict[str, Any]:
        sign = 1 if candidate["isdiffpos"] == "t" else -1
        snr = sign * 1.0857 / candidate["sigmapsf"]
        images = cutouts.stamps(
            Dice(*self._seed, "cutouts"), cutouts.ZTF_SIZE, of=visit, snr=snr, sky=70.0, noise=7.0, host=25.0
        )
        candid, pid = candidate["candid"], candidate["pid"]
        files = (
            (f"candid{candid}_pid{pid}_targ_sci.fits.gz", images.science),
            (f"candid{candid}_ref.fits.gz", images.template),
            # Of a detection that is negative ZTF writes template - science: its source is bright in every difference.
            (f"candid{candid}_pid{pid}_targ_scimref.fits.gz", sign * images.difference),
        )
        return {
            name: struct(fileName=file, stampData=cutouts.ztf_stamp(image))
            for (name, struct), (file, image) in zip(CUTOUTS.items(), files, strict=True)
        }

    def _fink(self, candidate: Mapping[str, Any], history: list[dict[str, Any]], dice: Dice) -> dict[str, Any]:
        """Return what Fink adds."""
        jd = candidate["jd"]
        in_gaia, has_rate = dice.happens(0.6), dice.happens(0.65)
        no_parallax = dice.pick((math.nan, None), (0.9, 0.1))
        bands = {"g": 1, "r": 2}
        seen = [point for point in [*history, candidate] if point["magpsf"] is not None]
        magnitudes = {band: [point["magpsf"] for point in seen if point["fid"] == fid] for band, fid in bands.items()}
        anomalous = all(magnitudes.values())
        first = min(point["jd"] for point in seen)
        scores = {
            name: dice.uniform(*self.kind.scores.get(name, (0.0, 0.49 if name in _NEVER_LOW else 0.0)))
            for name in _SCORES
        }
        rates = ("mag_rate", "sigma_rate", "lower_rate", "upper_rate", "delta_time")
        return {
            "brokerIngestTimestamp": _text(jd, minutes=3),
            "brokerStartProcessTimestamp": _text(jd, minutes=6),
            "fink_broker_version": "4.1",
            "fink_science_version": "8.41.0",
            "cdsxmatch": dice.pick(self.kind.simbad),
            "tns": dice.pick(("SN Ia", "SN II", "SN Ib/c")) if "fink_tns_match_ztf" in self.topics else "",
            "DR3Name": f"Gaia DR3 {4 * 10**18 + dice.whole(0, 10**15)}" if in_gaia else "nan",
            "Plx": float32(dice.uniform(0, 3)) if in_gaia else no_parallax,
            "e_Plx": float32(dice.uniform(0.02, 0.3)) if in_gaia else no_parallax,
            "gaiaVarFlag": 0,
            "gaiaClass": "nan",
            "vsx": dice.pick(("nan", "Unknown", "Fail 503"), (0.94, 0.03, 0.03)),
            "spicy_id": -1,
            **dict.fromkeys(("spicy_class", "gcvs", "x3hsp", "x4lac"), "Unknown"),
            "mangrove": dict.fromkeys(("HyperLEDA_name", "2MASS_name", "lum_dist", "ang_dist"), _NONE),
            "roid": self.kind.roid,
            **scores,
            "nalerthist": candidate["ndethist"],
            **{f"anomaly_score{who}": dice.uniform(-0.04, -0.01) if anomalous else None for who in _ANOMALY_SCORES},
            **{f"lc_features_{band}": features(values, dice) for band, values in magnitudes.items()},
            "jd_first_real_det": first,
            "jdstarthist_dt": round(first - candidate["jdstarthist"], 7),
            **{name: dice.uniform(-2, 2) if has_rate else None for name in rates},
            "from_upper": has_rate and len(seen) == 1,
            "blazar_stats": {"m0": -1.0, "m1": -1.0, "m2": -1.0},
            "is_transient": self.kind.rise != (0.0, 0.0),
            "slsn_score": -1.0,
            **{name: dice.pick(found) for name, found in self.kind.matches.items()},
            "brokerEndProcessTimestamp": _text(jd, minutes=8),
        }


def _letters(number: int, offset: int) -> str:
    """Return five letters, others for every number: 7919 is prime to 26."""
    left = (number * 7919 + offset) % 26**5
    letters = ""
    for _ in range(5):
        left, letter = divmod(left, 26)
        letters += chr(ord("a") + letter)
    return letters


def _text(jd: float, minutes: int) -> str:
    return f"{ztf_sky.utc(jd) + dt.timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S.%f}"
