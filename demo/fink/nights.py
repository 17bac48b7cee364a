"""A night of made-up alerts that look like a night of Fink's."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from demo.fink import lsst_kinds, multi_messenger, ztf_kinds
from demo.fink.alert import FinkAlert, Survey
from demo.fink.lsst import LsstObject
from demo.fink.ztf import ZtfObject

TOPICS: Mapping[Survey, tuple[str, ...]] = {
    "ztf": (
        *multi_messenger.GRB_TOPICS,
        *multi_messenger.GW_TOPICS,
        *sorted({topic for kind in ztf_kinds.KINDS.values() for topic in kind.topics}),
    ),
    "lsst": tuple(sorted({topic for kind in lsst_kinds.KINDS.values() for topic in kind.topics})),
}
"""All topics that a night's alerts may belong to."""

_OBJECTS: Mapping[Survey, type[ZtfObject | LsstObject]] = {"ztf": ZtfObject, "lsst": LsstObject}


def night(*, seed: int, alerts: int, surveys: Sequence[Survey] = ("ztf", "lsst")) -> Iterator[FinkAlert]:
    """Return that many alerts of the night of 2026-03-22, no two with the same id, in the order of their detections.

    The same arguments give the same packets, byte for byte, on every Python; no clock is read. Objects that are seen
    several times in the night show their earlier detections in the history of the later alerts. A few of ZTF's objects
    are counterparts of a gamma-ray burst or a gravitational wave: each of their alerts is followed by a second one, for
    the multi-messenger topics. Alerts are made as they are asked for.
    """
    if alerts < 0 or not surveys:
        raise ValueError(f"a night of {alerts} alerts of {len(surveys)} surveys cannot be made")
    objects: dict[int, ZtfObject | LsstObject] = {}
    planned: list[tuple[float, int, int]] = []
    for number, survey in enumerate(itertools.cycle(surveys)):
        if len(planned) >= alerts:
            break
        objects[number] = _OBJECTS[survey](seed, number)
        planned += [(time, number, visit) for visit, time in enumerate(objects[number].times)]
    return _in_order(objects, sorted(planned[:alerts]))


def _in_order(
    objects: dict[int, ZtfObject | LsstObject], planned: Sequence[tuple[float, int, int]]
) -> Iterator[FinkAlert]:
    last = {number: index for index, (_, number, _) in enumerate(planned)}
    for index, (_, number, visit) in enumerate(planned):
        yield objects[number].alert(visit)
        if index == last[number]:
            del objects[number]  # with its history, or a long night would fill the memory
