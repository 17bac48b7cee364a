"""Rubin's alerts of one object in the night, as Fink sends them."""

import datetime as dt
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from demo.fink import cutouts, lsst_schema, lsst_sky
from demo.fink.alert import FinkAlert
from demo.fink.chance import Dice
from demo.fink.features import features
from demo.fink.lsst_kinds import KINDS, Kind
from demo.fink.lsst_solar import Body

_MJD_TO_JD_UTC = 2400000.5 - 37 / 86400
_VISITS_APART_DAYS = 0.02
_CATS_SUPERNOVA = 11


class LsstObject:
    """The ``number``-th object of the night that ``seed`` stands for; ``times`` are the JD, in UTC, of its alerts.

    Without ``kind`` chance decides which it is.
    """

    def __init__(self, seed: int, number: int, kind: Kind | None = None) -> None:
        self._seed = (seed, "lsst", number)
        self._number = number
        dice = Dice(*self._seed)
        self.kind = kind or KINDS[dice.pick(tuple(KINDS), [one.share for one in KINDS.values()])]
        visits = 1 if self.kind.is_sso else dice.pick((1, 2, 3, 4), (0.6, 0.25, 0.1, 0.05))
        start = dice.uniform(lsst_sky.DUSK_MJD, lsst_sky.DAWN_MJD - visits * 2 * _VISITS_APART_DAYS, 12)
        steps = (dice.uniform(1, 2) for _ in range(visits))
        self._tonight = tuple(round(start + visit * step * _VISITS_APART_DAYS, 12) for visit, step in enumerate(steps))
        self.times = tuple(mjd + _MJD_TO_JD_UTC for mjd in self._tonight)
        self.topics = tuple(topic for topic, probability in self.kind.topics.items() if dice.happens(probability))

    def alert(self, visit: int) -> FinkAlert:
        """Return the alert of that visit of the night, with the history up to then."""
        dice = Dice(*self._seed, visit)
        now = self._tonight[visit]
        seen = [source for source in self._sky.sources if source["midpointMjdTai"] <= now]
        # No solar-system object is 0 in the alert's own source, and null in the same source as history.
        source, history = dict(seen[-1]), [earlier | {"ssObjectId": None} for earlier in seen[:-1]]
        forced = [dict(point) for point in self._sky.forced if point["midpointMjdTai"] <= now]
        if self.kind.is_sso:
            solar = self._body(source)
        else:
            solar = {"ssSource": lsst_schema.SS_SOURCE(), "mpc_orbits": lsst_schema.MPC_ORBIT()}
        packet = {
            "diaSourceId": source["diaSourceId"],
            "observation_reason": "ddf_cosmos" if self.kind.deep else "field_survey",
            "target_name": "ddf_cosmos, lowdust" if self.kind.deep else "lowdust",
            "diaSource": source,
            "prvDiaSources": history or None,
            # Nothing is measured before the first detection: then the field is missing or, rarely, empty.
            "prvDiaForcedSources": forced if history else self._no_forced(dice),
            "diaObject": self._object(seen, now),
            **solar,
            **self._cutouts(source, visit),
            **self._fink(seen, now, dice),
        }
        return FinkAlert(survey="lsst", topics=self.topics, packet=packet)

    @functools.cached_property
    def _sky(self) -> lsst_sky.Visits:
        return lsst_sky.Visits(Dice(*self._seed, "sky"), self.kind, number=self._number, tonight=self._tonight)

    def _no_forced(self, dice: Dice) -> list[dict[str, Any]] | None:
        return [] if not self.kind.is_sso and dice.happens(0.3) else None

    def _body(self, source: dict[str, Any]) -> dict[str, Any]:
        body = Body(Dice(*self._seed, "body"), self._number)
        source["ssObjectId"] = body.ss_object_id
        return {"ssSource": body.ss_source(source), "mpc_orbits": body.orbit()}

    def _object(self, seen: Sequence[Mapping[str, Any]], now: float) -> dict[str, Any]:
        if self.kind.is_sso:
            return lsst_schema.DIA_OBJECT()
        bands: dict[str, object] = {f"{band}_psfFluxNdata": 0 for band in lsst_schema.BANDS}
        for band in sorted({source["band"] for source in seen}):
            bands |= _statistics(band, [source for source in seen if source["band"] == band])
        return lsst_schema.DIA_OBJECT(
            diaObjectId=self._sky.object_id,
            validityStartMjdTai=round(now + 0.002, 12),
            ra=self._sky.ra,
            raErr=1.4e-05,
            dec=self._sky.dec,
            decErr=1.1e-05,
            ra_dec_Cov=-1.4e-11,
            nDiaSources=len(seen),
            **bands,
        )

    def _cutouts(self, source: Mapping[str, Any], visit: int) -> dict[str, bytes]:
        images = cutouts.stamps(
            Dice(*self._seed, "cutouts"),
            cutouts.LSST_SIZE,
            of=visit,
            snr=math.copysign(source["snr"], source["psfFlux"]),
            sky=5.0,
            noise=40.0,
            host=0.0 if self.kind.is_sso else 25.0,
        )
        rotation = Dice(*self._seed, "rotation").uniform(0, 360, 10)
        written = functools.partial(
            cutouts.lsst_stamp, noise=images.noise, ra=source["ra"], dec=source["dec"], rotation=rotation
        )
        return {
            "cutoutDifference": written(images.difference),
            "cutoutScience": written(images.science),
            "cutoutTemplate": written(images.template),
        }

    def _fink(self, seen: Sequence[Mapping[str, Any]], now: float, dice: Dice) -> dict[str, Any]:
        """Return what Fink adds."""
        is_first = len(seen) == 1
        label = -1 if is_first else self.kind.cats_class
        simbad = dice.pick(self.kind.simbad)
        in_gaia = simbad not in (None, "Fail")
        bands = sorted({source["band"] for source in seen})
        tns = {"tns_fullname": f"SN 2026{_letters(self._number)}", "tns_type": dice.pick(("SN Ia", "SN II", "SN Ic"))}
        return {
            "brokerIngestMjd": round(now + 200 / 86400, 12),
            "lsst_schema_version": "lsst.v10_0",
            "brokerStartProcessTimestamp": _text(now, minutes=5),
            "fink_broker_version": "4.1",
            "fink_science_version": "8.39.0",
            "publisher": "Fink",
            "lc_features": {
                band: features([source["psfFlux"] for source in seen if source["band"] == band], dice) for band in bands
            },
            "clf": lsst_schema.CLF(
                snnSnVsOthers_score=dice.uniform(0.5, 0.99) if label == _CATS_SUPERNOVA else dice.uniform(0, 0.5),
                cats_class=label,
                cats_score=0.0 if is_first else dice.uniform(0.6, 1),
                earlySNIa_score=-1.0,
                **(_hostless(dice) if "fink_hostless_candidate_lsst" in self.topics else {}),
            ),
            "xm": lsst_schema.XM(
                simbad_otype=simbad,
                gaiadr3_VarFlag=0,
                **({"gaiadr3_DR3Name": f"Gaia DR3 {4 * 10**18 + dice.whole(0, 10**15)}"} if in_gaia else {}),
                **({"gaiadr3_Plx": dice.uniform(0, 2), "gaiadr3_e_Plx": dice.uniform(0.05, 0.7)} if in_gaia else {}),
                **(_galaxy(dice) if dice.happens(0.5) and not self.kind.is_sso else {}),
                **({**tns, "tns_redshift": dice.uniform(0.01, 0.2)} if self.kind.in_tns else {}),
            ),
            "pred": lsst_schema.PRED(
                is_sso=self.kind.is_sso,
                is_first=None if self.kind.is_sso else is_first,
                is_cataloged=in_gaia,
                main_label_classifier=label,
                main_label_crossmatch=simbad,
            ),
            "misc": lsst_schema.MISC(firstDiaSourceMjdTaiFink=self._sky.first),
            "brokerEndProcessTimestamp": _text(now, minutes=7),
        }


