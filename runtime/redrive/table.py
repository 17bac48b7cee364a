"""Letters as text, for a terminal of 100 columns, a log or a pipe; and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from runtime.redrive.letter import Letter
from schemas.dead_letters import Header

WIDTH = 100
WIDEST_COLUMN = 32
LONGEST_LINE = 2_000
INDENT = "    "
HEAD = ("ID", "PUT ASIDE (UTC)", "OBJECT", "FINK TOPIC", "STAGE", "REASON")


def plain(text: str) -> str:
    """Return ``text`` as one line that no terminal takes for a command."""
    return "".join(one if one.isprintable() else " " for one in text)


def cut(text: str, width: int) -> str:
    """Return ``text`` as one line of at most ``width`` columns."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def instant_text(time: datetime) -> str:
    """Return a time in UTC, to the second, as `--since` takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def table(letters: Sequence[Letter]) -> Iterator[str]:
    """Yield the lines of a table: two for each letter, the second what its reason says."""
    rows = [HEAD, *map(_cells, letters)]
    widths = [min(WIDEST_COLUMN, max(map(len, column))) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = (cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
        if number:
            yield INDENT + cut(_sentence(letters[number - 1]), WIDTH - len(INDENT))


def _cells(letter: Letter) -> tuple[str, ...]:
    why = letter.why
    stage = f"{why.stage}: {why.part}" if why.part else why.stage
    return (
        letter.id,
        instant_text(letter.put_aside_at),
        letter.obj_id or "-",
        letter.fink_topic or "-",
        stage,
        why.reason,
    )


def _sentence(letter: Letter) -> str:
    again = f"(put back {letter.times}×) " if letter.times else ""
    lacking = "" if letter.why.is_whole else "(left out, too large) "
    return again + lacking + letter.why.message


def counts(letters: Sequence[Letter]) -> list[tuple[int, str]]:
    """Return how many letters have each reason, the most frequent first."""
    found = Counter(
        " ".join(filter(None, (one.why.stage, one.why.part, one.why.reason, _status(one)))) for one in letters
    )
    return [(number, reason) for reason, number in found.most_common()]


def _status(letter: Letter) -> str:
    return "" if letter.why.answer is None else str(letter.why.answer.status)


def as_json(letter: Letter) -> Mapping[str, Any]:
    """Return a letter as JSON says it, in the words of the headers."""
    why = letter.why
    return {
        "id": letter.id,
        "put_aside_at": letter.put_aside_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "obj_id": letter.obj_id,
        "fink_topic": letter.fink_topic,
        "stage": why.stage,
        "part": why.part,
        "reason": why.reason,
        "message": why.message,
        "answer": None
        if why.answer is None
        else {
            "endpoint": why.answer.endpoint,
            "status": why.answer.status,
            "body": why.answer.body,
            "attempts": why.answer.attempts,
        },
        "source": {"topic": why.topic, "partition": why.partition, "offset": why.offset},
        "bytes": letter.bytes,
        "left_out_bytes": why.left_out.value_bytes + why.left_out.key_bytes + why.left_out.headers_bytes,
        "times_put_back": letter.times,
    }


def headers(found: Sequence[Header]) -> Iterator[str]:
    """Yield the lines that show headers: whole, but for what is longer than anybody reads."""
    width = max((len(plain(name)) for name, _value in found), default=0)
    for name, value in found:
        text = "(nothing)" if value is None else value.decode(errors="replace")
        longer = f" … of {len(text)} characters" if len(text) > LONGEST_LINE else ""
        yield f"{INDENT}{plain(name).ljust(width)}  {plain(text[:LONGEST_LINE])}{longer}"
