"""Why an alert, or a part of it, is put aside."""

from dataclasses import dataclass

from schemas.dead_letters import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What a dead letter will say."""

    stage: str
    """What failed, by the names of `DeadLetter.stage`."""
    name: str
    """Name of the error."""
    text: str
    part: str = ""
    answer: Answer | None = None
