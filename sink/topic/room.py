"""How much may be in flight, and when reading a partition waits for it."""

from sink.delivery.shards import Load
from sink.topic.offsets import Holding

BACKLOGS_SHARE = 0.75
"""Of what may be in flight, while newer records are read ahead: the rest is for them."""

MOST = 1.5
"""Of what may be in flight, with what waits for routes meanwhile."""

GOES_ON_BELOW = 0.9
"""Of what may be in flight: a client that is paused throws away what it has fetched, and fetches it again."""


def is_to_wait(holding: Holding, load: Load, room: float, *, is_paused: bool) -> bool:
    """Say whether a partition is to be paused, while ``room`` bytes may be in flight."""
    room *= GOES_ON_BELOW if is_paused else 1
    is_full = load.bytes > room
    if holding.is_behind:  # what is read ahead, and what waits for routes, must not keep the backlog back
        is_full = load.bytes - load.ahead - load.waiting > BACKLOGS_SHARE * room or load.bytes > MOST * room
    return holding.blocked or is_full


def is_full_of_live(load: Load, room: float) -> bool:
    """Say whether no more is to be read ahead."""
    return load.ahead > (1 - BACKLOGS_SHARE) * room or load.bytes > MOST * room
