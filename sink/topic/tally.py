"""What became of the records below a committed offset: counted in the commit itself, so that no crash miscounts."""

from dataclasses import asdict, dataclass, fields
from typing import Literal, Self

Outcome = Literal["accepted", "rejected", "skipped"]
"""Of a record that is settled. Accepted is also one of which only parts were put aside."""

OUTCOMES: tuple[Outcome, ...] = ("accepted", "rejected", "skipped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many offsets of a partition ended how. Their sum is the offset that they are committed with."""

    before: int = 0
    """Below the first offset that was counted."""
    accepted: int = 0
    rejected: int = 0
    """Put aside as a dead letter."""
    skipped: int = 0
    """Wanted by no route."""
    copies: int = 0
    """Published before, by a processor that was killed; whatever became of them."""
    redriven: int = 0
    """Put back from the dead letters; whatever became of them."""
    expired: int = 0
    """Deleted by Kafka before they were read."""

    @property
    def total(self) -> int:
        """All offsets."""
        return sum(asdict(self).values())

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum."""
        mine, more = asdict(self), asdict(other)
        return Tally(**{name: mine[name] + more[name] for name in mine})

    @property
    def note(self) -> str:
        """What to commit with the offset."""
        return " ".join(f"{name}={number}" for name, number in asdict(self).items() if number)

    @classmethod
    def read(cls, metadata: str, offset: int) -> Self:
        """Take what was committed with ``offset``.

        What does not add up to it, such as the metadata of an operator who has moved the offset, starts the account
        anew.
        """
        names = {field.name for field in fields(cls)}
        pairs = [word.partition("=") for word in metadata.split()]
        numbers = {name: int(text) for name, _, text in pairs if name in names and text.isascii() and text.isdecimal()}
        found = cls(**numbers)
        return found if found.total == offset else cls(before=max(0, offset))


def of(outcome: Outcome) -> Tally:
    """Return the tally of one record."""
    return Tally(**{outcome: 1})
