"""What is where, while the demo runs: counted at the broker and at SkyPortal, not asked of the product."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from rich.console import Console
from rich.live import Live
from rich.table import Table

LOCAL_TOPIC = "fink.alerts.v1"
SINK_GROUP = "fink-skyportal-sink"
LINE_EVERY_S = 5.0
PATIENCE_S = 30.0
NOBODY_RESPONSIBLE_YET = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  # librdkafka's own codes begin so
}
"""What a broker says of a topic or a group that was made a moment ago."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Messages."""

    published: int
    local: int
    settled: int
    undecodable: int
    rejected: int

    @property
    def dead_letters(self) -> int:
        """Messages that were put aside, on either side."""
        return self.undecodable + self.rejected

    @property
    def done(self) -> bool:
        """Whether every message that was published is settled or put aside."""
        return self.local + self.undecodable == self.published and not self.waiting

    @property
    def waiting(self) -> int:
        """Records in the local topic that are not settled."""
        return self.local - self.settled

    @property
    def accepted(self) -> int:
        """Records that SkyPortal has accepted, or that no route wants."""
        return self.settled - self.rejected


class Broker:
    """Counts messages and committed offsets at the broker."""

    def __init__(self, bootstrap_servers: str, *, topic: str = LOCAL_TOPIC, group: str = SINK_GROUP) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap_servers, "enable.auto.commit": False, "group.id": group}
        )

    def counts(self, published: int) -> Counts:
        """Count what became of so many messages."""
        return Counts(
            published=published,
            local=self.messages([self._topic]),
            settled=self.settled(),
            undecodable=self.messages([f"{self._topic}.undecodable"]),
            rejected=self.messages([f"{self._topic}.rejected"]),
        )

    def messages(self, topics: Iterable[str]) -> int:
        """Return how many messages ``topics`` hold."""
        return sum(high - low for topic in topics for low, high in map(self._range, self._partitions(topic)))

    def settled(self) -> int:
        """Return how many records of the local topic the sinks have passed."""
        offsets = _patiently(lambda: self._consumer.committed(self._partitions(self._topic), timeout=10))
        return sum(max(0, one.offset) for one in offsets)

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _partitions(self, topic: str) -> list[TopicPartition]:
        found = self._consumer.list_topics(timeout=10).topics.get(topic)
        return [TopicPartition(topic, number) for number in (found.partitions if found else ())]

    def _range(self, partition: TopicPartition) -> tuple[int, int]:
        return _patiently(lambda: self._consumer.get_watermark_offsets(partition, timeout=10))


def _patiently(ask: Callable[[], Answer]) -> Answer:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in NOBODY_RESPONSIBLE_YET or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Display:
    """A live table on a terminal; elsewhere a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._said_at = float("-inf")
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._live:
            self._live.stop()

    def event(self, text: str) -> None:
        """Say what happens."""
        self._console.print(f"{self._elapsed():6.1f} s  {text}", highlight=False, soft_wrap=True)

    def show(self, counts: Counts, *, skyportal: str, sinks: int) -> None:
        """Show where the alerts are."""
        if self._live:
            self._live.update(self._table(counts, skyportal, sinks), refresh=True)
        elif time.monotonic() - self._said_at >= LINE_EVERY_S:
            self._said_at = time.monotonic()
            self.event(
                f"published {counts.published}, in the local topic {counts.local}, accepted {counts.accepted}, "
                f"waiting {counts.waiting}, dead letters {counts.dead_letters}; SkyPortal {skyportal}, sinks {sinks}"
            )

    def _table(self, counts: Counts, skyportal: str, sinks: int) -> Table:
        table = Table(title=f"Fink to SkyPortal, {self._elapsed():.0f} s")
        for column in ("published", "in the local topic", "accepted", "waiting", "dead letters"):
            table.add_column(column, justify="right", min_width=10)
        table.add_column("SkyPortal")
        table.add_column("sinks", justify="right")
        numbers = (counts.published, counts.local, counts.accepted, counts.waiting, counts.dead_letters)
        colour = "green" if skyportal == "up" else "red"
        table.add_row(*map(str, numbers), f"[{colour}]{skyportal}[/]", str(sinks))
        return table

    def _elapsed(self) -> float:
        return time.monotonic() - self._started
