"""What the commands say of letters, beside the table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runtime.redrive import table

if TYPE_CHECKING:
    from runtime.redrive.box import LetterBox
    from runtime.redrive.letter import Letter
    from runtime.redrive.put_back import Fate

MOST_SAID = 50
"""Letters that stay, each with its reason."""


def listing(box: "LetterBox", letters: Sequence["Letter"], shown: Sequence["Letter"]) -> Iterator[str]:
    """Yield the lines of ``redrive list``."""
    if not letters:
        yield _none(box)
    else:
        yield from table.table(shown)
        yield ""
        yield from _counted(letters)
        if len(shown) < len(letters):
            yield f"the newest {len(shown)} are shown; --limit 0 shows all"
    if box.waiting.put_back:
        yield f"{_number(box.waiting.put_back, 'alert')} put back earlier"
    if box.waiting.strangers:
        yield f"{_number(box.waiting.strangers, 'message')} in {box.name} that are no dead letters of ours"


def document(box: "LetterBox", letters: Sequence["Letter"], shown: Sequence["Letter"]) -> Mapping[str, Any]:
    """Return what ``redrive list --json`` says."""
    return {
        "topic": box.name,
        "waiting": len(box.waiting.letters()),
        "fitting": len(letters),
        "put_back_earlier": box.waiting.put_back,
        "reasons": [{"letters": number, "reason": reason} for number, reason in table.counts(letters)],
        "letters": [table.as_json(letter) for letter in shown],
    }


def plan(box: "LetterBox", chosen: Sequence["Letter"], *, dry_run: bool) -> Iterator[str]:
    """Yield what ``redrive put-back`` says before it begins."""
    if not chosen:
        yield f"nothing to put back: {_none(box)}"
        return
    yield from table.table(chosen) if dry_run else _counted(chosen)


def _none(box: "LetterBox") -> str:
    may_be_more = box.waiting.letters() or not box.has_read_all
    return f"no dead letters wait in {box.name}" + (" that fit" if may_be_more else "")


def _counted(letters: Sequence["Letter"]) -> Iterator[str]:
    for number, reason in table.counts(letters):
        yield f"{number:>7}  {table.plain(reason)}"
    alerts = len({letter.source for letter in letters})
    yield f"{len(letters):>7}  " + (f"letters of {_number(alerts, 'alert')}" if alerts < len(letters) else "in all")


class Tally:
    """Counts what became of letters, and says what stays."""

    def __init__(self, *, dry_run: bool, expected: int) -> None:
        self._dry_run = dry_run
        self.is_stopped = False
        self._expected = expected
        self._back = 0
        self._already = 0
        self.stays = 0

    def add(self, fate: "Fate") -> Iterator[str]:
        """Yield a line if the letter stays."""
        if fate.because:
            self.stays += 1
            if self.stays <= MOST_SAID:
                letter = fate.letter
                name = f"{letter.id} {table.plain(letter.obj_id)}".rstrip()
                yield f"stays: {name}: {table.cut(fate.because, table.LONGEST_LINE)}"
        elif fate.is_back:
            self._back += 1
        else:
            self._already += 1

    def summary(self) -> str:
        """Return how many have which fate."""
        said = [f"{_number(self._back, 'alert')} {'would be put back' if self._dry_run else 'put back'}"]
        if self.stays:
            said.append(f"{self.stays} {'would stay' if self._dry_run else 'stays' if self.stays == 1 else 'stay'}")
        if self._already:
            said.append(f"{self._already} put back by somebody else in the meantime")
        if gone := self._expected - self._back - self.stays - self._already:
            left = f"{gone} left, since it was asked to stop"
            said.append(left if self.is_stopped else f"{gone} gone: Kafka has let them go in the meantime")
        return ", ".join(said)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
