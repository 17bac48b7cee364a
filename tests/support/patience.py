"""The product's own patience with a Kafka, made as long as a test's: a broker that is busy must not fail a test."""

import pytest

from processor import peek
from runtime import brokers, local_broker, look, patience, reach
from sink.checks import group
from sink.replay import progress, window
from support.kafka import PATIENCE_S

LIMITS = (
    (brokers, "ANSWER_S"),
    (group, "ANSWER_S"),
    (local_broker, "ANSWER_S"),
    (look, "PATIENCE_S"),
    (patience, "COORDINATOR_S"),
    (peek, "PATIENCE_S"),
    (progress, "TIMEOUT_S"),
    (reach, "ANSWER_S"),
    (reach, "CONNECT_S"),
    (window, "TIMEOUT_S"),
)


def wait_for_busy_brokers(patch: pytest.MonkeyPatch) -> None:
    """Let what looks into a Kafka in this process wait for each answer as long as a test does."""
    for module, name in LIMITS:
        patch.setattr(module, name, PATIENCE_S)
