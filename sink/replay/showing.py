"""Showing how far a replay is: a bar where somebody watches, a line now and then where not."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

from sink.replay.report import Report, duration

log = logging.getLogger(__name__)

LINE_EVERY_S = 10.0
BAR_EVERY_S = 0.5


@contextmanager
def shown(console: Console | None = None) -> Iterator[Callable[[Report], None]]:
    """Give what is to be called in each turn; it writes to standard error."""
    console = console or Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _every(LINE_EVERY_S, lambda report: log.info("%s", report.line()), first=LINE_EVERY_S)
        return
    columns = (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)

        def draw(report: Report) -> None:
            left = f", {duration(report.seconds_left)} left" if report.seconds_left else ""
            text = report.obstacle() or f"{report.state()}{left}"
            bar.update(task, total=report.total, completed=report.done, description=text, refresh=True)

        yield _every(BAR_EVERY_S, draw, first=0)


def _every(seconds: float, show: Callable[[Report], None], *, first: float) -> Callable[[Report], None]:
    due = time.monotonic() + first

    def turned(report: Report) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + seconds
            show(report)

    return turned
