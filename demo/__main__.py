"""``python -m demo``: the whole product without an account anywhere, or one piece of the world around it."""

import threading
from typing import Annotated

import typer
from rich.console import Console

from demo.account import account
from demo.fink import command as fink
from demo.kafka import command as kafka
from demo.leaving import leaving_on_sigterm
from demo.scenario import Result, Stuck, play
from demo.skyportal import command as skyportal
from demo.world import World

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
fink_app = typer.Typer(help="Publish alerts as Fink does.")
fink_app.command("publish")(fink.publish)
fink_app.command("night")(fink.night)
fink_app.command("transfer")(fink.transfer)
app.add_typer(fink_app, name="fink")
app.command("kafka")(kafka.serve)
app.command("skyportal")(skyportal.serve)
app.command()(account)


@app.command()
def run(
    alerts: Annotated[int, typer.Option(min=1, help="How many alerts the night has.")] = 120,
    seed: Annotated[int, typer.Option(help="Another seed is another night.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C.")] = False,  # noqa: FBT002  # typer's form
) -> None:
    """Play a night: Fink publishes, SkyPortal goes down, a sink is killed. Ends by comparing every row.

    The exit status is 0 only if SkyPortal holds exactly what was published: nothing lost, nothing doubled.
    """
    console = Console()

    def at_the_end(world: World, result: Result) -> None:
        if not keep:
            return
        console.print(str(result), highlight=False)
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": world.bootstrap_servers,
            "SKYPORTAL_URL": world.skyportal.url,
            "SKYPORTAL_TOKEN": world.skyportal.token,
        }
        console.print(f"logs: {world.logs}; Ctrl-C ends it. For `python -m sink` in another terminal:", highlight=False)
        for name, value in settings.items():
            console.print(f"export {name}={value}", highlight=False, soft_wrap=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console.print("ending")

    try:
        with leaving_on_sigterm():
            result = play(alerts=alerts, seed=seed, console=console, at_the_end=at_the_end)
    except (KeyboardInterrupt, SystemError) as error:
        if not _is_interrupt(error):
            raise
        console.print("ended before the night was over; nothing runs any more", highlight=False)
        raise typer.Exit(1) from None
    except Stuck as error:
        console.print(str(error), highlight=False)
        raise typer.Exit(1) from error
    for example in result.account.examples:
        console.print(example, highlight=False, soft_wrap=True)
    console.print(str(result), highlight=False, soft_wrap=True)
    raise typer.Exit(0 if result.good else 1)


def _is_interrupt(error: BaseException) -> bool:
    """Say whether somebody has interrupted us: compiled code makes a SystemError of that."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)


if __name__ == "__main__":
    app()
