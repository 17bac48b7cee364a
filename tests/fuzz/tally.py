"""What became of the messages, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fuzz.judge import Outcome


class Fault(StrEnum):
    """What is worth a line of its own."""

    CRASH = "crash"
    """The process died."""
    HANG = "hang"
    """The message took longer than any may."""
    WRONG = "wrong"
    """An exception that nobody may raise, a record that is none, or far too much memory."""
    DIFFER = "differ"
    """The codecs disagree on it, each within its rights; a crash or a hang is worse."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A fault, and the message that shows it."""

    fault: Fault
    number: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The end of a campaign."""

    messages: int
    """How many became anything, faults included."""
    outcomes: Mapping[str, Mapping[Outcome, int]]
    """By the codec's name, the fastest last."""
    findings: tuple[Finding, ...]
    differ: int
    seconds: float

    def count(self, fault: Fault) -> int:
        """Return how many messages have shown ``fault``."""
        return self.differ if fault is Fault.DIFFER else sum(one.fault is fault for one in self.findings)

    @property
    def is_good(self) -> bool:
        """Whether every message became a record or a dead letter."""
        return not any(self.count(fault) for fault in (Fault.CRASH, Fault.HANG, Fault.WRONG))

    def lines(self) -> list[str]:
        """Return a line for each codec, and the last one: with the outcomes of the fastest."""
        lines = [f"fuzz: codec={name} {_outcomes(found)}" for name, found in self.outcomes.items()]
        fastest = _outcomes(list(self.outcomes.values())[-1])
        lines.append(
            f"fuzz: messages={self.messages} {fastest} differ={self.differ} wrong={self.count(Fault.WRONG)} "
            f"crashes={self.count(Fault.CRASH)} hangs={self.count(Fault.HANG)} seconds={self.seconds:.0f}"
        )
        return lines


def _outcomes(found: Mapping[Outcome, int]) -> str:
    return (
        f"records={found[Outcome.RECORD]} undecodable={found[Outcome.UNDECODABLE]} "
        f"unconvertible={found[Outcome.UNCONVERTIBLE]}"
    )
