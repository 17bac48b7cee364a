"""Commands that are loaded when they are called: those that ask Kafka alone start in half the time of a sink."""

import pkgutil
from collections.abc import Iterable, MutableMapping
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

COMMANDS = {
    "run": "sink.commands.run:run",
    "topics": "sink.commands.topics:topics",
    "provision": "sink.commands.provision:provision",
    "check": "sink.commands.check:check",
    "status": "sink.commands.status:status",
    "replay": "sink.commands.replay:replay",
    "pause": "sink.commands.pause:pause",
    "resume": "sink.commands.pause:resume",
    "show": "sink.commands.show:show",
    "redrive": "sink.commands.redrive:app",
}
"""Where each is: a function, or the Typer of a group. The help shows them in this order."""


class OnDemand(TyperGroup):
    """The command that the first word names; all of them for help, and for a word that names none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Load what ``args`` need, before typer looks for it."""
        named = [word for word in args[:1] if word in COMMANDS]
        self.commands.update(_loaded(named or COMMANDS))
        return super().parse_args(ctx, args)


def _loaded(names: Iterable[str]) -> MutableMapping[str, Any]:
    app = typer.Typer(rich_markup_mode=None)
    app.callback()(lambda: None)  # else one command would be no group
    for name in names:
        found = pkgutil.resolve_name(COMMANDS[name])
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return get_group(app).commands
