"""``python -m processor``: the command line; its commands are the only place that exits."""

import typer

from processor.commands.check import check
from processor.commands.convert import convert
from processor.commands.plot import plot
from processor.commands.redrive import app as redrive
from processor.commands.run import run
from runtime.output import take_every_text

# Without rich's frames: help that can be read in a log and in a file. A pretty traceback would show secrets.
app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Read Fink's alerts, and publish them in SkyPortal's terms."""
    take_every_text()


for command in (run, check, convert, plot):
    app.command()(command)
app.add_typer(redrive, name="redrive")


if __name__ == "__main__":
    app()
