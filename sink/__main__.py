"""``python -m sink``: the command line."""

import typer

from runtime.output import take_every_text
from sink.commands.check import check
from sink.commands.pause import pause, resume
from sink.commands.provision import provision
from sink.commands.redrive import app as redrive
from sink.commands.replay import replay
from sink.commands.run import run
from sink.commands.show import show
from sink.commands.status import status
from sink.commands.topics import topics

# Without rich's frames: help that can be read in a log and in a file. A pretty traceback would show secrets.
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Deliver the records of the local topic to SkyPortal."""
    take_every_text()


for command in (run, topics, provision, check, status, replay, pause, resume, show):
    app.command()(command)
app.add_typer(redrive, name="redrive")


if __name__ == "__main__":
    app()
