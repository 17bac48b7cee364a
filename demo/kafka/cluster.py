"""A real Apache Kafka on this machine, for as long as it is needed."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.kafka.broker import Broker
from demo.kafka.errors import LocalKafkaError, PortTakenError
from demo.kafka.ports import free_ports, is_free
from demo.kafka.prepare import MAIN, Prepared, prepare
from demo.kafka.settings import Node
from demo.kafka.storage import format_node, formatted_nodes, held, new_id, write_settings

PATIENCE_SECONDS = 120
"""For a start; the slowest that we have seen, on two cores of which seven others made use, took a quarter of it."""

STOP_SECONDS = 10
ATTEMPTS = 5


class LocalKafka:
    """A Kafka of one or three ``brokers`` on 127.0.0.1, each broker and controller in one, for a ``with`` statement.

    Its data is in a temporary folder that goes with it, unless ``keep``; or in ``data``, which stays, and from which
    another LocalKafka of as many brokers goes on. ``properties`` are Kafka's server settings, and win over ours.
    ``heap`` is each broker's, as Java writes sizes. ``port`` is the first broker's, the others have the next two; 0
    takes any that are free.

    The brokers die with this process, however it ends. Topics are never created by being used.
    Not for several threads at once.
    """

    def __init__(
        self,
        brokers: int = 1,
        data: Path | None = None,
        *,
        keep: bool = False,
        properties: Mapping[str, str] | None = None,
        heap: str = "512m",
        port: int = 0,
    ) -> None:
        if brokers not in {1, 3}:
            raise ValueError(f"a local Kafka has 1 or 3 brokers, not {brokers}: two are no safer than one")
        self.data = data.expanduser().absolute() if data else Path()
        """Where its data is; while it runs. Each broker's log is ``broker-<number>/broker.log`` in it."""
        self._brokers: list[Broker] = []
        self._count = brokers
        self._given = data is not None
        self._hold = ExitStack()
        self._temporary = data is None and not keep
        self._properties = dict(properties or {})
        self._heap = heap
        self._port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """All brokers' addresses, as Kafka's clients take them."""
        return ",".join(broker.address for broker in self._brokers)

    def start(self) -> None:
        """Start all brokers; returns when each of them answers and knows all the others.

        Raises JarsUnavailableError, PortTakenError (only of a ``port`` that was given) or BrokerDiedError.
        """
        if self._brokers:
            raise LocalKafkaError("this local Kafka runs already: stop it first")
        prepared = prepare()
        if not self._given:
            self.data = Path(tempfile.mkdtemp(prefix="kafka-"))
        try:
            lock = self._hold.enter_context(held(self.data))
            self._start_on_free_ports(prepared, lock)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all brokers: at once if their data goes with them, in order if it stays."""
        if not self._temporary:
            for broker in self._brokers:
                broker.send(signal.SIGCONT)
                broker.send(signal.SIGTERM)
            # Brokers that leave together can wait for each other's votes for long; their data bears a SIGKILL.
            deadline = time.monotonic() + STOP_SECONDS
            for broker in self._brokers:
                with suppress(subprocess.TimeoutExpired):
                    broker.wait(max(0.0, deadline - time.monotonic()))
        for broker in self._brokers:
            broker.kill()
        self._brokers = []
        self._hold.close()
        if self._temporary and self.data != Path():
            shutil.rmtree(self.data, ignore_errors=True)

    def kill(self, broker: int) -> None:
        """End one broker (0 is the first) as kill -9 does; returns when it is gone."""
        self._brokers[broker].kill()

    def restart(self, *brokers: int) -> None:
        """Start brokers again, dead, frozen or alive, with their ports and data; returns when they answer.

        Most of the cluster has to be alive for one to answer: restart two that are dead in one call.
        """
        prepared = prepare()
        for broker in brokers:
            self._brokers[broker].kill()
            self._launch(self._brokers[broker], prepared)
        for broker in brokers:
            self._brokers[broker].wait_until_it_answers(1, time.monotonic() + PATIENCE_SECONDS)

    def freeze(self, broker: int) -> None:
        """Let one broker hang: it holds its connections and answers nothing, until ``thaw``."""
        self._brokers[broker].send(signal.SIGSTOP)

    def thaw(self, broker: int) -> None:
        """Let a frozen broker go on."""
        self._brokers[broker].send(signal.SIGCONT)

    def check(self) -> None:
        """Raise BrokerDiedError if a broker has ended."""
        for broker in self._brokers:
            if not broker.running:
                raise broker.death()

    def _start_on_free_ports(self, prepared: Prepared, lock: int) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            nodes = self._nodes()
            self._format(nodes, prepared)
            for node in nodes:
                write_settings(node, nodes, self._properties)
            self._brokers = [Broker(node, temporary=self._temporary, inherited=[lock]) for node in nodes]
            try:
                for broker in self._brokers:
                    self._launch(broker, prepared)
                deadline = time.monotonic() + PATIENCE_SECONDS
                for broker in self._brokers:
                    broker.wait_until_it_answers(self._count, deadline)
            except PortTakenError:
                # Somebody was faster between our choosing a port and Kafka's taking it.
                for broker in self._brokers:
                    broker.kill()
                if attempt == ATTEMPTS or not all(map(is_free, self._wanted_ports())):
                    raise
            else:
                return

    def _wanted_ports(self) -> list[int]:
        return [self._port + number for number in range(self._count)] if self._port else []

    def _nodes(self) -> list[Node]:
        for port in self._wanted_ports():
            if not is_free(port):
                raise PortTakenError(f"another process listens on port {port} of 127.0.0.1: choose another port")
        chosen = free_ports(2 * self._count, besides=self._wanted_ports())
        ports = self._wanted_ports() or chosen[self._count :]
        return [
            Node(id=number, port=port, controller_port=controller_port, folder=self.data / f"broker-{number}")
            for number, (port, controller_port) in enumerate(zip(ports, chosen[: self._count], strict=True))
        ]

    def _format(self, nodes: list[Node], prepared: Prepared) -> None:
        found = formatted_nodes(self.data)
        if found not in {0, self._count}:
            raise LocalKafkaError(
                f"{self.data} holds the data of {found} brokers, not of {self._count}: "
                "start as many as it was made with, or give another folder"
            )
        cluster = new_id()
        for node in nodes:
            if not found:
                format_node(node, cluster, prepared.checkpoint)

    def _launch(self, broker: Broker, prepared: Prepared) -> None:
        node = broker.node
        broker.start(prepared.java.command(MAIN, str(node.settings), folder=node.folder, heap=self._heap))
