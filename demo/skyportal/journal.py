"""Every request that came in, whatever became of it."""

import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 500_000
"""Requests remembered; older ones are forgotten."""


@dataclass(kw_only=True)
class Entry:
    """One request. Status and duration are None until it is answered; a connection that was reset has status 0."""

    number: int
    monotonic: float
    wall: float
    method: str
    path: str
    obj_ids: list[str]
    rows: int
    passed_at: str | None = None
    """When the object passed the filters, as a candidate's POST says it; None for every other request."""
    fault: str | None = None
    status: int | None = None
    duration: float | None = None


class Journal:
    """The requests in the order of their arrival, numbered from 1."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0
        self.by_status: Counter[int] = Counter()

    def arrived(self, method: str, path: str, body: bytes) -> Entry:
        """Write down a request."""
        self._number += 1
        values = _values(body)
        obj_ids, rows = summary(values)
        entry = Entry(
            number=self._number,
            monotonic=time.monotonic(),
            wall=time.time(),
            method=method,
            path=path,
            obj_ids=obj_ids,
            rows=rows,
            passed_at=str(values["passed_at"]) if "passed_at" in values else None,
        )
        self._entries.append(entry)
        return entry

    def answered(self, entry: Entry, status: int) -> None:
        """Write down what became of it."""
        entry.status = status
        entry.duration = time.monotonic() - entry.monotonic
        self.by_status[status] += 1

    def since(self, number: int) -> Iterator[dict[str, Any]]:
        """Return the requests after that number."""
        return (asdict(entry) for entry in self._entries if entry.number > number)

    def clear(self) -> None:
        """Forget all; numbering goes on."""
        self._entries.clear()
        self.by_status.clear()


def summary(values: Mapping[str, Any]) -> tuple[list[str], int]:
    """Return the distinct objects that a body names, and its rows of photometry."""
    items = values.get("classifications")
    if isinstance(items, list):
        return list(dict.fromkeys(str(item.get("obj_id")) for item in items if isinstance(item, dict))), len(items)
    named = values.get("obj_id", values.get("id"))
    rows = max((len(values[name]) for name in ("mjd", "obj_id") if isinstance(values.get(name), list)), default=0)
    if isinstance(named, list):
        return list(dict.fromkeys(map(str, named))), rows
    return ([] if named is None else [str(named)]), rows or int("mjd" in values)


def _values(body: bytes) -> dict[str, Any]:
    """Return what a body says; nothing where it is not a JSON object."""
    try:
        values = json.loads(body) if body else {}
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
