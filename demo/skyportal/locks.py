"""Row locks of photometry requests: those in parallel that share two objects deadlock."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from demo.skyportal.envelope import Refusal
from demo.skyportal.tracebacks import DEADLOCK, photometry

DEADLOCK_TIMEOUT = 1.0
"""Seconds after which PostgreSQL looks for deadlocks (``deadlock_timeout``); until then all involved stand still."""

SHORTEST = 0.01
"""Seconds for which a request of several objects holds its locks at least, so that requests in parallel do meet."""

SHARED = 2
"""One shared object is a queue; two can be locked in either order."""


@dataclass(eq=False)
class _Transaction:
    objects: frozenset[str]
    victims: set[asyncio.Task[None]] = field(default_factory=set)


class Locks:
    """The objects of all photometry requests that are being handled.

    The later of two requests that share objects always loses here; in SkyPortal one of them does, every second time.
    """

    def __init__(self) -> None:
        self._running: list[_Transaction] = []

    @asynccontextmanager
    async def hold(self, objects: Collection[str], method: str) -> AsyncIterator[None]:
        """Lock the objects; a victim stands still, then is refused, and whom it met waits for that."""
        mine = _Transaction(frozenset(objects))
        for other in self._running:
            if len(mine.objects & other.objects) >= SHARED:
                stall = asyncio.create_task(asyncio.sleep(DEADLOCK_TIMEOUT))
                other.victims.add(stall)
                await stall
                raise Refusal(400, photometry(DEADLOCK, method))
        self._running.append(mine)
        try:
            if len(mine.objects) >= SHARED:
                await asyncio.sleep(SHORTEST)
            yield
            while standing := [victim for victim in mine.victims if not victim.done()]:
                await asyncio.wait(standing)
        finally:
            self._running.remove(mine)
