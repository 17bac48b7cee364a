"""What every command begins and ends with."""

import re
import sys
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from runtime import log as logs
from runtime.settings import SettingsError, load
from sink.routing import routes
from sink.routing.routes import Routes
from sink.settings import OWN_PREFIXES, ConsumerGroupSettings, SinkSettings

WRONG_SETTINGS = 2
"""Exit status."""

Kind = TypeVar("Kind", bound=ConsumerGroupSettings)

RoutesOption = Annotated[Path | None, typer.Option("--routes", help="The file of routes, instead of SINK_ROUTES.")]


def fink_topics(named: list[str] | None) -> list[str] | None:
    """Return what --topic names. Raises `typer.BadParameter` for what no topic is called, such as a pattern."""
    for name in named or ():
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name):
            raise typer.BadParameter(f"{name!r:.60} is no name of a topic: name each by itself, without a pattern")
    return named


def read_settings(routes_file: Path | None = None) -> tuple[SinkSettings, Routes]:
    """Return what the environment and ``routes.toml`` say, and begin to log; ends the process if they are wrong."""
    settings = _read(SinkSettings)
    try:
        return settings, routes.read(routes_file or settings.sink_routes)
    except routes.RoutesError as error:
        end(str(error), WRONG_SETTINGS)


def read_consumer_group() -> ConsumerGroupSettings:
    """Return what a command needs that asks Kafka alone, and begin to log; ends the process if that is wrong.

    SkyPortal's address and token may be missing. A variable that no sink knows is a mistake here, too.
    """
    return _read(ConsumerGroupSettings)


def _read(kind: type[Kind]) -> Kind:
    try:
        settings = load(kind, own_prefixes=OWN_PREFIXES, known=SinkSettings)
    except SettingsError as error:
        end(str(error), WRONG_SETTINGS)
    logs.configure(settings.sink_log_level)
    return settings


def end(text: str, status: int = 1) -> NoReturn:
    """Say each line of ``text`` on standard error, and end the process."""
    for line in text.splitlines():
        sys.stderr.write(f"sink: {line}\n")
    sys.exit(status)
