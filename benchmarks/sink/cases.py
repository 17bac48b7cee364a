"""The cases, and what the sink should reach in them."""

from collections.abc import Mapping

from benchmarks.lines import Target
from benchmarks.sink.entry import Case, Entry
from benchmarks.sink.portal import ALL, ESSENTIAL, LIMIT

NEW = Case(name="new", parts=ESSENTIAL, most_per_s=60)
NEW_ALL = Case(name="new", parts=ALL, most_per_s=15)


def seen_again(objects: int) -> Case:
    """Return the case of re-detections of so many known objects; there is time between two of one object."""
    return Case(name="redetections", parts=ALL, objects=objects, most_per_s=42)


LIMITED_OBJECTS, UNLIMITED_OBJECTS = 400, 2_400
"""Known objects: so many that nobody has two alerts of one object in a batch, and memory is tried."""

HISTORIES = (
    Case(name="history_44", parts=ESSENTIAL, objects=200, most_per_s=60, points=44),
    Case(name="history_728", parts=ESSENTIAL, objects=200, most_per_s=20, shape="lsst_long", points=728),
)
"""Re-detections with long light curves: all points but one are in SkyPortal since the object was seen before."""

LIVE = (
    Case(name="live", parts=ESSENTIAL, most_per_s=1),
    Case(name="live", parts=ALL, objects=100, most_per_s=1),
)
"""One alert a second: of new objects, or of known ones, as far as the limit lets them be delivered."""

COLD = (Case(name="restart", parts=ALL, objects=2 * LIMITED_OBJECTS, most_per_s=5),)


def targets(entry: Entry) -> Mapping[str, Target]:
    """Return what the figures of an entry should reach."""
    if entry.who == "two_sinks":
        return {"vs_one": Target(limit=0.95)}
    if entry.who != "sink":
        return {}
    if entry.case.parts is ALL:
        return {"requests_per_alert": Target(limit=2.1 if entry.case.objects else 6.2, at_most=True)}
    if entry.case is not NEW:
        return {}
    limited = {"alerts_per_s": Target(limit=4.6), "vs_predecessor": Target(limit=6)}
    unlimited = {"vs_predecessor": Target(limit=8)}
    return {
        "requests_per_alert": Target(limit=1.05, at_most=True),
        **(limited if entry.limit == LIMIT else unlimited),
        "vs_ideal": Target(limit=0.9),
    }