def _statistics(band: str, sources: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    fluxes = [source["psfFlux"] for source in sources]
    science = [source["scienceFlux"] for source in sources]
    error = math.fsum(source["psfFluxErr"] for source in sources) / len(sources)
    mean = math.fsum(fluxes) / len(fluxes)
    spread = math.sqrt(math.fsum((flux - mean) ** 2 for flux in fluxes) / len(fluxes))
    return {
        f"{band}_psfFluxMean": mean,
        f"{band}_psfFluxMeanErr": error / math.sqrt(len(fluxes)),
        f"{band}_psfFluxSigma": spread if len(fluxes) > 1 else None,
        f"{band}_psfFluxNdata": len(fluxes),
        f"{band}_psfFluxMaxSlope": spread * 1e3 if len(fluxes) > 1 else None,
        f"{band}_scienceFluxMean": math.fsum(science) / len(science),
        f"{band}_scienceFluxMeanErr": error / math.sqrt(len(science)),
        f"{band}_psfFluxMin": min(fluxes),
        f"{band}_psfFluxMax": max(fluxes),
        f"{band}_psfFluxErrMean": error,
    }


def _galaxy(dice: Dice) -> dict[str, Any]:
    """Return a match in the Legacy Surveys."""
    return {
        "legacydr8_zphot": dice.uniform(-0.05, 2.5, 3),
        "legacydr8_e_zphot": dice.uniform(0.05, 1.6, 3),
        "legacydr8_pstar": dice.uniform(0, 1, 3),
        "legacydr8_fqual": dice.whole(0, 1),
    }


def _hostless(dice: Dice) -> dict[str, Any]:
    """Return the tests for a host, of what may have none; one of them may be missing."""
    template = dice.uniform(0, 1, 3) if dice.happens(0.7) else None
    return {"elephant_kstest_science": dice.uniform(0, 1, 3), "elephant_kstest_template": template}


def _letters(number: int) -> str:
    """Return the letters that TNS would give the number-th transient of the year's later ones."""
    letters = ""
    left = number + 26**3
    while left:
        left, letter = divmod(left, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def _text(mjd_tai: float, minutes: int) -> str:
    return f"{lsst_sky.utc(mjd_tai) + dt.timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S.%f}"
