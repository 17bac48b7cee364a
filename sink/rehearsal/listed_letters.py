"""Dead letters that are told and not published."""

from collections.abc import Callable, Mapping

from confluent_kafka import Message

from sink.delivery.dead_letters import DeadLetters
from sink.delivery.reasons import Reason
from sink.topic.offsets import Holding, offset_of
from sink.topic.tally import Outcome

Place = tuple[int, int]
"""Partition and offset."""


def at(partition: int, offset: int, obj_id: str) -> str:
    """Return how a line names a record."""
    return f"{partition}:{offset} {obj_id}".rstrip()


class ListedLetters(DeadLetters):
    """Says each letter that a sink would publish. Nothing is settled by it but the records given here."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._outcomes: dict[Place, Outcome] = {}

    @property
    def outcomes(self) -> Mapping[Place, Outcome]:
        """What would become of the records of which there is a letter."""
        return self._outcomes

    def put_aside(self, message: Message, holding: Holding, *reasons: Reason, outcome: Outcome = "rejected") -> None:
        """Say what would be put aside, and why."""
        offset = offset_of(message)
        self._outcomes[holding.partition, offset] = outcome
        name = at(holding.partition, offset, (message.key() or b"").decode(errors="backslashreplace"))
        for reason in reasons:
            part = f" {reason.part}" if reason.part else ""
            what = f"lost{part}" if outcome == "accepted" else "put aside"
            self._say(f"{what} {name}: stage={reason.stage} reason={reason.name}: {' '.join(reason.text.split())}")

    def settle(self) -> None:
        """Do nothing: no letter is on its way."""

    def waiting(self) -> bool:
        """Say that no letter is on its way."""
        return False
