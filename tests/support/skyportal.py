"""SkyPortal, as a test sees it: what is in it, against what should be."""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from schemas.taxonomy import TAXONOMY, classes

FILTERS = (("fink_sn_candidates_ztf", "Fink", "ZTF Public"),)
TAXONOMIES = ((TAXONOMY.name, TAXONOMY.version, sorted(classes(TAXONOMY.hierarchy))),)


def assert_each_once(skyportal: SkyPortal, alerts: Iterable[SkyPortalAlert]) -> None:
    """See that SkyPortal has every candidate and every point of ``alerts`` exactly once, and nothing else."""
    alerts = list(alerts)
    state = skyportal.control.state()
    filters = {item["id"]: item["name"] for item in state["filters"]}
    candidates = Counter(
        (item["obj_id"], filters[item["filter_id"]], item["passed_at"]) for item in state["candidates"]
    )
    wanted = {
        (alert.obj_id, alert.topic, alert.observed_at.replace(tzinfo=None).isoformat(timespec="microseconds"))
        for alert in alerts
    }
    _compare("candidates", candidates, wanted)
    points = Counter((item["obj_id"], item["mjd"], item["flux"], item["fluxerr"]) for item in state["photometry"])
    _compare(
        "points",
        points,
        {
            (alert.obj_id, mjd, flux, fluxerr)
            for alert in alerts
            for mjd, flux, fluxerr in zip(
                alert.photometry.mjd, alert.photometry.flux, alert.photometry.fluxerr, strict=True
            )
        },
    )


def _compare(what: str, found: Counter[Any], wanted: set[Any]) -> None:
    missing = wanted - found.keys()
    extra = found.keys() - wanted
    doubled = {item for item, count in found.items() if count > 1}
    assert not missing, f"{len(missing)} of {len(wanted)} {what} are missing, such as {next(iter(missing))}"
    assert not extra, f"{len(extra)} {what} are nobody's, such as {next(iter(extra))}"
    assert not doubled, f"{len(doubled)} {what} are there more than once, such as {next(iter(doubled))}"


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
