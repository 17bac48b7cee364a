"""What the local Kafka's broker tells: how long the topic is kept, and how full its disk is, where that can be seen."""

import math
import shutil
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from runtime.brokers import broker_settings
from runtime.disk import folders_here
from runtime.local_broker import EVERY_S, LocalBroker
from runtime.settings import ProcessSettings, load
from support.clock import Clock
from support.kafka import PATIENCE_S, create_topic, until
from support.patience import wait_for_busy_brokers

DAY_S = 86_400


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("KAFKA_TOPIC", topic)
    wait_for_busy_brokers(monkeypatch)
    return load(ProcessSettings, own_prefixes=())


def keep(broker: str, topic: str, retention_ms: int) -> None:
    """Let Kafka keep what is in ``topic`` for so long."""
    entry = ConfigEntry("retention.ms", str(retention_ms), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": broker})
    admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)


def test_the_topics_own_retention_counts_and_is_looked_at_once_a_minute(settings: ProcessSettings) -> None:
    servers, topic, clock = settings.kafka_bootstrap_servers, settings.kafka_topic, Clock()
    create_topic(servers, topic, retention_ms=str(3 * DAY_S * 1000))
    broker = LocalBroker(settings, clock=clock)
    assert broker.retention_s == settings.kafka_topic_retention_days * DAY_S

    broker.look()
    assert broker.retention_s == 3 * DAY_S

    keep(servers, topic, -1)
    broker.look()
    assert broker.retention_s == 3 * DAY_S

    def is_for_ever() -> bool:
        clock.now += EVERY_S
        broker.look()
        return math.isinf(broker.retention_s)

    until(is_for_ever, "the new retention")


def test_the_disk_of_a_broker_is_seen_where_its_folder_is_and_nothing_is_claimed_elsewhere(
    settings: ProcessSettings, tmp_path: Path
) -> None:
    create_topic(settings.kafka_bootstrap_servers, settings.kafka_topic)
    (tmp_path / "meta.properties").write_text("cluster.id=another\n")
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    cluster = admin.list_topics(timeout=PATIENCE_S)
    folders = folders_here(broker_settings(admin, cluster), cluster)
    assert folders_here({"log.dirs": str(tmp_path)}, cluster) == []
    broker = LocalBroker(settings, clock=Clock())
    assert broker.disk_free_bytes() == broker.disk_size_bytes() == {}

    broker.look()

    assert bool(broker.disk_free_bytes()) == bool(folders)
    for folder in folders:
        assert broker.disk_size_bytes() == {(): shutil.disk_usage(folder).total}
        assert broker.disk_free_bytes()[()] == pytest.approx(shutil.disk_usage(folder).free, rel=0.1)
