"""A node's folder, as Kafka wants to find it at its first start."""

import base64
import fcntl
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from demo.kafka.errors import LocalKafkaError
from demo.kafka.settings import Node, server_properties

META = "meta.properties"
CHECKPOINT = "bootstrap.checkpoint"
"""The cluster's feature levels: the one file whose content is Kafka's own secret, and the same for every cluster."""


HOLD_SECONDS = 15
"""How long brokers may outlive a Python that was killed, with a margin."""


@contextmanager
def held(data: Path) -> Iterator[int]:
    """Keep other Kafkas out of a data folder; yields the descriptor that holds it, also in a process that inherits it.

    Raises LocalKafkaError if another one stays in it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as lock:
        deadline = time.monotonic() + HOLD_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise LocalKafkaError(
                        f"another local Kafka runs on {data}: stop it, or give another folder"
                    ) from error
            Event().wait(0.05)
        yield lock.fileno()


def new_id() -> str:
    """Make an id as Kafka makes them: 128 random bits in base64 without padding, never with a leading dash."""
    while True:
        made = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not made.startswith("-"):
            return made


def formatted_nodes(data: Path) -> int:
    """Count the nodes whose data is in the folder."""
    return len(list(data.glob(f"broker-*/storage/{META}")))


def cluster_of(node: Node) -> str:
    """Read the id of the cluster that a formatted node belongs to."""
    lines = (node.storage / META).read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))


def format_node(node: Node, cluster: str, checkpoint: Path) -> None:
    """Do what Kafka's own format command does, which takes a second, in a millisecond.

    ``checkpoint`` is a file that the format command wrote for this version of Kafka. The last file written is the one
    that says the folder is formatted.
    """
    node.storage.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(checkpoint, node.storage / CHECKPOINT)
    meta = f"version=1\ncluster.id={cluster}\nnode.id={node.id}\ndirectory.id={new_id()}\n"
    (node.storage / META).write_text(meta, encoding="utf-8")


def write_settings(node: Node, nodes: list[Node], properties: Mapping[str, str]) -> None:
    """Write the settings file, anew at every start: ports change."""
    node.folder.mkdir(parents=True, exist_ok=True)
    node.settings.write_text(server_properties(node, nodes, properties), encoding="utf-8")
