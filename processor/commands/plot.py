"""``python -m processor plot``."""

from pathlib import Path
from typing import Annotated

import typer


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
