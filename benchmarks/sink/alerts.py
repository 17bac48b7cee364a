"""Records of made-up objects: values, classes and cutouts of real shape, light curves of a chosen length."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle, islice

from demo.fink import encode
from demo.fink.samples import Case, typical
from processor.convert import FinkSurvey, Source, convert
from processor.decode import Decoder
from schemas.avro import FASTEST
from schemas.record import AnnotationValue, LightCurve, SkyPortalAlert, instant

TOPICS: Mapping[Case, str] = {
    "ztf": "fink_sn_candidates_ztf",
    "lsst_long": "fink_extragalactic_new_candidate_lsst",
}
"""Where the alerts come from, by their shape."""

_SURVEYS: Mapping[Case, FinkSurvey] = {"ztf": FinkSurvey.ZTF, "lsst_long": FinkSurvey.LSST}
_BANDS: Mapping[Case, tuple[str, str]] = {"ztf": ("ztfg", "ztfr"), "lsst_long": ("lsstg", "lsstr")}

DISTINCT = 20
"""So many different sets of values, classes and cutouts stand for thousands."""

_SEED = 1
_FIRST_MJD = 61_121.25
_VISIT_DAYS = 0.25
_OBJECT_DAYS = 1e-6
"""Objects are seen one after the other: no two alerts have one time."""
_FIRST_ALERT_ID = 3_367_463_101_000_000_000


class Sky:
    """Objects that are seen again and again: a visit adds a point to the light curve, and the oldest one leaves it."""

    def __init__(self, case: Case = "ztf", *, points: int = 10, cutouts: bool = True) -> None:
        """Give every alert so many ``points``, the detection included."""
        self._points = points
        self._bands = _BANDS[case]
        decoder, source = Decoder(FASTEST), Source(topic=TOPICS[case])
        packets = (decoder.decode(*encode(alert)) for alert in typical(case, seed=_SEED, alerts=DISTINCT))
        samples = (convert(packet, _SURVEYS[case], source).record for packet in packets)
        self._samples = [sample if cutouts else _bare(sample) for sample in samples]

    def alert(self, number: int, visit: int) -> SkyPortalAlert:
        """Return the alert of object ``number`` at ``visit``, both counted from 0; always the same."""
        sample = self._samples[number % DISTINCT]
        curve = self._curve(number, visit, sample)
        later = 1 + 0.001 * (visit % 50)  # values move a little; classes stay, with nearly the same probability
        return replace(
            sample,
            obj_id=f"bench{number:08d}",
            alert_id=str(_FIRST_ALERT_ID + number * 10_000 + visit),
            observed_at=instant(curve.mjd[0]),
            photometry=curve,
            annotations={name: _moved(value, later) for name, value in sample.annotations.items()},
            classifications=[
                replace(one, probability=one.probability and one.probability / later) for one in sample.classifications
            ],
        )

    def new(self, count: int) -> Iterator[SkyPortalAlert]:
        """Yield the first alert of so many objects."""
        return (self.alert(number, 0) for number in range(count))

    def seen_again(self, count: int, objects: int) -> Iterator[SkyPortalAlert]:
        """Yield so many further alerts of objects whose first one is known: all are visited, then all again."""
        visits = islice(cycle(range(objects)), count)
        return (self.alert(number, 1 + place // objects) for place, number in enumerate(visits))

    def _curve(self, number: int, visit: int, sample: SkyPortalAlert) -> LightCurve:
        epochs = [visit - back for back in range(self._points)]
        return LightCurve(
            mjd=[_FIRST_MJD + epoch * _VISIT_DAYS + number * _OBJECT_DAYS for epoch in epochs],
            filter=[self._bands[epoch % 2] for epoch in epochs],
            flux=[20.0 + (epoch * 7 + number) % 97 / 8 for epoch in epochs],
            fluxerr=[1.25] * self._points,
            ra=[sample.ra] * self._points,
            dec=[sample.dec] * self._points,
            origin=[None] * self._points,
            program_id=[1] * self._points,
        )


def _moved(value: AnnotationValue, factor: float) -> AnnotationValue:
    return value * factor if isinstance(value, float) else value


def _bare(sample: SkyPortalAlert) -> SkyPortalAlert:
    return replace(sample, cutout_science=None, cutout_template=None, cutout_difference=None)
