"""One request on its way through an endpoint, and the time that it takes there."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.skyportal.directory import Directory, User
from demo.skyportal.envelope import Refusal
from demo.skyportal.locks import Locks
from demo.skyportal.state import State


class Pace:
    """The app processes: ``workers`` of them, each busy with one request at a time, if they take time at all."""

    def __init__(self, *, workers: int, service_times: bool) -> None:
        self._workers = asyncio.Semaphore(workers)
        self.service_times = service_times

    async def takes(self, milliseconds: float) -> None:
        """Occupy a worker for that long."""
        if self.service_times:
            async with self._workers:
                await asyncio.sleep(milliseconds / 1000)


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an endpoint gets: an authenticated request and the tables."""

    state: State
    user: User
    method: str
    path: str
    arguments: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    pace: Pace
    locks: Locks

    @property
    def directory(self) -> Directory:
        """Return the set-up."""
        return self.state.directory

    def json(self) -> dict[str, Any]:
        """Return the body; nothing but a JSON object is one."""
        try:
            body = json.loads(self.body.decode())
        except UnicodeDecodeError as error:
            raise Refusal(500, str(error)) from error
        except ValueError as error:
            raise Refusal(
                500,
                f"JSON decode of request body failed on {self.path}. "
                "Please ensure all requests are of type application/json.",
            ) from error
        if not isinstance(body, dict):
            raise Refusal(500, "Please ensure posted data is of type application/json")
        return body

    def flag(self, name: str) -> bool:
        """Whether the query says ``name=true``."""
        return self.query.get(name, "").lower() in {"true", "t", "1", "yes"}


Handler = Callable[[Call], Awaitable[object]]
"""Returns the answer's data or raises Refusal."""
