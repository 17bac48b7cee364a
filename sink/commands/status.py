"""``python -m sink status``."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.live import Live

from runtime.redrive.letter import RedriveFailed
from runtime.topics import BrokerUnreachable
from sink.commands.start import end, read_consumer_group
from sink.settings import ConsumerGroupSettings
from sink.status.document import document
from sink.status.letters import Letters
from sink.status.now import Now, look
from sink.status.screen import screen

COLUMNS = 100
"""Where there is no terminal."""

WatchOption = Annotated[bool, typer.Option("--watch", help="Look again every --every seconds, until Ctrl-C.")]
EveryOption = Annotated[float, typer.Option(min=1, help="Seconds between two looks of --watch.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document; with --watch one a line.")]
DaysOption = Annotated[float, typer.Option("--days", min=0, help="Count the dead letters of so many days.")]


def status(
    *, watch: WatchOption = False, every: EveryOption = 2, as_json: JsonOption = False, days: DaysOption = 7
) -> None:
    """Show where every alert is, and whether SkyPortal takes them.

    Asks Kafka only, and changes nothing. What the processors and the sinks say of themselves is some seconds old.

    The account holds what the processors counted in their commits at Fink against what the sinks counted in theirs.
    Copies are alerts that a processor published again after a crash, redriven ones were put back from the dead letters,
    expired ones were deleted by Kafka before anybody read them; the surplus are copies that wait, and what came in the
    last seconds. What does not add up is unaccounted: anything but 0 is a loss.

    Exit status 0 if it could be looked up, 1 if Kafka does not answer.
    """
    settings = read_consumer_group()
    letters = Letters(settings, since=datetime.now(UTC) - timedelta(days=days))
    now = _look(settings, letters)
    if not watch:
        _show(now, settings, as_json=as_json)
        return
    try:
        _watch(now, settings, letters, every=every, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _watch(now: Now, settings: ConsumerGroupSettings, letters: Letters, *, every: float, as_json: bool) -> None:
    if as_json:
        while True:
            _show(now, settings, as_json=True)
            time.sleep(every)
            now = _look(settings, letters)
    with Live(screen(now, settings), console=_console(), auto_refresh=False, screen=_console().is_terminal) as live:
        while True:
            time.sleep(every)
            live.update(screen(_look(settings, letters), settings), refresh=True)


def _look(settings: ConsumerGroupSettings, letters: Letters) -> Now:
    try:
        return look(settings, letters)
    except (BrokerUnreachable, RedriveFailed) as error:
        end(str(error))
    except KafkaException as error:
        end(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error.args[0].str()}")


def _show(now: Now, settings: ConsumerGroupSettings, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document(now, settings)))
    else:
        _console().print(screen(now, settings))


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=COLUMNS)
