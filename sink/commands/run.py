"""``python -m sink run``."""

import logging
import threading
from typing import Annotated

import typer

from runtime import state, topics
from runtime.health import Health, HealthServer, PortTaken
from runtime.malloc import give_back_large_buffers
from runtime.publisher import NotPublished
from runtime.signals import leave_at_once, note_hangups, stop_on_signals
from sink.commands.start import RoutesOption, end, read_settings
from sink.rehearsal.dry_run import DryRun
from sink.routing.routes import Routes
from sink.service import Service
from sink.settings import SinkSettings
from sink.skyportal.connection import Misconfigured
from sink.skyportal.pause_word import key_of, sentence_of
from sink.skyportal.questions import NotAnswered
from sink.skyportal.under_way import Withdrawn
from sink.topic.drained import Drained, settled
from sink.topic.local_topic import Unreadable

log = logging.getLogger("sink")

MOST_REHEARSED = 100

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the requests that a sink would send now, and send none of them.")
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", min=1, help=f"With --dry-run: records to look at; {MOST_REHEARSED} if not said."),
]
FullOption = Annotated[bool, typer.Option("--full", help="With --dry-run: print the pictures, too, in base64.")]
OnceOption = Annotated[
    bool, typer.Option("--once", help="End when everything that is in the topic now is passed: for cron.")
]


def run(
    routes_file: RoutesOption = None,
    *,
    dry_run: DryRunOption = False,
    limit: LimitOption = None,
    full: FullOption = False,
    once: OnceOption = False,
) -> None:
    """Deliver to SkyPortal, until SIGTERM.

    Settings come from the environment; .env.example lists them. Start as many as you like: they share the work.

    With --once it delivers what is in the local topic when it starts, together with the other sinks of its group, and
    ends when all of that is committed, whichever sink did it. Alerts that come meanwhile may be delivered, or left for
    the next time. It waits for SkyPortal, and for broken routes, as ever. The last log line counts what became of the
    alerts: dead letters are counted there, and are no error. Status 1 if a record of a newer version is in the way.

    With --dry-run nothing is changed: no write reaches SkyPortal, nothing is committed or put aside, no group is
    joined. It reads what the group has not passed and prints each request that a sink would send for it, in its order
    and with its body; the token is not printed. Questions are asked of SkyPortal in earnest, within the rate. Writes
    are answered as if SkyPortal took them: what it would refuse does not show. A number below zero stands for one that
    SkyPortal would give. What a sink would leave out, put aside or wait with is said with the reason. Last comes what
    it would cost in requests. Status 1 if not every alert would be accepted or left out, or if SkyPortal is away.
    """
    if once and dry_run:
        raise typer.BadParameter("--once and --dry-run: one of them, please")
    if not dry_run and (full or limit is not None):
        raise typer.BadParameter("--limit and --full say how --dry-run is to be")
    settings, table = read_settings(routes_file)
    if dry_run:
        _rehearse(settings, table, limit=limit or MOST_REHEARSED, full=full)
    else:
        _deliver(settings, table, once=once)


def _rehearse(settings: SinkSettings, table: Routes, *, limit: int, full: bool) -> None:
    trial = DryRun(settings, table, say=typer.echo, full=full)
    try:
        words = state.read(settings)
        if key_of(settings) in words:
            log.warning("the sinks are %s", sentence_of(words[key_of(settings)]))
        trial.run(limit)
    except (topics.BrokerUnreachable, NotAnswered, Misconfigured, Unreadable) as error:
        end(str(error))
    for line in trial.summary():
        typer.echo(line)
    if not trial.fate.is_fine:
        raise typer.Exit(1)


def _deliver(settings: SinkSettings, table: Routes, *, once: bool) -> None:
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
        service = Service(settings, table, health=health, stop=stop, mended=mended, port=server.port)
        if once:
            _drain(service, Drained(settings, health), stop)
        else:
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
        end(str(error))
    log.info("stopped")


def _drain(service: Service, drained: Drained, stop: threading.Event) -> None:
    if not drained.is_drained:
        service.check()
        stop_on_signals(stop)
        drained.stop_when_drained(stop)
        service.deliver()
    what = "drained" if drained.is_drained else "left before the topic was drained"
    log.info("%s %s", what, " ".join(f"{outcome}={number}" for outcome, number in settled().items()))
    if drained.stuck:
        end(drained.stuck)
