"""Records for tests: only what a test says differs from an ordinary alert."""

from dataclasses import replace
from typing import Any

import numpy as np

from demo.fink.cutouts import ztf_stamp
from schemas.record import Classification, LightCurve, SkyPortalAlert, instant

SUPERNOVA, AMBIGUOUS = "SN candidate", "Ambiguous"
STAMP = ztf_stamp(np.random.default_rng(1).normal(100, 5, (63, 63)))
MJD = 61_121.463_101_9


def light_curve(*fluxes: float | None, mjd: float = MJD, band: str = "ztfr", origin: str | None = None) -> LightCurve:
    """Return a light curve of ``fluxes`` in µJy, the first at ``mjd``, each a day before the one ahead of it."""
    count = len(fluxes)
    return LightCurve(
        mjd=[mjd - day for day in range(count)],
        filter=[band] * count,
        flux=list(fluxes),
        fluxerr=[1.25] * count,
        ra=[None if flux is None else 150.1 for flux in fluxes],
        dec=[None if flux is None else 2.2 for flux in fluxes],
        origin=[origin] * count,
        program_id=[1] * count,
    )


def skyportal_alert(**changes: Any) -> SkyPortalAlert:
    """Return an ordinary ZTF alert with ``changes``."""
    alert = SkyPortalAlert(
        survey="ZTF",
        topic="fink_sn_candidates_ztf",
        alert_id="3367463101415010117",
        obj_id="ZTF26aamcbly",
        ra=150.1,
        dec=2.2,
        observed_at=instant(MJD),
        photometry=light_curve(20.5, 18.25, None),
    )
    return replace(alert, **changes)


def some_alerts(count: int, *, first: int = 0, objects: int = 15, **changes: Any) -> list[SkyPortalAlert]:
    """Return different alerts, number ``first`` and up, of ``objects`` objects whose histories overlap."""
    return [
        skyportal_alert(
            **{
                "obj_id": f"ZTF26aa{number % objects:05d}",
                "alert_id": str(3367463101415010117 + number),
                "observed_at": instant(MJD + number // objects),
                "photometry": light_curve(20.5, 18.25, None, mjd=MJD + number // objects),
            }
            | changes
        )
        for number in range(first, first + count)
    ]


def whole_alert(day: float = 0, **changes: Any) -> SkyPortalAlert:
    """Return an alert with every part, observed ``day`` days after the others, with ``changes``."""
    parts: dict[str, Any] = {
        "alert_id": str(3367463101415010117 + round(day * 1000)),
        "observed_at": instant(MJD + day),
        "annotations": {"clf.score": 0.25 + day / 1000, "missing": None, "name": "nova", "flag": True},
        "classifications": (Classification(name=SUPERNOVA, probability=0.8, origin="fink_filters"),),
        "cutout_science": STAMP,
        "cutout_template": STAMP,
        "cutout_difference": STAMP,
    }
    return skyportal_alert(**(parts | changes))
