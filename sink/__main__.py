"""``python -m sink``: the command line."""

import typer

from runtime.output import take_every_text
from sink.commands.on_demand import OnDemand

# Without rich's frames: help that can be read in a log and in a file. A pretty traceback would show secrets.
app = typer.Typer(cls=OnDemand, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Deliver the records of the local topic to SkyPortal."""
    take_every_text()


if __name__ == "__main__":
    app()
