"""What a check has found, and how a person or a program reads it."""

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, NoReturn

State = Literal["ok", "warning", "wrong", "unchecked"]

MARKS: dict[State, str] = {"ok": "✓", "warning": "!", "wrong": "✗", "unchecked": "-"}

WIDEST = 100
"""Columns of a line of text."""

STATUS_FINE, STATUS_WRONG, STATUS_SETTINGS = 0, 1, 2
"""Exit statuses of a check."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One precondition, and whether it holds."""

    name: str
    state: State
    text: str
    """What was found: a sentence, or part of one."""
    to_do: str = ""
    """What mends it; empty where nothing has to be done."""


class Blocked(Exception):
    """What comes next cannot be checked: what is wrong has been said already."""


def ok(name: str, text: str) -> Finding:
    """Return a tick."""
    return Finding(name=name, state="ok", text=text)


def warning(name: str, text: str, to_do: str) -> Finding:
    """Return what works now and may not do so for long, or costs something."""
    return Finding(name=name, state="warning", text=text, to_do=to_do)


def wrong(name: str, text: str, to_do: str) -> Finding:
    """Return what keeps alerts from flowing."""
    return Finding(name=name, state="wrong", text=text, to_do=to_do)


def unchecked(name: str, because: str, to_do: str = "") -> Finding:
    """Return what could not be found out, and why."""
    return Finding(name=name, state="unchecked", text=f"not checked: {because}", to_do=to_do)


def collected(name: str, step: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what ``step`` finds. A step that fails is a cross called ``name``, and hides no other."""
    try:
        yield from step()
    except Exception as error:  # noqa: BLE001  # whatever it is, the other checks go on
        yield wrong(
            name,
            f"the check itself failed: {type(error).__name__}: {error}",
            "read the sentence; if it tells nothing, report it as a defect of the check",
        )


def exit_status(findings: Iterable[Finding]) -> int:
    """Return 1 if anything is wrong, else 0: what was not checked is due to something else."""
    return STATUS_WRONG if any(found.state == "wrong" for found in findings) else STATUS_FINE


def rendered(findings: Sequence[Finding], *, columns: int = 0) -> str:
    """Return ``findings`` as text, at most ``columns`` wide; 0 is as wide as the terminal, but at most 100."""
    width = columns or min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    lines = []
    for found in findings:
        lines += _wrapped(f"{MARKS[found.state]} {found.name}: {found.text}", width, hanging="  ")
        if found.to_do:
            lines += _wrapped(f"  → {found.to_do}", width, hanging="    ")
    return "\n".join([*lines, "", summary(findings)])


def summary(findings: Iterable[Finding]) -> str:
    """Return how many findings there are of each state, in words."""
    states = [found.state for found in findings]
    said = [
        f"{states.count('ok')} in order",
        counted(states.count("warning"), "warning"),
        f"{states.count('wrong')} wrong",
    ]
    if "unchecked" in states:
        said.append(f"{states.count('unchecked')} not checked")
    return ", ".join(said)


def as_json(findings: Sequence[Finding], *, status: int) -> str:
    """Return ``findings`` as one JSON document, with the exit status."""
    return json.dumps({"exit_status": status, "findings": [asdict(found) for found in findings]}, indent=2)


def tell(findings: Sequence[Finding], *, status: int, machine: bool) -> NoReturn:
    """Write ``findings`` to standard output, for a ``machine`` as JSON, and end the process with ``status``."""
    text = as_json(findings, status=status) if machine else rendered(findings)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    sys.exit(status)


def size(amount: float) -> str:
    """Return bytes as a person reads them."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004  # of the next unit
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"


def counted(number: int, what: str) -> str:
    """Return a number and what it counts, in the singular or the plural."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def lasting(seconds: float) -> str:
    """Return a time in the largest unit of which it has two."""
    for name, size_s in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size_s:
            return f"{int(seconds // size_s)} {name}"
    return counted(max(0, int(seconds)), "second")


def _wrapped(text: str, width: int, *, hanging: str) -> list[str]:
    # Names and addresses stay whole: somebody copies them.
    return textwrap.wrap(text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
