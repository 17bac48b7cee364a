"""Commands of the processor; the only place that exits."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from processor import show
from processor.convert import FinkSurvey

log = logging.getLogger("processor")

app = typer.Typer(
    help="Fink's alerts into the local Kafka, in SkyPortal's terms.",
    add_completion=False,
    no_args_is_help=True,
    # A traceback with the values of variables would show secrets.
    pretty_exceptions_enable=False,
)


@app.callback()
def processor() -> None:
    """Read Fink's alerts, and publish them in SkyPortal's terms."""


@app.command()
def run() -> None:
    """Read from Fink and publish, until SIGTERM. Everything is set in the environment."""
    if not os.environ.get("HOME"):
        typer.echo("HOME: not set; fink-client looks there for its credentials file", err=True)
        raise typer.Exit(2)
    from processor import service  # noqa: PLC0415  # brings fink_client, which `convert` works without

    try:
        settings = service.load_settings()
    except service.SettingsError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    try:
        service.serve(settings)
    except service.FAILURES as error:
        log.error("%s", error)  # noqa: TRY400  # the sentence says it all
        raise typer.Exit(1) from error


@app.command()
def convert(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.avro...", help="Avro container files of alerts.")],
    survey: Annotated[FinkSurvey, typer.Option(help="The survey that the alerts are of.")],
) -> None:
    """Show the records of alerts in files, one JSON object each. Needs neither Kafka nor fink-client."""
    whole = True
    for file in files:
        for is_record, line in show.lines(file, survey):
            typer.echo(line, err=not is_record)
            whole = whole and is_record
    if not whole:
        raise typer.Exit(1)


@app.command()
def plot(
    file: Annotated[Path, typer.Argument(metavar="FILE.avro", help="Avro container file of alerts.")],
    index: Annotated[int, typer.Option(min=0, help="Number of the alert in the file, from 0.")],
    output: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="The PNG to write; without it, FILE-N.png in the current folder."),
    ] = None,
) -> None:
    """Draw an alert, its record beside its packet and its cutouts, into a PNG. Needs what fink-client brings."""
    try:
        from processor.plot import Unplottable, write  # noqa: PLC0415  # brings matplotlib and astropy
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        typer.echo(f"plot needs {missing}, which is not installed: pip install 'fink-skyportal[processor]'", err=True)
        raise typer.Exit(1) from error
    try:
        typer.echo(write(file, index, output))
    except Unplottable as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
