"""Rows by their ids, and by the object that they are about."""

from collections import UserDict
from collections.abc import Iterator
from typing import Protocol, TypeVar


class OfObject(Protocol):
    """A row about one object."""

    @property
    def id(self) -> int:
        """Return the number that the table knows the row by."""

    @property
    def obj_id(self) -> str:
        """Return the object's name."""


RowT = TypeVar("RowT", bound=OfObject)


class Table(UserDict[int, RowT]):
    """A dict of rows. A row that takes another's id must be about the same object."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, None]] = {}
        self._last = 0
        super().__init__()

    def draw(self, count: int = 1) -> range:
        """Draw ids from the sequence, which begins at 1; those of a transaction that fails are lost."""
        first = self._last + 1
        self._last += count
        return range(first, first + count)

    def add(self, row: RowT) -> int:
        """Insert a row under its id and return that."""
        self[row.id] = row
        return row.id

    def of(self, obj_id: str) -> Iterator[RowT]:
        """Return the object's rows in the order in which they were inserted."""
        return (self[number] for number in tuple(self._of.get(obj_id, ())))

    def forget(self, obj_id: str) -> None:
        """Delete the object's rows."""
        for number in tuple(self._of.get(obj_id, ())):
            del self[number]

    def __setitem__(self, number: int, row: RowT) -> None:
        super().__setitem__(number, row)
        self._of.setdefault(row.obj_id, {})[number] = None

    def __delitem__(self, number: int) -> None:
        obj_id = self[number].obj_id
        super().__delitem__(number)
        del self._of[obj_id][number]
        if not self._of[obj_id]:
            del self._of[obj_id]
