"""One measurement: somebody delivers a backlog to a SkyPortal of its own, and SkyPortal's log is counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.sink import portal as portals
from benchmarks.sink.account import Account, Key, accepted, account
from benchmarks.sink.contestant import Contestant, Lost
from demo.skyportal.process import SkyPortal

PATIENCE_S = 120.0
"""For the first alert to be accepted."""

_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Window:
    """When is counted."""

    warm_up_s: float = 15.0
    """From the first accepted alert on: a short run shows the burst, not the limit."""
    seconds: float = 120.0
    cool_down_s: float = 30.0
    """After it, for the rest of what had begun."""

    @property
    def all_s(self) -> float:
        """From the first accepted alert to the end."""
        return self.warm_up_s + self.seconds + self.cool_down_s


def measure(
    contestant: Contestant,
    portal: SkyPortal,
    *,
    limit: float,
    window: Window,
    ready: Callable[[], object] = lambda: None,
) -> Account:
    """Let ``contestant`` deliver under ``limit``, in requests per second, and count during ``window``.

    ``ready`` returns when it may begin; it is called when it has learned what is to be known before. Raises `Lost` if
    it ends by itself, or takes an alert for delivered that SkyPortal does not have; RuntimeError if the backlog was too
    short.
    """
    try:
        contestant.learn()
        portals.begin(portal, limit)
        ready()
        before = portal.control.counts()
        number = portal.control.requests()[-1]["number"] if before["requests"] else 0
        contestant.start()
        start = first_accepted(portal, before["candidates"], contestant) + window.warm_up_s
        wait_until(start + window.seconds + window.cool_down_s, contestant)
        has_more = contestant.has_more()
        contestant.stop()
    finally:
        contestant.end()
    check_delivered(contestant, portal)
    if not has_more:
        raise RuntimeError(f"{type(contestant).__name__} has delivered all before the end: the backlog is too short")
    return account(portal.control.requests(number), start, window.seconds)


def first_accepted(portal: SkyPortal, before: int, contestant: Contestant) -> float:
    """Wait until SkyPortal has more than ``before`` candidates; return that time. Raises `Lost`."""
    deadline = time.monotonic() + PATIENCE_S
    while portal.control.counts()["candidates"] <= before:
        contestant.check()
        if time.monotonic() > deadline:
            raise Lost(f"{type(contestant).__name__} has delivered nothing in {PATIENCE_S:.0f} s")
        time.sleep(_LOOK_EVERY_S / 5)
    return time.monotonic()


def wait_until(moment: float, contestant: Contestant) -> None:
    """Wait until time.monotonic() is ``moment``. Raises `Lost` as soon as ``contestant`` has failed."""
    while (left := moment - time.monotonic()) > 0:
        contestant.check()
        time.sleep(min(left, _LOOK_EVERY_S))


def check_delivered(contestant: Contestant, portal: SkyPortal) -> None:
    """Raise `Lost` if ``contestant``, which has stopped, has forgotten an alert that SkyPortal does not have."""
    said, there = contestant.delivered(), set(accepted(portal.control.requests()))
    if missing := said - there:
        raise Lost(f"{_some(missing)} of {len(said)} alerts did not reach SkyPortal: {type(contestant).__name__}")


def _some(keys: set[Key]) -> str:
    return f"{len(keys)} ({' '.join(min(keys))}, ...)" if len(keys) > 1 else " ".join(min(keys))
