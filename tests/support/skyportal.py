"""SkyPortal, as a test sees it: what is in it, against what should be."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from demo.skyportal.process import SkyPortal
from schemas.taxonomy import TAXONOMY, classes

FILTERS = (("fink_sn_candidates_ztf", "Fink", "ZTF Public"),)
TAXONOMIES = ((TAXONOMY.name, TAXONOMY.version, sorted(classes(TAXONOMY.hierarchy))),)


def overlaps(requests: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return the pairs of writes, by their numbers, that were under way for one object at the same time."""
    writes = [one for one in requests if one["method"] != "GET" and one["duration"] is not None]
    return [
        (one["number"], other["number"])
        for one, other in combinations(writes, 2)
        if set(one["obj_ids"]) & set(other["obj_ids"])
        and one["monotonic"] < other["monotonic"] + other["duration"]
        and other["monotonic"] < one["monotonic"] + one["duration"]
    ]


def accepted(skyportal: SkyPortal) -> int:
    """Return how many candidates SkyPortal has."""
    return int(skyportal.control.counts()["candidates"])


def answered(skyportal: SkyPortal, fault: int) -> int:
    """Return how many requests have met a fault so far."""
    return int(next(one["answered"] for one in skyportal.control.faults() if one["id"] == fault))
