"""What a route asks of an alert's light curve, score and quality before it is sent.

The four about the light curve mean what they mean in ``altdata.criteria`` of a filter of SkyPortal's, which its own
ingestion of brokers looks at. Here they see the whole history that the alert carries.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schemas.record import FORCED_PHOTOMETRY, SkyPortalAlert

USUAL_SNR = 5.0
"""Signal-to-noise ratio from which a point is a detection where nobody says; SkyPortal's."""

BANDS = ("u", "g", "r", "i", "z", "y")

LSST_QUALITY = "fink_filters.b_good_quality"
ZTF_BAD_PIXELS = "candidate.nbad"
ZTF_REAL_BOGUS = "candidate.rb"
"""Annotations by which a survey's detection is known to be bad."""

LEAST_REAL_BOGUS = 0.55
"""Of ZTF's ``rb``; with ``nbad`` of 0 it is the cut that Fink makes before it distributes ZTF's alerts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """One criterion that an alert does not meet."""

    criterion: str
    """The key of ``routes.toml``."""
    sentence: str
    """What is wanted, and what the alert has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """What an alert has to have; nothing unless something is said.

    A detection is a measured point of the alert or of its history, of either sign, with a signal-to-noise ratio of
    ``min_snr`` or more. Upper limits and forced photometry are none.

    Multi-messenger alerts carry neither points nor a score, so that they could never meet these: only ``quality``
    holds for them. Rubin's alerts of solar-system objects carry their own point and no history.
    """

    min_snr: float | None = None
    """|flux| / fluxerr; if it is said and greater than 0, one detection at least is wanted. Not said: `USUAL_SNR`."""
    min_detections: int = 0
    min_detections_per_band: Mapping[str, int] = field(default_factory=dict)
    """By the bare letter, which stands for the band of any survey."""
    min_time_baseline: float = 0.0
    """Days between the first and the last detection; 0: no criterion."""
    min_score: float = 0.0
    """0 to 1, of ``drb`` (ZTF) or ``reliability`` (LSST). An alert without a score meets only 0."""
    quality: bool = False
    """Whether detections that are known to be bad are left out."""

    def unmet(self, alert: SkyPortalAlert) -> Iterator[Unmet]:
        """Yield each criterion that ``alert`` does not meet."""
        if not _is_multi_messenger(alert):
            yield from self._unmet_by_light_curve(alert)
            if self.min_score and (alert.score is None or alert.score < self.min_score):
                has = "has no score" if alert.score is None else f"has the score {alert.score:.3g}"
                yield Unmet(criterion="min_score", sentence=f"{has}, not {self.min_score:g} or more")
        if self.quality and (fault := _fault(alert)):
            yield Unmet(criterion="quality", sentence=f"is bad by its survey: {fault}")

    def _unmet_by_light_curve(self, alert: SkyPortalAlert) -> Iterator[Unmet]:
        at_least_one = self.min_snr is not None and self.min_snr > 0
        if not (at_least_one or self.min_detections or self.min_detections_per_band or self.min_time_baseline):
            return
        snr = USUAL_SNR if self.min_snr is None else self.min_snr
        what = f"with a signal-to-noise ratio of {snr:g} or more"
        times, bands = _detections(alert, snr)
        if at_least_one and not times:
            yield Unmet(criterion="min_snr", sentence=f"has no detection {what}")
        if len(times) < self.min_detections:
            sentence = f"has {len(times)} of the detections {what}, not {self.min_detections}"
            yield Unmet(criterion="min_detections", sentence=sentence)
        for band, wanted in self.min_detections_per_band.items():
            if bands[band] < wanted:
                sentence = f"has {bands[band]} in {band} of the detections {what}, not {wanted}"
                yield Unmet(criterion="min_detections_per_band", sentence=sentence)
        span = max(times) - min(times) if times else 0.0
        if span < self.min_time_baseline:
            sentence = f"has the detections {what} within {span:.3g} days, not {self.min_time_baseline:g} or more"
            yield Unmet(criterion="min_time_baseline", sentence=sentence)


def bare_band(name: str) -> str:
    """Return the letter of a band that may be written as SkyPortal's bandpass: ``ztfg`` and ``g`` are g."""
    return name.lower().removeprefix("ztf").removeprefix("lsst")


def _is_multi_messenger(alert: SkyPortalAlert) -> bool:
    return ":" in alert.alert_id


def _detections(alert: SkyPortalAlert, snr: float) -> tuple[list[float], Counter[str]]:
    """Return the times of the detections, and how many each band has."""
    curve = alert.photometry
    points = zip(curve.mjd, curve.filter, curve.flux, curve.fluxerr, curve.origin, strict=True)
    found = [
        (mjd, band)
        for mjd, band, flux, fluxerr, origin in points
        if flux is not None and origin != FORCED_PHOTOMETRY and abs(flux) >= snr * fluxerr
    ]
    return [mjd for mjd, _ in found], Counter(bare_band(band) for _, band in found)


def _fault(alert: SkyPortalAlert) -> str:
    """Return what is known to be bad of the alert's detection; an empty text where nothing is known."""
    if alert.annotations.get(LSST_QUALITY) is False:
        return f"{LSST_QUALITY} is false"
    pixels, real = alert.annotations.get(ZTF_BAD_PIXELS), alert.annotations.get(ZTF_REAL_BOGUS)
    if isinstance(pixels, int | float) and pixels > 0:
        return f"{ZTF_BAD_PIXELS} is {pixels:g}"
    if isinstance(real, int | float) and real < LEAST_REAL_BOGUS:
        return f"{ZTF_REAL_BOGUS} is {real:.3g}, less than {LEAST_REAL_BOGUS}"
    return ""
