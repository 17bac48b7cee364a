"""A sink, started as an operator starts it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from demo.skyportal.process import SkyPortal
from schemas.dead_letters import DeadLetter, from_headers
from schemas.redriven import is_marker
from support.kafka import PATIENCE_S, Read, is_passed, read_all, until
from support.pages import page_of
from support.processes import Command, running


def environment(broker: str, topic: str, skyportal: SkyPortal, **changes: str) -> dict[str, str]:
    """Return the settings of a sink that does not dawdle."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": broker,
        "KAFKA_TOPIC": topic,
        "KAFKA_TOPIC_PARTITIONS": "4",
        "SKYPORTAL_URL": skyportal.url,
        "SKYPORTAL_TOKEN": skyportal.token,
        "SKYPORTAL_REQUESTS_PER_SECOND": "0",
        "SKYPORTAL_LONGEST_PAUSE_S": "1",
        "SINK_GROUP_ID": f"sink-{topic}",
        "SKYPORTAL_HALTED_PAUSE_S": "1",
        "SKYPORTAL_UNANSWERED_S": "1",
        "SINK_COLLECT_S": "0.1",
        "SINK_REJECTION_INTERVAL_S": "0.3",
        "SINK_METRICS_PORT": "0",
        "SINK_LOG_LEVEL": "INFO",
    } | changes


@contextmanager
def running_sink(settings: Mapping[str, str]) -> Iterator[Command]:
    """Run a sink until the block ends."""
    with running(["sink", "run"], settings) as command:
        yield command


def until_settled(broker: str, topic: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until the sinks have committed the end of every partition of ``topic``."""
    until(lambda: is_passed(broker, topic, f"sink-{topic}"), "every record settled and committed", patience_s)


def asked(sink: Command, path: str) -> tuple[int, str]:
    """Return status and text of one of the sink's own pages, such as ``/readyz``."""
    return page_of(sink, path)


def until_assigned(sink: Command) -> None:
    """Wait until the sink has partitions."""
    until(lambda: re.search(r" assigned partitions=\[\d", sink.output) is not None, "the sink's partitions")


def until_ready(sink: Command) -> None:
    """Wait until the sink has nothing to complain about."""
    until(lambda: asked(sink, "/readyz")[0] == 200, "the sink being ready")


def until_unready(sink: Command, sentence: str) -> None:
    """Wait until the sink says in ``/readyz`` what matches ``sentence``."""

    def unready() -> bool:
        status, text = asked(sink, "/readyz")
        return status == 503 and re.search(sentence, text) is not None

    until(unready, f"the sink being unready with {sentence!r}")


def until_dealt_with(skyportal: SkyPortal) -> None:
    """Wait until SkyPortal is done with every request that has reached it, though nobody may wait for the answer."""
    until(
        lambda: all(one["duration"] is not None for one in skyportal.control.requests()),
        "the requests being dealt with",
    )


def until_nothing_is_in_flight(sink: Command) -> None:
    """Wait until the sink has counted what is settled: its commit may be seen before."""
    until(lambda: metric(sink, "sink_in_flight_alerts") == 0, "nothing being in flight")


def metric(sink: Command, name: str) -> float:
    """Return the value of one of the sink's metrics, labels included in its name; 0 if it has none yet."""
    lines = [line.rpartition(" ") for line in asked(sink, "/metrics")[1].splitlines()]
    return sum(float(value) for found, _, value in lines if found == name)


def letters(broker: str, topic: str) -> list[tuple[Read, DeadLetter]]:
    """Return the sink's dead letters of ``topic``, put back or not."""
    found = read_all(broker, f"{topic}.rejected")
    return [(message, from_headers(message.headers)) for message in found if not is_marker(message.headers)]


def assert_never_left_the_group(sink: Command) -> None:
    """See that the sink was given its partitions once and has kept them."""
    assert sink.output.count(" assigned partitions=") == 1, "the group was balanced anew"
    assert " revoked partitions=" not in sink.output
    assert " lost partitions=" not in sink.output
