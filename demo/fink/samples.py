"""Alerts of one shape, in the sizes of real ones, for measurements: none of them is part of a night."""

import gzip
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from demo.fink import lsst_kinds, ztf_kinds
from demo.fink.alert import FinkAlert
from demo.fink.lsst import LsstObject
from demo.fink.ztf import ZtfObject

Case = Literal["ztf", "lsst_long", "lsst_short"]

DEEP_DRILLING = lsst_kinds.Kind(
    share=0,
    topics={"fink_in_simbad_lsst": 1},
    detections=(303, 391),
    misses=(220, 500),
    deep=True,
    positive=0.4,
    cats_class=22,
    simbad=("AGN", "QSO", None),
)
"""Visited several times a night for weeks. Forced photometry began later than its history, and has the misses."""


def typical(case: Case, *, seed: int, alerts: int) -> Iterator[FinkAlert]:
    """Return that many alerts, each of another object, the same for the same seed.

    - ``ztf``: about 44 points of history, values of 45 to 64 kB;
    - ``lsst_long``: about 340 detections and 400 points of forced photometry, values of 240 to 312 kB;
    - ``lsst_short``: a first detection, without history, values of 105 to 111 kB.

    Unlike a night's, a ZTF alert's images are compressed as ZTF compresses them: with another zlib, other bytes.
    """
    return (_MAKERS[case](seed, number) for number in range(alerts))


def _ztf(seed: int, number: int) -> FinkAlert:
    alert = ZtfObject(seed, number, ztf_kinds.KINDS["supernova"]).alert(0)
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        stamp = alert.packet[name]
        alert.packet[name] = stamp | {"stampData": gzip.compress(gzip.decompress(stamp["stampData"]), mtime=0)}
    return alert


def _lsst_long(seed: int, number: int) -> FinkAlert:
    return LsstObject(seed, number, DEEP_DRILLING).alert(0)


def _lsst_short(seed: int, number: int) -> FinkAlert:
    return LsstObject(seed, number, lsst_kinds.KINDS["first detection"]).alert(0)


_MAKERS: Mapping[Case, Callable[[int, int], FinkAlert]] = {
    "ztf": _ztf,
    "lsst_long": _lsst_long,
    "lsst_short": _lsst_short,
}
