"""``python -m sink topics``: the local topics, before anybody needs them."""

from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from sink.__main__ import app
from support.kafka import create_topic


def test_they_are_there_afterwards_however_often_it_runs_and_without_a_skyportal(broker: str, topic: str) -> None:
    settings = {"KAFKA_BOOTSTRAP_SERVERS": broker, "KAFKA_TOPIC": topic, "KAFKA_TOPIC_PARTITIONS": "3"}

    for _time in range(2):
        assert CliRunner().invoke(app, ["topics"], env=settings).exit_code == 0

    found = AdminClient({"bootstrap.servers": broker}).list_topics(timeout=60).topics
    wanted = {topic: 3, f"{topic}.undecodable": 3, f"{topic}.rejected": 3, f"{topic}.state": 1}
    assert {name: len(found[name].partitions) for name in wanted if name in found} == wanted


def test_what_keeps_them_from_being_there_is_said_with_the_status(broker: str, topic: str) -> None:
    create_topic(broker, topic, **{"cleanup.policy": "compact"})

    def run(**settings: str) -> tuple[int, str]:
        found = CliRunner().invoke(
            app, ["topics"], env={"KAFKA_BOOTSTRAP_SERVERS": broker, "KAFKA_TOPIC": topic} | settings
        )
        return found.exit_code, found.stderr

    status, said = run()
    assert (status, "throws alerts away" in said) == (1, True)
    status, said = run(KAFKA_BOOTSTRAP_SERVERS="localhost:1", KAFKA_CONNECT_TIMEOUT_S="1")
    assert (status, "sink: no Kafka broker answers at localhost" in said) == (1, True)
    status, said = run(KAFKA_TOPIC_PARTITIONS="none")
    assert (status, "sink: KAFKA_TOPIC_PARTITIONS: " in said) == (2, True)
