"""``python -m processor convert``."""

from pathlib import Path
from typing import Annotated

import typer

from processor import show
from processor.convert import FinkSurvey


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
