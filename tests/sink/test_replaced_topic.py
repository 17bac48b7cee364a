"""A local topic that was deleted and made anew is passed to its end, whatever the broker cannot answer meanwhile."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from runtime.settings import load
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.topic import local_topic
from sink.topic.local_topic import LocalTopic
from support.kafka import PATIENCE_S, committed, create_topic, ends, partitions_of, publish_records, until
from support.records import some_alerts

PARTITIONS = 4
QUESTIONS = ("committed", "get_watermark_offsets", "commit")


class Busy(Consumer):
    """A consumer of a broker that does not answer each question at once: it has just made the topic."""

    left: dict[str, int] = dict.fromkeys(QUESTIONS, 0)  # of the broker, not of one consumer
    """How many questions of each kind are not answered yet."""

    def _ask(self, question: str, *arguments: Any, **options: Any) -> Any:
        if self.left[question] and not options.get("cached"):
            self.left[question] -= 1
            raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION, "just made"))
        return getattr(super(), question)(*arguments, **options)

    def committed(self, *arguments: Any, **options: Any) -> Any:
        """Ask for offsets of the group."""
        return self._ask("committed", *arguments, **options)

    def get_watermark_offsets(self, *arguments: Any, **options: Any) -> Any:
        """Ask for the beginning and the end of a partition."""
        return self._ask("get_watermark_offsets", *arguments, **options)

    def commit(self, *arguments: Any, **options: Any) -> Any:
        """Commit."""
        return self._ask("commit", *arguments, **options)


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> SinkSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("KAFKA_TOPIC", topic)
    monkeypatch.setenv("SINK_GROUP_ID", f"sink-{topic}")
    monkeypatch.setenv("SKYPORTAL_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SKYPORTAL_TOKEN", "none")
    return load(SinkSettings, own_prefixes=OWN_PREFIXES)


@pytest.fixture
def member(settings: SinkSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalTopic]:
    """Give a member of the group, for which a broker may be busy."""
    monkeypatch.setattr(local_topic, "Consumer", Busy)
    member = LocalTopic(settings, lambda _holdings, *, wait_s: None)  # noqa: ARG005  # the caller names it
    yield member
    member.close()


def settling(member: LocalTopic, condition: Callable[[], bool]) -> Callable[[], bool]:
    """Return ``condition``, for which everything that comes is settled at once."""

    def settled() -> bool:
        for message, holding in member.consume():
            holding.settle(message.offset() or 0, "accepted")
        member.store_settled()
        return condition()

    return settled


@pytest.mark.parametrize(
    ("how", "unanswered"),
    [
        ("missing for a while", ["committed"]),
        ("missing for a while", ["get_watermark_offsets", "commit"]),
        ("made anew unnoticed", QUESTIONS),
    ],
)
def test_it_is_passed_to_its_end_though_questions_have_no_answer_at_first(
    how: str,
    unanswered: Sequence[str],
    broker: str,
    topic: str,
    member: LocalTopic,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, some_alerts(40))
    passed = settling(member, lambda: committed(broker, topic, f"sink-{topic}") == ends(broker, topic) != {})
    until(passed, "the first topic being passed")

    admin = AdminClient({"bootstrap.servers": broker})
    admin.delete_topics([topic])[topic].result(PATIENCE_S)
    until(lambda: not partitions_of(broker, topic), "the topic being gone")
    if how == "missing for a while":
        until(settling(member, lambda: not member.numbers()), "the loss being seen")
    for question in unanswered:
        monkeypatch.setitem(Busy.left, question, PARTITIONS)
    create_topic(broker, topic, PARTITIONS)
    publish_records(broker, topic, some_alerts(20))  # fewer: their offsets are below those that were committed

    until(passed, "the second topic being passed")
    assert not any(Busy.left.values()), "a question was not asked"
