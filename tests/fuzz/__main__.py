"""``make fuzz``, and one of its messages again."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fuzz.campaign import Campaign
from fuzz.judge import Judge
from fuzz.messages import message
from fuzz.tally import Fault, Finding

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

SHOWN = 5
"""Messages that are named of those with one fault."""

CORES = os.cpu_count() or 1


@app.command()
def fuzz(
    messages: Annotated[int, typer.Option(min=1, help="How many messages.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Another seed is other messages.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Number of the first of them.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that judge them.")] = CORES,
    number: Annotated[int, typer.Option(help="Only this message, in this process, and what becomes of it.")] = -1,
    keep: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write that message's key and value there.")
    ] = None,
) -> None:
    """Damage messages of every kind, and see that each becomes a record or a dead letter."""
    if number >= 0:
        _again(seed, number, keep)
        return
    tally = Campaign(seed=seed, messages=messages, first=first, workers=workers).run()
    for (fault, sentence), numbers in _together(tally.findings).items():
        print(f"fuzz: {fault} seed={seed} {len(numbers)} times: {sentence}")
        for shown in numbers[:SHOWN]:
            print(f"    number={shown} {_story(seed, shown)}")
    if tally.findings:
        print(f"fuzz: one of them again: PYTHONPATH=tests python -m fuzz --seed {seed} --number N")
    print(*tally.lines(), sep="\n")
    if not tally.is_good:
        raise typer.Exit(1)


def _together(findings: Iterable[Finding]) -> Mapping[tuple[Fault, str], Sequence[int]]:
    """Return the numbers of the messages with the same fault, whatever numbers its sentence has in it."""
    found: dict[tuple[Fault, str], list[int]] = {}
    sentences: dict[str, str] = {}
    for one in findings:
        sentence = sentences.setdefault(re.sub(r"\d+", "#", one.sentence), one.sentence)
        found.setdefault((one.fault, sentence), []).append(one.number)
    return found


def _again(seed: int, number: int, keep: Path | None) -> None:
    draft = message(seed, number)
    print(f"fuzz: seed={seed} number={number} {_story(seed, number)}")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for name, part in (("key", draft.key), ("value", draft.value)):
            (keep / f"{seed}-{number}.{name}").write_bytes(part or b"")
    verdict = Judge().judge(draft)
    for name, outcome in verdict.outcomes.items():
        print(f"    {name}: {outcome.name} {verdict.sentences.get(name, '')[:500]}")


def _story(seed: int, number: int) -> str:
    draft = message(seed, number)
    return f"survey={draft.survey} kind={draft.origin.kind} damage={','.join(draft.story)}"


if __name__ == "__main__":
    app()
