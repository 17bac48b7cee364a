"""A processor, started as an operator starts it, and a Fink for it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from demo.fink import FinkAlert, FinkPublisher, Published, night
from schemas import codec
from schemas.record import SkyPortalAlert
from support.kafka import committed, ends, is_passed, read_all, until
from support.pages import page_of
from support.processes import Command, running

NO_HOME = "/nonexistent"
"""A home without finkctl's files, whatever the developer has in theirs."""


def environment(broker: str, topic: str, *fink_topics: str, **changes: str) -> dict[str, str]:
    """Return the settings of a processor that reads Fink's topics from, and writes to, the same Kafka."""
    return {
        "HOME": NO_HOME,
        "FINK_SURVEY": "ztf",
        "FINK_SERVERS": broker,
        "FINK_TOPICS": ",".join(fink_topics),
        "FINK_GROUP_ID": group(topic),
        "KAFKA_BOOTSTRAP_SERVERS": broker,
        "KAFKA_TOPIC": topic,
        "KAFKA_TOPIC_PARTITIONS": "2",
        "PROCESSOR_METRICS_PORT": "0",
    } | changes


def group(topic: str) -> str:
    """Return the consumer group at Fink of the processor that writes to ``topic``."""
    return f"processor-{topic}"


@contextmanager
def running_processor(settings: Mapping[str, str]) -> Iterator[Command]:
    """Run a processor until the block ends."""
    with running(["processor", "run"], settings) as command:
        yield command


def ztf_alerts(count: int, fink_topic: str, *, seed: int = 1) -> list[FinkAlert]:
    """Return a night of ZTF's ordinary alerts, all of one topic."""
    alerts = night(seed=seed, alerts=2 * count, surveys=("ztf",))
    packets = (alert.packet for alert in alerts if "candidate" in alert.packet)
    return [FinkAlert(survey="ztf", topics=(fink_topic,), packet=packet) for packet in islice(packets, count)]


def publish_alerts(broker: str, fink_topic: str, alerts: Sequence[FinkAlert], partitions: int = 1) -> list[Published]:
    """Publish each alert once, creating Fink's topic if need be."""
    fink = FinkPublisher(broker)
    fink.create_topics({fink_topic: partitions})
    return fink.publish(alerts, twice=0)


def published(broker: str, topic: str) -> list[SkyPortalAlert]:
    """Return the records in the local topic."""
    return [codec.decode(message.value) for message in read_all(broker, topic)]


def is_done(broker: str, topic: str, *fink_topics: str) -> bool:
    """Say whether the processor has committed the end of Fink's topics."""
    return all(is_passed(broker, name, group(topic)) for name in fink_topics)


def until_done(broker: str, topic: str, *fink_topics: str) -> None:
    """Wait until the processor has committed the end of Fink's topics."""
    until(lambda: is_done(broker, topic, *fink_topics), "everything of Fink's processed and committed")


def until_said(command: Command, words: str) -> None:
    """Wait until a command has logged ``words``."""
    until(lambda: words in command.output, f"the processor to say {words!r}")


def freeze_uncommitted(
    processor: Command, broker: str, topic: str, fink_topic: str, feed: Callable[[], object]
) -> None:
    """Freeze a processor where it has published what it has not committed; ``feed`` publishes more at Fink's."""

    def frozen() -> bool:
        processor.freeze()
        if sum(ends(broker, topic).values()) > sum(committed(broker, fink_topic, group(topic)).values()):
            return True
        feed()
        processor.thaw()
        return False

    until(frozen, "the processor having published what it has not committed")


def comes_true(condition: Callable[[], bool], within_s: float) -> bool:
    """Say whether ``condition`` holds at some moment of the coming seconds."""
    never = threading.Event()
    return any(condition() or never.wait(0.2) for _ in range(int(within_s / 0.2)))


def status_page(command: Command, path: str) -> tuple[int, str]:
    """Return status and text of ``path`` at the processor's own HTTP server."""
    return page_of(command, path)


def stored_by_finkctl(home: Path, survey: str, **settings: str) -> None:
    """Write the file that ``finkctl register`` leaves in a home."""
    folder = home / ".finkclient"
    folder.mkdir(exist_ok=True)
    lines = [f"{name}: {value}" for name, value in {"survey": survey, **settings}.items()]
    (folder / f"{survey}_credentials.yml").write_text("\n".join(lines))
