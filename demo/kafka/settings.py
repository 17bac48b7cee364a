"""The server's settings: a small Kafka that behaves as a large one does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.kafka.ports import LOOPBACK

MESSAGE_MAX_BYTES = 10 * 1024 * 1024
OFFSETS_RETENTION_MINUTES = 43_200
"""30 days: a consumer group must not be forgotten before its topic is."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One member of the cluster, broker and controller in one."""

    id: int
    port: int
    """Where clients and the other brokers call."""
    controller_port: int
    folder: Path
    """Its part of the cluster's data folder: settings, log, and what Kafka stores."""

    @property
    def storage(self) -> Path:
        """What Kafka stores."""
        return self.folder / "storage"

    @property
    def settings(self) -> Path:
        """The file that Kafka is started with."""
        return self.folder / "server.properties"


def server_properties(node: Node, nodes: list[Node], properties: Mapping[str, str]) -> str:
    """Render ``node``'s settings file; ``properties`` win over what is set here."""
    replicas = min(3, len(nodes))
    min_in_sync = max(1, replicas - 1)
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.id,
        "controller.quorum.voters": ",".join(f"{one.id}@{LOOPBACK}:{one.controller_port}" for one in nodes),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{node.port},CONTROLLER://{LOOPBACK}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{node.port}",
        "log.dirs": node.storage,
        # What a caller relies on.
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": min_in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": min_in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": min_in_sync,
        "offsets.retention.minutes": OFFSETS_RETENTION_MINUTES,
        "message.max.bytes": MESSAGE_MAX_BYTES,
        "replica.fetch.max.bytes": MESSAGE_MAX_BYTES,
        # A test waits for these.
        "group.initial.rebalance.delay.ms": 0,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,
        # Small: several of these share a laptop's or a CI runner's cores.
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.num.partitions": 5,
        "share.coordinator.state.topic.num.partitions": 5,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
        "num.recovery.threads.per.data.dir": 1,
        "group.coordinator.threads": 1,
        "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
        **properties,
    }
    return "".join(f"{name}={escaped(str(value))}\n" for name, value in settings.items())


def escaped(value: str) -> str:
    """Write a value so that Java's properties reader gives it back unchanged."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
