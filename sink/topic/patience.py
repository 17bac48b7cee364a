"""Questions to a Kafka that has just started, or is busy: its coordinator of groups takes some seconds to be found."""

import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaException

from sink.topic.local_topic import FORBIDDEN

Answer = TypeVar("Answer")

ANSWER_S = 5.0
"""For one question; it is asked again until patience ends."""

PAUSE_S = 0.3


def patiently(ask: Callable[[], Answer], *, seconds: float) -> Answer:
    """Ask until there is an answer. Raises the last KafkaException after ``seconds``; what is forbidden, at once."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() in FORBIDDEN or time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE_S)
