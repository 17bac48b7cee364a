"""Faults in force: which request meets which, until when, and how often."""

import asyncio
import itertools
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
GATEWAY = ("reset", "outage", "bad_gateway", "gateway_timeout", "page", "redirect")
PROXY = ("hang", "slow", *GATEWAY)
AUTHENTICATION = ("database_down", "token_revoked")
HANDLER = ("reject", "connection_lost", "pool_exhausted", "readonly", "deadlock", "huge")
DELAYS = {"slow": 1.0, "gateway_timeout": 0.05, "deadlock": 1.0}
"""Seconds before the answer; for the time-out instead of nginx's 60 s."""
APPLIED = ("hang", "reset", "gateway_timeout")
"""Kinds that come after the request was dealt with, unless the fault says otherwise."""
KINDS = (*PROXY, *AUTHENTICATION, *HANDLER)
"""In the order in which a request meets them."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a fault may look at."""

    method: str
    path: str
    obj_ids: Collection[str]


@dataclass(kw_only=True)
class Fault:
    """One fault. All conditions must hold for it to answer."""

    id: int
    kind: str
    seconds: float | None = None
    """How long it lasts; without end if None."""
    count: int | None = None
    """How many requests it answers."""
    after: int = 0
    """How many matching requests pass before the first."""
    every: int = 1
    """Of the matching requests only each ``every``-th."""
    method: str | None = None
    path: str = ""
    """How the path begins; ``*`` is one segment, as in ``/api/sources/*/annotations``."""
    obj_id: str | None = None
    delay: float | None = None
    """Seconds before the answer, for the kinds that wait."""
    applied: bool | None = None
    """Whether the request takes effect nevertheless; if None, where a kind is in ``APPLIED``."""
    location: str = "http://127.0.0.1:9/login"
    """Where ``redirect`` sends a client; by itself to a host that nobody is."""
    linger: float = 0.0
    """After an outage: seconds for which nginx still sends writers to the status server."""
    status: int = 400
    message: str = "Rejected."
    """What ``reject`` answers."""
    began: float
    ended: float | None = None
    seen: int = 0
    answered: int = 0
    used_up: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def takes_effect(self) -> bool:
        """Whether a request that meets the fault is dealt with before its answer is lost."""
        return self.kind in APPLIED if self.applied is None else self.applied

    @property
    def wait_s(self) -> float:
        """Seconds before the answer."""
        return DELAYS.get(self.kind, 0.0) if self.delay is None else self.delay

    def matches(self, request: Request) -> bool:
        """Whether the fault concerns the request at all."""
        if self.kind == "readonly" and request.method not in WRITES:
            return False
        if self.kind == "deadlock" and not self.path and not request.path.startswith("/api/photometry"):
            return False
        return (
            self.method in {None, request.method}
            and re.match(re.escape(self.path).replace(r"\*", "[^/]+"), request.path) is not None
            and self.obj_id in {None, *request.obj_ids}
        )

    def wants(self) -> bool:
        """Count a matching request; whether it is one of those to answer."""
        self.seen += 1
        return self.seen > self.after and (self.seen - self.after - 1) % self.every == 0

    def shown(self) -> dict[str, object]:
        """Return what the control endpoint lists."""
        return {name: value for name, value in vars(self).items() if name not in {"over", "began", "ended"}} | {
            "active": not self.over.is_set()
        }


class Faults:
    """All faults, past ones included."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self.faults: list[Fault] = []

    def begin(self, kind: str, options: dict[str, object]) -> Fault:
        """Put a fault in force. A kind or an option that does not exist is a ValueError."""
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}: there are {', '.join(KINDS)}")
        own = {"id", "kind", "began", "ended", "seen", "answered", "used_up", "over"}
        allowed = Fault.__dataclass_fields__.keys() - own
        if wrong := options.keys() - allowed:
            raise ValueError(f"no option {', '.join(sorted(wrong))}: there are {', '.join(sorted(allowed))}")
        fault = Fault(id=next(self._ids), kind=kind, began=self._clock(), **options)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def end(self, number: int | None = None) -> None:
        """End the fault of this id, or all; an id that no fault has is a ValueError.

        What an outage leaves behind stays for its time, or until this is called again.
        """
        ended = [fault for fault in self.faults if number in {None, fault.id}]
        if number is not None and not ended:
            raise ValueError(f"no fault {number}: there are {len(self.faults)}")
        for fault in ended:
            if fault.over.is_set():
                fault.linger = 0
            self._end(fault, self._clock())

    def meet(self, kinds: Collection[str], request: Request) -> Fault | None:
        """Return the first fault of these kinds that answers the request, and count it; None if none does."""
        for fault in self.faults:
            if fault.kind in kinds and self._is_active(fault, request) and fault.matches(request) and fault.wants():
                fault.answered += 1
                if fault.count is not None and fault.answered >= fault.count:
                    self._used_up(fault)
                return fault
        return None

    def _used_up(self, fault: Fault) -> None:
        """Let a fault meet no more requests; what hangs goes on hanging."""
        if fault.kind == "hang":
            fault.used_up = True
        else:
            self._end(fault, self._clock())

    def seconds_left(self, fault: Fault) -> float | None:
        """Return how long a fault still lasts; None if without end."""
        return None if fault.seconds is None else max(0.0, fault.began + fault.seconds - self._clock())

    def _is_active(self, fault: Fault, request: Request) -> bool:
        now = self._clock()
        if fault.seconds is not None and now >= fault.began + fault.seconds:
            self._end(fault, fault.began + fault.seconds)
        if fault.ended is None:
            return not fault.used_up
        return fault.kind == "outage" and request.method != "GET" and now < fault.ended + fault.linger

    def _end(self, fault: Fault, when: float) -> None:
        if fault.ended is None:
            fault.ended = when
            fault.over.set()
