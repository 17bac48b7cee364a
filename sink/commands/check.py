"""``python -m sink check``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from runtime import log as logs
from runtime.checks import STATUS_SETTINGS, Finding, collected, exit_status, ok, tell, unchecked, wrong
from runtime.local_checks import KAFKA, local_findings, wrong_settings
from runtime.settings import SettingsError, load
from schemas.record import Survey
from sink import checks
from sink.commands.start import RoutesOption, fink_topics
from sink.routing import routes
from sink.routing.routes import Routes
from sink.settings import OWN_PREFIXES, SinkSettings


def check(
    routes_file: RoutesOption = None,
    topics: Annotated[
        list[str] | None,
        typer.Option(
            "--topic", callback=fink_topics, help="A Fink topic that no route names exactly; may be repeated."
        ),
    ] = None,
    disk: Annotated[
        Path | None,
        typer.Option(help="A folder on the disk of the local Kafka, if it is not found by the broker's settings."),
    ] = None,
    machine: Annotated[  # noqa: FBT002  # an option
        bool, typer.Option("--json", help="One JSON document on standard output, and nothing else there.")
    ] = False,
) -> None:
    """Say what a sink needs and lacks, and what to do about it.

    Looks at the settings and the routes; at SkyPortal, its version and clock, the token and its permissions, its limit
    of requests, and what the routes name: groups, streams, filters, instruments, taxonomies; at a Fink ingestion of
    SkyPortal's own, which would double points; at the local Kafka, its topics and disk, the group and what waits.
    Topics are those that routes name exactly, those that --topic names, and those of the newest records.

    Changes nothing in SkyPortal or Kafka. It sends SkyPortal about 25 requests; a sink that runs with the same token
    waits some seconds for them. Permissions are found out by requests that are empty, and refused for that.

    Each line begins with a mark: ✓ in order, ! works but may not for long, ✗ wrong, - not checked. Exit status: 0 if
    nothing is wrong, 1 if something is, 2 if the settings or the routes are.
    """
    logs.configure("CRITICAL")  # what goes wrong is among the findings
    try:
        settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
    except SettingsError as error:
        tell(list(wrong_settings(str(error), disk=disk)), status=STATUS_SETTINGS, machine=machine)
    try:
        table = routes.read(routes_file or settings.sink_routes)
    except routes.RoutesError as error:
        mistakes = [wrong("routes", mistake, "") for mistake in str(error).splitlines()]
        found = [*mistakes, *_without_routes(settings, disk)]
        tell(found, status=STATUS_SETTINGS, machine=machine)
    found = list(_findings(settings, table, topics or (), disk))
    tell(found, status=exit_status(found), machine=machine)


def _findings(settings: SinkSettings, table: Routes, topics: Sequence[str], disk: Path | None) -> Iterator[Finding]:
    yield ok("settings", f"complete: {settings.skyportal_url}, {settings.kafka_topic}")
    known: dict[str, Survey] = {topic: "LSST" if topic.endswith("_lsst") else "ZTF" for topic in topics}
    local = list(collected(KAFKA, lambda: local_findings(settings, disk=disk)))
    if any(found.name == KAFKA and found.state == "ok" for found in local):
        local += collected("records", lambda: checks.topic_findings(settings, known))
    else:
        local.append(unchecked("records", "the local Kafka does not answer"))
    yield from collected(checks.SERVER, lambda: checks.skyportal_findings(settings, table, known))
    yield from local


def _without_routes(settings: SinkSettings, disk: Path | None) -> Iterator[Finding]:
    """Yield what is found where the routes cannot be read."""
    yield from collected(KAFKA, lambda: local_findings(settings, disk=disk))
    yield unchecked("SkyPortal", "the routes are wrong")
