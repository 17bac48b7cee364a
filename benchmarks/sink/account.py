"""What SkyPortal's own log says of a stretch of time: requests, and the alerts that came of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]
"""An alert, as SkyPortal knows it: object and ``passed_at``."""

PROBE = ("GET", "/api/filters")
CANDIDATE = ("POST", "/api/candidates")
ACCEPTED, REFUSED = 200, 429


@dataclass(frozen=True, kw_only=True)
class Account:
    """What came in during a stretch of time."""

    seconds: float
    requests: int
    """But for those that the limit refused, and probes."""
    refused: int
    probes: int
    alerts: float
    """Each with the share of its requests that came in during that time."""

    @property
    def requests_per_alert(self) -> float:
        """Requests for each alert; infinite without one."""
        return self.requests / self.alerts if self.alerts else float("inf")

    @property
    def alerts_per_s(self) -> float:
        """Accepted alerts in a second."""
        return self.alerts / self.seconds


def account(log: Iterable[Mapping[str, Any]], start: float, seconds: float) -> Account:
    """Count what came in from ``start`` on for so many ``seconds``, time.monotonic() of this machine.

    Candidates stand at the beginning of a round and other requests at its end, so that a window that cuts through a
    round would have too many alerts or too few. An alert therefore counts with the share of its requests that came in
    during the window, a request of many objects being a part of one for each; ``log`` has to go on for some time after
    the window, for the rest of them.
    """
    requests = refused = probes = 0
    end = start + seconds
    entries = list(log)
    came: defaultdict[str, float] = defaultdict(float)
    came_in_time: defaultdict[str, float] = defaultdict(float)
    for one in entries:
        in_time = start <= one["monotonic"] < end
        if one["status"] == REFUSED:
            refused += in_time
        elif (one["method"], one["path"]) == PROBE:
            probes += in_time
        else:
            requests += in_time
            for obj_id in one["obj_ids"]:
                came[obj_id] += 1 / len(one["obj_ids"])
                came_in_time[obj_id] += in_time / len(one["obj_ids"])
    alerts = sum(came_in_time[obj_id] / came[obj_id] for obj_id, _passed_at in accepted(entries))
    return Account(seconds=seconds, requests=requests, refused=refused, probes=probes, alerts=alerts)


def accepted(log: Iterable[Mapping[str, Any]]) -> dict[Key, float]:
    """Return each alert whose candidate was accepted, and when it first was, as time.monotonic() has it."""
    found: dict[Key, float] = {}
    for one in log:
        if (one["method"], one["path"]) == CANDIDATE and one["status"] == ACCEPTED:
            found.setdefault((one["obj_ids"][0], one["passed_at"]), one["monotonic"] + one["duration"])
    return found
