"""``python -m processor run``."""

import logging

import typer

from processor.commands.start import read_settings

log = logging.getLogger("processor")


def run() -> None:
    """Read from Fink and publish, until SIGTERM. Everything is set in the environment."""
    settings = read_settings()
    from processor import service  # noqa: PLC0415  # brings fink_client, which `convert` and `plot` work without

    try:
        service.serve(settings)
    except service.FAILURES as error:
        log.error("%s", error)  # noqa: TRY400  # the sentence says it all
        raise typer.Exit(1) from error
