"""``python -m processor check``."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from runtime import log as logs
from runtime.checks import STATUS_SETTINGS, Finding, collected, exit_status, ok, tell
from runtime.settings import SettingsError


def check(
    disk: Annotated[
        Path | None,
        typer.Option(help="A folder on the disk of the local Kafka, if it is not found by the broker's settings."),
    ] = None,
    machine: Annotated[  # noqa: FBT002  # an option
        bool, typer.Option("--json", help="One JSON document on standard output, and nothing else there.")
    ] = False,
) -> None:
    """Say what a processor needs and lacks, and what to do.

    Looks at the settings, at Fink and each of its topics, at what the group has yet to read and how soon that
    expires, at the local Kafka, its topics and its disk. Changes nothing, commits nothing, joins no group.

    Each line begins with a mark: ✓ in order, ! works but may not for long, ✗ wrong, - not checked. Exit status: 0 if
    nothing is wrong, 1 if something is, 2 if the settings are.
    """
    logs.configure("CRITICAL")  # what goes wrong is among the findings
    try:
        found = list(_findings(disk))
    except SettingsError as error:
        from runtime.local_checks import wrong_settings  # noqa: PLC0415  # as below

        tell(list(wrong_settings(str(error), disk=disk)), status=STATUS_SETTINGS, machine=machine)
    tell(found, status=exit_status(found), machine=machine)


def _findings(disk: Path | None) -> Iterator[Finding]:
    """Yield what a processor needs. Raises `SettingsError` first of all."""
    if not os.environ.get("HOME"):
        raise SettingsError("HOME: not set; fink-client looks there for its credentials file")
    from processor import checks, service  # noqa: PLC0415  # bring fink_client and Kafka's, which `convert` needs not
    from runtime.local_checks import local_findings  # noqa: PLC0415  # the same

    settings = service.load_settings()
    yield ok("settings", f"complete: {settings.fink_survey}, {', '.join(settings.fink_topics)}")
    yield from collected(checks.FINK, lambda: checks.fink_findings(settings))
    yield from collected("local Kafka", lambda: local_findings(settings, disk=disk))
