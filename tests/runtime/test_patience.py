"""Which answers of Kafka's are waited for."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime.patience import NO_COORDINATOR_YET, once_coordinated, patiently

TIMED_OUT = KafkaError._TIMED_OUT  # noqa: SLF001  # librdkafka's own codes begin so


class Kafka:
    """Answers a question with each error in turn, then with a number."""

    def __init__(self, *codes: int) -> None:
        self._errors = [KafkaException(KafkaError(code)) for code in codes]

    def answer(self) -> int:
        """Return the number, if it is its turn."""
        if self._errors:
            raise self._errors.pop(0)
        return 7


@pytest.mark.parametrize("code", NO_COORDINATOR_YET)
def test_a_kafka_that_has_just_started_is_asked_again(code: int) -> None:
    pauses: list[float] = []

    assert once_coordinated(Kafka(code, code).answer, wait=pauses.append) == 7
    assert len(pauses) == 2


@pytest.mark.parametrize("code", [TIMED_OUT, KafkaError.GROUP_AUTHORIZATION_FAILED])
def test_another_error_than_a_missing_coordinator_is_said_at_once(code: int) -> None:
    pauses: list[float] = []

    with pytest.raises(KafkaException):
        once_coordinated(Kafka(code).answer, wait=pauses.append)
    assert pauses == []


def test_what_is_forbidden_is_not_asked_again_and_anything_else_is() -> None:
    pauses: list[float] = []
    kafka = Kafka(TIMED_OUT, KafkaError.TOPIC_AUTHORIZATION_FAILED)

    with pytest.raises(KafkaException) as raised:
        patiently(kafka.answer, seconds=60, wait=pauses.append)
    assert raised.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert len(pauses) == 1


def test_patience_ends_with_the_last_error() -> None:
    with pytest.raises(KafkaException):
        patiently(Kafka(TIMED_OUT).answer, seconds=0, wait=pytest.fail)
