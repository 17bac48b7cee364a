"""The blocks of the README that show a command and its answer: what stands there, and what the commands say today.

``python -m support.readme`` (``make readme``) writes anew those that do not hold any more.
"""

import re
import shlex
from collections.abc import Iterator

import typer

from demo.kafka import running_kafka
from support.first_day import first_day
from support.operated import APPS, answered
from support.processes import ROOT

FILE = ROOT / "README.md"
BLOCK = re.compile(r"^```console\n\$ (?P<command>[^\n]+)\n(?P<answer>.*?)\n?^```$", re.MULTILINE | re.DOTALL)
HELP = " --help"

MASKS = {
    r"requests=\d+ seconds=\d+": "COST",  # first: a number before a word would be taken for an amount
    r"\d{4}-\d\d-\d\dT? ?\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00| UTC)?": "TIME",
    r"~?\b[\d.,]+ (s|min|h|d|seconds?|minutes|MB|kB|B|requests/s|requests per alert)\b": "SOME",
    r"no alert accepted yet": "SOME",
    r"metrics_port=\d+": "PORT",
    r"cluster [\w-]{22},": "CLUSTER",
    r"alerts:\d{4,5}": "NAME",
    # What is found goes by what else the disk holds, and by how busy the machine is; so does the number of ticks.
    r"[✓!✗-] (disk of Kafka|limit of requests): .*?(?= [✓!✗-] | \d+ in order)": r"\1",
    r"\d+ in order, .*$": "SUM",
}
"""Patterns of what is another in each run, and what is compared in their place."""

PROGRESS = re.compile(r"^\S+Z INFO sink\.replay\.showing .*$", re.MULTILINE)
"""Said every ten seconds, by a replay that takes so long on a busy machine."""


def shown() -> dict[str, str]:
    """Return the commands that the README shows, and the answers that it gives them."""
    return {block["command"]: block["answer"] for block in BLOCK.finditer(FILE.read_text())}


def masked(answer: str) -> str:
    """Return what has to be the same in each run: without times and sizes, however the lines are broken."""
    text = " ".join(PROGRESS.sub("", answer).split())
    for pattern, name in MASKS.items():
        text = re.sub(pattern, name, text)
    return text


def helped(command: str) -> str:
    """Return what a command with ``--help`` prints at 80 columns."""
    _python, _m, program, *words = shlex.split(command)
    return answered(program, words, {}).rstrip("\n")


def commands() -> Iterator[str]:
    """Yield all that there are, as they are typed, each program's own name first."""
    for program, app in APPS.items():
        command = typer.main.get_command(app)
        command.make_context(program, [], resilient_parsing=True)  # some are loaded no sooner than they are asked for
        yield from _below(f"python -m {program}", command)


def _below(path: str, command: object) -> Iterator[str]:
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from _below(f"{path} {name}", each)


def renewed(text: str, answers: dict[str, str]) -> str:
    """Return the README's ``text`` with the answers that the commands give; one that holds stays as it is."""

    def block(found: re.Match[str]) -> str:
        command, answer = found["command"], found["answer"]
        if command.endswith(HELP):
            answer = helped(command)
        elif command in answers and masked(answers[command]) != masked(answer):
            answer = answers[command]
        return f"```console\n$ {command}\n{answer}\n```"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    with running_kafka() as broker:
        FILE.write_text(renewed(FILE.read_text(), first_day(broker)))
