"""``python -m sink``: the command line."""

import typer

from sink.commands.provision import provision
from sink.commands.run import run

# Without rich's frames: help that can be read in a log and in a file. A pretty traceback would show secrets.
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Deliver the records of the local topic to SkyPortal."""


for command in (run, provision):
    app.command()(command)


if __name__ == "__main__":
    app()
