"""The light curve of a packet, straight from its own fields.

Written apart from the converter, and sharing nothing with it: where the two panels differ, one of them is wrong.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from processor.plot.curve import Curve, Kind, Point

Row = Mapping[str, Any]

ZTF_BANDS = {1: "g", 2: "r", 3: "i"}
RUBIN_BANDS = {"u", "g", "r", "i", "z", "y"}
LEAP_SECONDS = 37.0
"""TAI is ahead of UTC by this since 2017."""


def packet_curve(packet: Row) -> Curve:
    """Return the points of a packet of ZTF's or Rubin's; other packets have none, and the remark says so."""
    if "diaSource" in packet:
        return _curve(_rubin(packet))
    if "candidate" in packet:
        return _curve(_ztf(packet))
    return Curve(points=(), remark="a multi-messenger packet has no light curve")


def _curve(points: Iterable[Point]) -> Curve:
    rows = list(points)
    drawable = [point for point in rows if all(map(math.isfinite, (point.mjd, point.flux, point.fluxerr)))]
    missing = len(rows) - len(drawable)
    return Curve(
        points=tuple(dict.fromkeys(drawable)),
        remark=f"{missing} more without time, flux or error" if missing else "",
    )


def _rubin(packet: Row) -> Iterable[Point]:
    yield _rubin_point(packet["diaSource"], Kind.DETECTION, is_trigger=True)
    for name, kind in (("prvDiaSources", Kind.DETECTION), ("prvDiaForcedSources", Kind.FORCED)):
        for row in _rows(packet, name):
            yield _rubin_point(row, kind)


def _rubin_point(row: Row, kind: Kind, *, is_trigger: bool = False) -> Point:
    withdrawn = not math.isnan(_read(row, "timeWithdrawnMjdTai"))
    usable = row.get("band") in RUBIN_BANDS and not row.get("psfFlux_flag") and not withdrawn
    error = _read(row, "psfFluxErr") / 1e3
    return Point(
        mjd=_read(row, "midpointMjdTai") - LEAP_SECONDS / (24 * 60 * 60),
        flux=_read(row, "psfFlux") / 1e3,  # nJy
        fluxerr=error if error > 0 else math.nan,
        band=str(row.get("band")),
        kind=kind if usable else Kind.ASIDE,
        is_trigger=is_trigger,
    )


def _ztf(packet: Row) -> Iterable[Point]:
    history = _rows(packet, "prv_candidates")
    detected = [row for row in history if not math.isnan(_read(row, "magpsf"))]
    limits = [row for row in history if math.isnan(_read(row, "magpsf"))]
    yield _ztf_detection(packet["candidate"], is_trigger=True)
    yield from map(_ztf_detection, detected)
    exposures = {_exposure(row) for row in (packet["candidate"], *detected)}
    # One exposure has a row for each quadrant of the camera that saw the place: the deepest counts, a detection more.
    for row in sorted(limits, key=_depth, reverse=True):
        yield _ztf_limit(row, known=_exposure(row) in exposures)
        exposures.add(_exposure(row))


def _ztf_detection(row: Row, *, is_trigger: bool = False) -> Point:
    sign = {"t": 1.0, "1": 1.0, "f": -1.0, "0": -1.0}.get(row.get("isdiffpos", ""))
    flux = _from_ab(_read(row, "magpsf"))
    error = flux * _read(row, "sigmapsf") / 1.0857362047581294  # 2.5 / ln 10
    return Point(
        mjd=_read(row, "jd") - 2_400_000.5,
        flux=math.nan if sign is None else sign * flux,
        fluxerr=error if error > 0 else math.nan,
        band=ZTF_BANDS.get(row.get("fid", 0), "?"),
        kind=Kind.DETECTION if row.get("fid") in ZTF_BANDS else Kind.ASIDE,
        is_trigger=is_trigger,
    )


def _ztf_limit(row: Row, *, known: bool) -> Point:
    limit = _from_ab(_read(row, "diffmaglim"))
    return Point(
        mjd=_read(row, "jd") - 2_400_000.5,
        flux=limit if limit > 0 else math.nan,
        fluxerr=0.0,
        band=ZTF_BANDS.get(row.get("fid", 0), "?"),
        kind=Kind.LIMIT if row.get("fid") in ZTF_BANDS and not known else Kind.ASIDE,
    )


def _exposure(row: Row) -> tuple[float, object]:
    return _read(row, "jd"), row.get("fid")


def _depth(row: Row) -> float:
    limit = _read(row, "diffmaglim")
    return limit if math.isfinite(limit) else -math.inf


def _from_ab(magnitude: float) -> float:
    """Return µJy, by the definition of AB magnitudes: m = -2.5 log10(f) - 48.6, f in erg / s / cm² / Hz."""
    try:
        return math.pow(10, 29 - (magnitude + 48.6) / 2.5)
    except OverflowError:
        return math.inf


def _rows(packet: Row, name: str) -> list[Row]:
    return [row for row in packet.get(name) or [] if row is not None]


def _read(row: Row, name: str) -> float:
    """Return a number of the packet; NaN for whatever is none."""
    try:
        return float(row[name])
    except (KeyError, TypeError, ValueError):
        return math.nan
