"""Intact messages of every kind that Fink sends, which others damage."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from demo.fink import FinkAlert, encode, night
from demo.fink.alert import is_multi_messenger
from demo.fink.lsst_versions import as_version, with_packed_designation
from demo.fink.samples import typical

Kind = Literal["ztf", "multi_messenger", "lsst", "lsst_long", "lsst_version", "solar_system"]

SHARES: Mapping[Kind, float] = {
    "ztf": 0.3,
    "multi_messenger": 0.15,
    "lsst": 0.28,
    "lsst_long": 0.04,  # takes as long to read as forty others
    "lsst_version": 0.1,
    "solar_system": 0.13,
}

HEADER_BYTES = 2_880
"""Of an image. What comes after it is pixels, and most of a message: damage to them changes nothing."""

_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
_SEED = 5
_ALERTS = 160
_OF_A_KIND = 12


@dataclass(frozen=True, kw_only=True)
class Intact:
    """An alert and its message."""

    kind: Kind
    alert: FinkAlert
    key: bytes
    value: bytes
    lively: tuple[range, ...]
    """Parts of ``value`` that are no pixels."""

    @property
    def schema(self) -> Any:
        """The schema in the key, as JSON is read, for the caller to change."""
        return json.loads(self.key)


@functools.cache
def corpus() -> Mapping[Kind, tuple[Intact, ...]]:
    """Return the messages of each kind, always the same."""
    found: dict[Kind, list[Intact]] = {kind: [] for kind in SHARES}
    for kind, alert in _alerts():
        if len(found[kind]) < _OF_A_KIND:
            found[kind].append(_intact(kind, alert))
    return {kind: tuple(messages) for kind, messages in found.items()}


def _alerts() -> Iterator[tuple[Kind, FinkAlert]]:
    alerts = list(night(seed=_SEED, alerts=_ALERTS))
    yield from (("lsst_long", alert) for alert in typical("lsst_long", seed=_SEED, alerts=3))
    yield from (("ztf", alert) for alert in typical("ztf", seed=_SEED, alerts=2))
    yield from _in_other_versions([alert for alert in alerts if alert.survey == "lsst"][:8])
    for alert in alerts:
        if alert.survey == "ztf":
            yield ("multi_messenger" if is_multi_messenger(alert.packet) else "ztf"), alert
        else:
            yield ("solar_system" if alert.packet["pred"]["is_sso"] else "lsst"), alert
            if alert.packet["pred"]["is_sso"]:
                yield "lsst_version", as_version(alert, 9)
                yield "solar_system", with_packed_designation(alert, orbit=False)


def _in_other_versions(alerts: Iterable[FinkAlert]) -> Iterator[tuple[Kind, FinkAlert]]:
    for number, alert in enumerate(alerts):
        major, minor = ((9, 0), (11, 0), (11, 1))[number % 3]
        yield "lsst_version", as_version(alert, major, minor)


def _intact(kind: Kind, alert: FinkAlert) -> Intact:
    key, value = encode(alert)
    return Intact(kind=kind, alert=alert, key=key, value=value, lively=tuple(_lively(alert.packet, value)))


def _lively(packet: Mapping[str, Any], value: bytes) -> Iterator[range]:
    """Yield what of ``value`` is not the end of an image, in order."""
    pixels = []
    for name in _CUTOUTS:
        image = packet.get(name) or b""
        data = image["stampData"] if isinstance(image, dict) else image
        if data and (start := value.find(data)) >= 0:
            pixels.append((min(start + HEADER_BYTES, start + len(data)), start + len(data)))
    begin = 0
    for start, end in sorted(pixels):
        if start > begin:
            yield range(begin, start)
        begin = max(begin, end)
    if begin < len(value):
        yield range(begin, len(value))
