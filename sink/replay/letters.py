"""Dead letters of a replay: as the live sink's, and said at the end."""

from confluent_kafka import Message

from runtime.publisher import Publisher
from sink.delivery.dead_letters import DeadLetters
from sink.delivery.reasons import Reason
from sink.topic.offsets import Holding, offset_of
from sink.topic.tally import Outcome


class Letters(DeadLetters):
    """Puts records aside, and keeps a line for each.

    A record that has a letter already gets another one, for its reason may be another one; readers tell letters apart
    by the place of the record, and see one.
    """

    def __init__(self, publisher: Publisher, topic: str, lines: list[str]) -> None:
        super().__init__(publisher, topic)
        self._lines = lines

    def put_aside(self, message: Message, holding: Holding, *reasons: Reason, outcome: Outcome = "rejected") -> None:
        """Publish ``message`` as `DeadLetters.put_aside` does."""
        what = "" if outcome == "rejected" else "a part of "
        where = f"partition {holding.partition}, offset {offset_of(message)}"
        key = (message.key() or b"").decode(errors="replace")
        self._lines += [f"{what}{key} ({where}): {reason.text[:300]}" for reason in reasons]
        super().put_aside(message, holding, *reasons, outcome=outcome)
