"""The command that serves a local Kafka until it is told to stop."""

import sys
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from demo.kafka.cluster import LocalKafka
from demo.kafka.errors import LocalKafkaError, PortTakenError
from demo.leaving import leaving_on_sigterm

LOOK_EVERY_SECONDS = 1.0


def serve(
    brokers: Annotated[int, typer.Option(help="How many brokers: 1 or 3.")] = 1,
    port: Annotated[
        int, typer.Option(min=0, max=65_533, help="The first broker's port, the others have the next two; 0: any.")
    ] = 0,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder that keeps the data; without it, it goes at the end.")
    ] = None,
) -> None:
    """Run a local Apache Kafka; print its bootstrap servers; stop it on Ctrl-C or SIGTERM."""
    try:
        with leaving_on_sigterm(), LocalKafka(brokers, data, port=port) as kafka:
            print(kafka.bootstrap_servers, flush=True)
            while not Event().wait(LOOK_EVERY_SECONDS):
                kafka.check()
    except KeyboardInterrupt:
        return
    except PortTakenError as error:
        fail(f"{error} with --port, or leave it out for any free one")
    except (LocalKafkaError, ValueError, OSError) as error:
        fail(str(error))


def fail(sentence: str) -> None:
    """Say what is wrong and exit with status 1."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(1)
