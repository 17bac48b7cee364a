"""``redrive list``, ``redrive show`` and ``redrive put-back`` of either half."""

import json
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.moments import moment
from runtime.redrive import say
from runtime.redrive.letter import NoSuchLetter, RedriveFailed, Selection
from runtime.signals import stop_on_signals

if TYPE_CHECKING:
    from runtime.redrive.box import LetterBox


def _moment(text: str) -> datetime:
    try:
        return moment(text, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


TIME = "2026-11-21, 2026-11-21T18:30 (UTC) or so long ago, as 6h or 2d"
PATTERN = "* stands for anything"

Stage = Annotated[str, typer.Option(help=f"What failed: decode, convert, publish, deliver, route, part; {PATTERN}.")]
Reason = Annotated[str, typer.Option(help=f"Name of the error, as `list` shows it; {PATTERN}.")]
Part = Annotated[str, typer.Option(help="The part that was refused: candidate, photometry, annotation, ...")]
Topic = Annotated[str, typer.Option(help=f"Fink topic; {PATTERN}.")]
Object = Annotated[str, typer.Option("--object", help=f"Object; {PATTERN}.")]
Text = Annotated[str, typer.Option(help="Words in the reason's sentence or in SkyPortal's answer.")]
Since = Annotated[Any, typer.Option(parser=_moment, metavar="TIME", help=f"Put aside at this time or later: {TIME}.")]
Until = Annotated[Any, typer.Option(parser=_moment, metavar="TIME", help=f"Put aside before this time: {TIME}.")]
LetterId = Annotated[str, typer.Argument(metavar="ID", help="The letter's id, as `list` shows it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]
Newest = Annotated[int, typer.Option(min=0, help="Show no more than the newest so many; 0 shows all.")]
Oldest = Annotated[int, typer.Option(min=0, help="No more than the oldest so many alerts; 0 takes all.")]
Raw = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the value to this file, byte for byte.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
LetterIds = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="These letters only.")]


@contextmanager
def _opened(open_box: Callable[[], "LetterBox"]) -> Iterator["LetterBox"]:
    """Give the letters, and end the process with a sentence if that does not work."""
    try:
        yield open_box()
    except (RedriveFailed, NoSuchLetter) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


def redrive_app(open_box: Callable[[], "LetterBox"], *, about: str) -> typer.Typer:
    """Return the commands for the letters that ``open_box`` opens; ``about`` is what their help says first."""
    app = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.command("list")
    def list_(
        stage: Stage = "",
        reason: Reason = "",
        part: Part = "",
        topic: Topic = "",
        obj_id: Object = "",
        text: Text = "",
        since: Since = None,
        until: Until = None,
        limit: Newest = 50,
        as_json: JsonOption = False,  # noqa: FBT002  # an option
    ) -> None:
        """Show the dead letters that wait, and their reasons.

        The newest come last, and then how many have which reason. Those that were put back are left out. Changes
        nothing.
        """
        selection = Selection(
            stage=stage, reason=reason, part=part, topic=topic, obj_id=obj_id, text=text, since=since, until=until
        )
        with _opened(open_box) as box:
            _list(box, selection, limit=limit, as_json=as_json)

    @app.command()
    def show(letter: LetterId, raw: Raw = None) -> None:
        """Show a dead letter, and why it was put aside.

        With SkyPortal's answer, its headers, and what is in it. Changes nothing. Exit status 1 if there is no such
        letter.
        """
        with _opened(open_box) as box:
            _show(box, letter, raw)

    @app.command("put-back")
    def put_back(
        letters: LetterIds = None,
        stage: Stage = "",
        reason: Reason = "",
        part: Part = "",
        topic: Topic = "",
        obj_id: Object = "",
        text: Text = "",
        since: Since = None,
        until: Until = None,
        limit: Oldest = 0,
        dry_run: DryRun = False,  # noqa: FBT002  # an option
        yes: Yes = False,  # noqa: FBT002  # an option
    ) -> None:
        """Put dead letters back, so that they are delivered again.

        Those that fit all the options are put back: without options, all there are. Mend first what the reason names.
        What is refused again is a new letter, and `list` says how often it has been put back.

        Each alert is put back once, and that serves all letters of it. When the broker has it, a marker is appended to
        the topic of the letters, and no later redrive takes them again. Ctrl-C ends it as soon as what is under way is
        marked. If it is cut off, what it published last may be put back once more, a hundred alerts at most; SkyPortal
        takes the same alert twice without harm.
        Two redrives at once may both publish what they come to in the same moment.

        Exit status 1 if anything stays, or if it was stopped.
        """
        selection = Selection(
            ids=frozenset(letters or ()),
            stage=stage,
            reason=reason,
            part=part,
            topic=topic,
            obj_id=obj_id,
            text=text,
            since=since,
            until=until,
        )
        with _opened(open_box) as box:
            _put_back(box, selection, limit=limit, dry_run=dry_run, ask=not yes)

    return app


def _list(box: "LetterBox", selection: Selection, *, limit: int, as_json: bool) -> None:
    letters = box.read(selection)
    shown = letters[-limit:] if limit else letters
    if as_json:
        typer.echo(json.dumps(say.document(box, letters, shown)))
    else:
        _echo(say.listing(box, letters, shown))


def _show(box: "LetterBox", letter: str, raw: Path | None) -> None:
    _echo(box.shown(letter))
    if raw is not None:
        value = box.value(letter)
        try:
            raw.write_bytes(value)
        except OSError as error:
            raise RedriveFailed(f"cannot write {raw}: {error.strerror}") from error


def _put_back(box: "LetterBox", selection: Selection, *, limit: int, dry_run: bool, ask: bool) -> None:
    chosen = box.chosen(selection, limit)
    _echo(say.plan(box, chosen, dry_run=dry_run))
    if not chosen:
        return
    if ask and not dry_run:
        typer.confirm("Put them back?", abort=True)
    tally = say.Tally(dry_run=dry_run, expected=len(chosen))
    with _stoppable() as stop:
        for fate in box.put_back(chosen, rehearse=dry_run, stop=stop):
            _echo(tally.add(fate))
    tally.is_stopped = stop.is_set()
    typer.echo(tally.summary())
    if tally.stays or tally.is_stopped:
        raise typer.Exit(1)


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Give what SIGTERM and SIGINT set, while the block runs, instead of ending the process between two steps."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = Event()
    stop_on_signals(stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
