"""Commands that play Fink."""

import time
from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from demo.fink import nights
from demo.fink.alert import FinkAlert, Survey, read_alerts
from demo.fink.publisher import FinkPublisher, Published
from demo.fink.transfer import publish_transfer, topic_of_transfer

Servers = Annotated[
    str, typer.Option("--bootstrap-servers", envvar="FINK_SERVERS", help="Fink's Kafka: host:port, comma-separated.")
]
BURST_EVERY_S = 2.5
"""Fink publishes in small batches."""

Seed = Annotated[int, typer.Option(help="Another seed is another night, or another order of publication.")]


def publish(
    file: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Avro containers of Fink's alerts.")],
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="Publish every alert there; else to one that suits it.")
    ] = None,
    bootstrap_servers: Servers = "127.0.0.1:9092",
    seed: Seed = 0,
) -> None:
    """Publish the alerts of files as Fink does, with the files' own schemas."""
    found = list(chain.from_iterable(read_alerts(path, topics=topic or None) for path in file))
    _publish(bootstrap_servers, found, {name for alert in found for name in alert.topics}, seed)


def transfer(
    file: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Avro containers of one schema.")],
    topic: Annotated[str, typer.Option(help="Publish there; else to a new topic.")] = "",
    bootstrap_servers: Servers = "127.0.0.1:9092",
    seed: Seed = 0,
) -> None:
    """Publish the alerts of files as Fink's Data Transfer does, with their schema in a topic beside them."""
    found = list(chain.from_iterable(read_alerts(path, topics=()) for path in file))
    if not found:
        raise typer.BadParameter("there is no alert in it")
    name = topic or topic_of_transfer(found[0].survey)
    try:
        count = publish_transfer(bootstrap_servers, name, found, seed=seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    print(f"{count:7,}  {name}")


def night(
    alerts: Annotated[int, typer.Option(min=1, help="How many different alerts.")] = 300,
    survey: Annotated[Survey | None, typer.Option(help="Only of this survey; else of both.")] = None,
    over_s: Annotated[float, typer.Option(min=0, help="Seconds that the night takes; 0: all at once.")] = 0,
    bootstrap_servers: Servers = "127.0.0.1:9092",
    seed: Seed = 1,
) -> None:
    """Publish a made-up night of alerts as Fink does; the same seed is the same night."""
    surveys: tuple[Survey, ...] = (survey,) if survey else ("ztf", "lsst")
    topics = {topic for name in surveys for topic in nights.TOPICS[name]}
    planned = nights.night(seed=seed, alerts=alerts, surveys=surveys)
    bursts = max(1, round(over_s / BURST_EVERY_S))
    fink = FinkPublisher(bootstrap_servers)
    fink.create_topics(topics)
    published: list[Published] = []
    began = time.monotonic()
    for number in range(bursts):
        burst = islice(planned, alerts * (number + 1) // bursts - alerts * number // bursts)
        published += fink.publish(burst, seed=seed + number)
        time.sleep(max(0.0, began + (number + 1) * over_s / bursts - time.monotonic()))
    print(_summary(published))


def _publish(bootstrap_servers: str, alerts: Iterable[FinkAlert], topics: Iterable[str], seed: int) -> None:
    fink = FinkPublisher(bootstrap_servers)
    fink.create_topics(topics)
    print(_summary(fink.publish(alerts, seed=seed)))


def _summary(published: list[Published]) -> str:
    counts = Counter(message.topic for message in published)
    lines = [f"{count:7,}  {topic}" for topic, count in sorted(counts.items())]
    return "\n".join([*lines, f"{len(published):7,}  messages published"])
