"""A record on its way to SkyPortal: collected and not settled."""

import math
from dataclasses import dataclass, field

from confluent_kafka import Message

from schemas import codec
from schemas.record import SkyPortalAlert
from sink.delivery.held import Held
from sink.delivery.reasons import Reason
from sink.routing.directory import Destination
from sink.topic.offsets import Holding, offset_of
from sink.topic.tally import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A record that was alone in its request was refused, or not answered though others were: not believed yet."""

    message: str
    part: str
    since: float
    """Time of the gate's clock at the first refusal."""
    latest: float
    """Time of the gate's clock at the latest."""
    attempts: int


@dataclass(slots=True, eq=False, kw_only=True)
class InFlight:
    """One record that is collected and not settled."""

    message: Message
    counts_as: int = 0
    """Bytes of what may be in flight."""
    decoded: SkyPortalAlert | None = None
    """What the message says, while somebody works with it: it takes eight times the memory."""
    holding: Holding
    collected_at: float
    """time.monotonic()."""
    appended_at: float = math.inf
    """When it was appended to the topic, as time.time() has it; infinite if the broker does not say."""
    is_ahead: bool = False
    """Whether it was read ahead of older records of its partition."""
    not_before: float = 0.0
    """time.monotonic() from which it may be tried again."""
    suspicion: Suspicion | None = None
    unanswered_at: dict[str, float] = field(default_factory=dict)
    """By part, time of the gate's clock at the latest request that was answered as in an outage."""
    waits_for_route: bool = False
    route_broken_at: float = 0.0
    """Time of the gate's clock from which it has waited for its route; 0 if it never had to."""
    alone: bool = False
    """Whether its annotation and its classes are written for itself: in company they were refused."""
    done: set[str] = field(default_factory=set)
    """Parts that SkyPortal has accepted, or that are lost, since `under` was begun."""
    under: Held | None = None
    """What we knew of the object meanwhile; what has been done under another knowledge is done again."""
    goes_to: Destination | None = None
    """Where it went meanwhile; if its route leads elsewhere now, everything is done again."""
    restarts: int = 0
    """How often it was begun anew because SkyPortal held something else than we believed."""
    given_up: set[tuple[str, str]] = field(default_factory=set)
    """What of it will never be accepted: part, and which picture, origin or the like."""
    lost: dict[tuple[str, str], Reason] = field(default_factory=dict)
    """Why parts of it will never be accepted."""

    @property
    def alert(self) -> SkyPortalAlert:
        """The record. Raises `Undecodable` as `decode` does, if it has never been decoded."""
        if self.decoded is None:
            self.decoded = codec.decode(self.message.value())
        return self.decoded

    def lay_down(self) -> None:
        """Keep nothing but the message while the record waits."""
        self.decoded = None

    @property
    def size(self) -> int:
        """Bytes of the message."""
        return len(self.message.value() or b"")

    @property
    def offset(self) -> int:
        """Where the message stands in its partition."""
        return offset_of(self.message)

    def begin(self, held: Held, destination: Destination) -> None:
        """Go on under ``held`` to ``destination``: what was done otherwise is to be done again."""
        if self.goes_to is not None and self.goes_to != destination:
            self.given_up.clear()
            self.lost.clear()
        if self.under is not held or self.goes_to != destination:
            self.done.clear()
            self.under, self.goes_to = held, destination

    def settle(self, outcome: Outcome) -> None:
        """Say that the record needs no more work."""
        self.holding.settle(self.offset, outcome)
