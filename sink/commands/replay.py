"""``python -m sink replay``."""

import shlex
import sys
import textwrap
import threading
from datetime import UTC, datetime
from typing import Annotated

import typer

from runtime.health import Health
from runtime.moments import moment
from runtime.publisher import NotPublished
from runtime.signals import note_hangups, stop_on_signals
from sink.commands.start import WRONG_SETTINGS, RoutesOption, end, read_settings
from sink.replay.forewords import before
from sink.replay.progress import Plan
from sink.replay.selection import Selection
from sink.replay.service import Replay
from sink.replay.showing import shown
from sink.replay.window import Unreplayable, Window
from sink.skyportal.connection import Misconfigured
from sink.skyportal.under_way import Withdrawn
from sink.topic.local_topic import Unreadable

WIDTH = 100
"""Columns."""

TIME = "2026-11-20T18:00 (UTC), or how long ago, as 6h or 2d"

SinceOption = Annotated[str, typer.Option("--since", help=f"Appended to the local topic since this time: {TIME}.")]
UntilOption = Annotated[str, typer.Option("--until", help="Appended before this time; without it, up to now.")]
ObservedOption = Annotated[
    str, typer.Option("--observed-since", help="Detected since this time; without it, whenever.")
]
TopicOption = Annotated[
    list[str] | None, typer.Option("--topic", help="Fink topic, * stands for anything; may be repeated.")
]
ObjectOption = Annotated[list[str] | None, typer.Option("--object", help="Object; may be repeated.")]
RateOption = Annotated[
    float,
    typer.Option("--rate", min=0, max=1000, help="Requests per second, beside those of the live sinks; 0: no limit."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed, and send nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask in a terminal whether to begin.")]


def replay(
    since: SinceOption,
    until: UntilOption = "",
    observed_since: ObservedOption = "",
    topic: TopicOption = None,
    objects: ObjectOption = None,
    rate: RateOption = 1.0,
    routes_file: RoutesOption = None,
    *,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Deliver records again, beside the live sinks.

    For what SkyPortal has lost or purged, or has to get by other routes. What it has already stays as it is: the same
    again is no second row, and an annotation or class of a newer alert is not replaced by an older one's.

    Only records that the live sinks have passed are replayed; what they have not passed they deliver themselves. They
    are not disturbed: the replay joins no group of theirs, and sends --rate requests a second at most. An object whose
    newest alert is just being delivered waits until it is.

    One replay at a time: two do not see each other. Progress is kept in Kafka: the same command goes on where it was
    stopped or killed, with the records of the first start. A time such as 6h is turned into a date at the start; the
    line that says how to go on names it.

    SkyPortal's outages, a refused token and broken routes are waited for. What SkyPortal refuses becomes a dead letter
    as in a sink (one for readers, however often it is refused) and is listed at the end. Records that are dead letters
    because they cannot be decoded or sent are passed by.

    Exit status: 0 if everything was accepted, or skipped since no route takes it; 1 if something was refused, if it
    could not run, or if it was stopped; 2 for wrong settings or options.
    """
    selection = _selection(since, until, observed_since, topic or [], objects or [])
    settings, table = read_settings(routes_file)
    command = ["python", "-m", "sink", "replay", *selection.options(), "--rate", f"{rate:g}"]
    command += ["--routes", str(routes_file)] if routes_file else []
    try:
        again = Replay(settings, table, selection, per_second=rate)
        window, plan = again.look()
        for sentence in before(selection, window, plan):
            typer.echo(textwrap.fill(sentence, WIDTH, subsequent_indent="  "), err=not dry_run)
        if dry_run:
            for line in again.preview(plan).lines(rate):
                typer.echo(line)
        elif not plan.records:
            typer.echo("nothing to replay", err=True)
        else:
            if sys.stdin.isatty() and not yes:
                typer.confirm(f"Replay {plan.records - plan.done:,} records?", abort=True, err=True)
            _deliver(again, window, plan, shlex.join(command))
    except Withdrawn:
        end("stopped before anything was replayed")
    except (Unreplayable, Misconfigured, Unreadable, NotPublished) as error:
        end(str(error))


def _deliver(again: Replay, window: Window, plan: Plan, command: str) -> None:
    """Deliver, and say what came of it; ends the process unless everything was accepted or skipped."""
    typer.echo(f"to go on after a stop: {command}", err=True)
    stop, mended = threading.Event(), threading.Event()
    note_hangups(mended)
    stop_on_signals(stop)
    with shown() as turned:
        report = again.deliver(window, plan, health=Health(), stop=stop, mended=mended, turned=turned)
    for complaint in report.complaints():
        typer.echo(complaint, err=True)
    typer.echo(report.summary())
    if not report.is_done:
        end(f"stopped at {report.done:,} of {report.total:,} records; go on with:\n{command}")
    if not report.is_well:
        raise typer.Exit(1)


def _selection(since: str, until: str, observed_since: str, topics: list[str], objects: list[str]) -> Selection:
    """Return what the options say; ends the process if they say nothing sensible."""
    now = datetime.now(UTC)
    times = {}
    for option, text in (("--since", since), ("--until", until), ("--observed-since", observed_since)):
        try:
            times[option] = _whole_milliseconds(moment(text, now)) if text else None
        except ValueError as error:
            end(f"{option}: {error}", WRONG_SETTINGS)
    begin, stop = times["--since"], times["--until"]
    if begin is None or begin > now:
        end(f"--since: {since!r} is not in the past", WRONG_SETTINGS)
    if stop is not None and stop <= begin:
        end(f"--until: {until!r} is not after --since", WRONG_SETTINGS)
    return Selection(
        since=begin,
        until=stop,
        observed_since=times["--observed-since"],
        topics=tuple(sorted(set(topics))),
        objects=frozenset(objects),
    )


def _whole_milliseconds(time: datetime) -> datetime:
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
