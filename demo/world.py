"""Everything that the demo runs, started and ended together."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from demo import product
from demo.fink import TOPICS, FinkPublisher
from demo.kafka import running_kafka
from demo.product import Process
from demo.progress import Broker, Counts, Display
from demo.skyportal.process import SkyPortal

STREAMS = {"ztf": "ZTF Public", "lsst": "LSST Public"}


@dataclass
class World:
    """Fink, Kafka, SkyPortal, and the product's processes between them."""

    bootstrap_servers: str
    skyportal: SkyPortal
    fink: FinkPublisher
    broker: Broker
    display: Display
    logs: Path
    processors: list[Process] = field(default_factory=list)
    sinks: list[Process] = field(default_factory=list)

    @property
    def processes(self) -> list[Process]:
        """All of the product's, those too that have ended."""
        return self.processors + self.sinks

    def counts(self, published: int) -> Counts:
        """Count what is where."""
        return self.broker.counts(published)

    def add_sink(self) -> Process:
        """Start one more sink."""
        url, token = self.skyportal.url, self.skyportal.token
        self.sinks.append(product.sink(len(self.sinks) + 1, self.bootstrap_servers, url, token, self.logs))
        return self.sinks[-1]

    def show(self, counts: Counts) -> None:
        """Show where the alerts are."""
        down = any(fault["active"] for fault in self.skyportal.control.faults())
        alive = sum(process.alive for process in self.sinks)
        self.display.show(counts, skyportal="down" if down else "up", sinks=alive)


@contextmanager
def running_world(console: Console, classes: Iterable[str]) -> Iterator[World]:
    """Start everything; end it, and remove the logs unless the block failed.

    SkyPortal has a filter for each topic, and a taxonomy of the ``classes``.
    """
    filters = [(topic, "Fink", STREAMS[survey]) for survey, topics in TOPICS.items() for topic in topics]
    taxonomies = [("Fink", "1", sorted(classes))]
    logs = Path(tempfile.mkdtemp(prefix="fink-skyportal-demo-"))
    with ExitStack() as stack:
        display = stack.enter_context(Display(console))
        display.event("starting Kafka (the very first time its jars are fetched, which takes half a minute)")
        servers = stack.enter_context(running_kafka())
        skyportal = stack.enter_context(SkyPortal(filters=filters, taxonomies=taxonomies, service_times=True))
        display.event(f"Kafka at {servers}, SkyPortal at {skyportal.url}, logs in {logs}")
        broker = Broker(servers)
        stack.callback(broker.close)
        world = World(servers, skyportal, FinkPublisher(servers), broker, display, logs)
        for topics in TOPICS.values():
            world.fink.create_topics(topics)
        stack.callback(lambda: _stop(world.processes))
        world.processors += [product.processor(survey, topics, servers, logs) for survey, topics in TOPICS.items()]
        world.add_sink()
        world.add_sink()
        yield world
    shutil.rmtree(logs)


def _stop(processes: list[Process]) -> None:
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.wait()
