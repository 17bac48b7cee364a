"""``python -m sink provision``."""

from collections import Counter
from collections.abc import Iterable
from textwrap import wrap
from typing import Annotated

import typer

from sink.commands.start import WRONG_SETTINGS, RoutesOption, end, fink_topics, read_settings
from sink.provision.apply import Line, Outcome, Provision
from sink.provision.asking import Asking, NotProvisioned
from sink.provision.needs import needs
from sink.routing.routes import NoRoute
from sink.skyportal.unhurried import Unhurried

WIDTH = 100
INDENT = "    "
MARKS = {Outcome.THERE: "✓", Outcome.MADE: "+", Outcome.WRONG: "✗"}
FILTERS_UNKNOWN = (
    "Filters have the names of topics, and nobody has named one, or routes name some by a pattern: "
    "name the Fink topics by --topic, and their streams, instruments and filters are looked at, too."
)

TopicOption = Annotated[
    list[str] | None,
    typer.Option("--topic", callback=fink_topics, help="A Fink topic that no route names exactly; may be repeated."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]


def provision(
    routes_file: RoutesOption = None,
    topics: TopicOption = None,
    dry_run: DryRunOption = False,  # noqa: FBT002
) -> None:
    """Make in SkyPortal what the routes need.

    The bot creates groups, with itself as their first member, gives them the streams that it holds, and creates filters
    and the taxonomy of Fink's classes. Streams, access to them, and instruments are an administrator's: the requests
    to send are said. Nothing that is there is changed, and what is missing keeps nothing else from being made. Run it
    again after each change: it says what is left, and writes nothing where all is there.

    The routes are those of SINK_ROUTES. A route for a pattern of topics, and no file at all, name no filter: name their
    topics by --topic. Other people become members of a group on its page in SkyPortal.

    ✓ is there, + was made (or would be, with --dry-run), ✗ is missing. Exit status 0: all is there, or would be; 1:
    something is missing, or SkyPortal cannot be asked; 2: settings, routes or options are wrong.
    """
    settings, table = read_settings(routes_file)
    try:
        wanted = needs(table, topics or ())
    except NoRoute as error:
        end(str(error), WRONG_SETTINGS)
    found: Counter[Outcome] = Counter()
    try:
        for line in Provision(Asking(Unhurried(settings)), wanted, dry_run=dry_run).lines():
            found[line.outcome] += 1
            _say(line)
    except NotProvisioned as error:
        end(str(error))
    if wanted.patterns:
        typer.echo("\n".join(wrap(FILTERS_UNKNOWN, WIDTH)))
    made = "would be made" if dry_run else "made"
    typer.echo(f"{found[Outcome.THERE]} there, {found[Outcome.MADE]} {made}, {found[Outcome.WRONG]} missing")
    if found[Outcome.WRONG]:
        raise typer.Exit(1)


def _say(line: Line) -> None:
    typer.echo(f"{MARKS[line.outcome]} {line.text}")
    for said in _paragraphs(line.to_do):
        typer.echo(said)


def _paragraphs(to_do: Iterable[str]) -> Iterable[str]:
    for said in to_do:
        is_request = said.startswith(("POST ", "PUT "))  # to be copied: in one line, however long
        yield from [INDENT + said] if is_request else wrap(said, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
