"""``python -m sink``: the command line."""

import logging
import sys
import threading
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from runtime import log as logs
from runtime import topics
from runtime.health import Health, HealthServer, PortTaken
from runtime.malloc import give_back_large_buffers
from runtime.publisher import NotPublished
from runtime.settings import SettingsError, load
from runtime.signals import leave_at_once, note_hangups, stop_on_signals
from sink import provision as provisioning
from sink import routes
from sink.local_topic import Unreadable
from sink.service import Misconfigured, Service
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal import SkyPortal
from sink.under_way import Withdrawn

log = logging.getLogger("sink")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

WRONG_SETTINGS = 2


@app.callback()
def main() -> None:
    """Deliver the records of the local topic to SkyPortal."""


@app.command()
def run(
    routes_file: Annotated[Path | None, typer.Option("--routes", help="routes.toml, instead of SINK_ROUTES")] = None,
) -> None:
    """Deliver until asked to stop. Settings come from the environment; .env.example lists them."""
    try:
        settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
        logs.configure(settings.sink_log_level)
        table = routes.read(routes_file or settings.sink_routes)
    except (SettingsError, routes.RoutesError) as error:
        _end(str(error), WRONG_SETTINGS)
    leave_at_once()
    give_back_large_buffers()
    stop = threading.Event()
    health = Health()
    try:
        server = HealthServer(
            health,
            host=settings.sink_metrics_host,
            port=settings.sink_metrics_port,
            port_variable="SINK_METRICS_PORT",
        )
        log.info(
            "starting group=%s topic=%s metrics_port=%d", settings.sink_group_id, settings.kafka_topic, server.port
        )
        topics.prepare(settings)
        mended = threading.Event()
        note_hangups(mended)
        service = Service(settings, table, health=health, stop=stop, mended=mended)
        service.check()
        stop_on_signals(stop)
        service.deliver()
    except Withdrawn:
        pass
    except (
        PortTaken,
        topics.BrokerUnreachable,
        topics.TopicUnusable,
        Misconfigured,
        Unreadable,
        NotPublished,
    ) as error:
        _end(str(error), 1)
    log.info("stopped")


@app.command()
def provision(
    routes_file: Annotated[Path | None, typer.Option("--routes", help="routes.toml, instead of SINK_ROUTES")] = None,
) -> None:
    """Create in SkyPortal the taxonomy that Fink's classes need. May be repeated: what is there stays."""
    try:
        settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
        table = routes.read(routes_file or settings.sink_routes)
    except (SettingsError, routes.RoutesError) as error:
        _end(str(error), WRONG_SETTINGS)
    try:
        for sentence in provisioning.provision(SkyPortal(settings), table):
            typer.echo(sentence)
    except provisioning.NotProvisioned as error:
        _end(str(error), 1)


def _end(text: str, status: int) -> NoReturn:
    for line in text.splitlines():
        sys.stderr.write(f"sink: {line}\n")
    sys.exit(status)


if __name__ == "__main__":
    app()
