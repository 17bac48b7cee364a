"""Questions to a Kafka that has just started, or is busy: its coordinator of groups takes some seconds to be found."""

import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

Answer = TypeVar("Answer")

ANSWER_S = 5.0
"""For one question; it is asked again until patience ends."""

COORDINATOR_S = 15.0
PAUSE_S = 0.3

FORBIDDEN = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)

NO_COORDINATOR_YET = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError._WAIT_COORD,  # noqa: SLF001  # librdkafka's own codes begin so
)


def is_allowed(error: KafkaError) -> bool:
    """Say whether it may be answered yet: anything but what is forbidden."""
    return error.code() not in FORBIDDEN


def patiently(
    ask: Callable[[], Answer],
    *,
    seconds: float,
    may_pass: Callable[[KafkaError], bool] = is_allowed,
    wait: Callable[[float], object] = time.sleep,
) -> Answer:
    """Ask until there is an answer. Raises KafkaException: the last one after ``seconds``, or one that cannot pass."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KafkaException as error:
            if not may_pass(error.args[0]) or time.monotonic() >= deadline:
                raise
            wait(PAUSE_S)


def once_coordinated(ask: Callable[[], Answer], *, wait: Callable[[float], object] = time.sleep) -> Answer:
    """Ask, and again for some seconds while nobody looks after groups yet. Raises KafkaException otherwise."""
    return patiently(ask, seconds=COORDINATOR_S, may_pass=lambda error: error.code() in NO_COORDINATOR_YET, wait=wait)
