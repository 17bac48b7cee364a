"""What `show` prints for a person: lines that are readable in a terminal, a log and a pipe."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime

from runtime.redrive.letter import Letter
from sink.delivery.rank import utc
from sink.show.differences import has_candidate
from sink.show.in_skyportal import InSkyPortal
from sink.show.records import InTopic, Oddity, Record

WIDTH = 100

STATES = {
    "passed": "passed by the group",
    "ahead": "settled ahead of older records",
    "waiting": "waits for a sink",
}


def lines(obj_id: str, topic: InTopic, held: Sequence[InSkyPortal], wrong: Sequence[str]) -> Iterator[str]:
    """Yield the whole picture; ``held`` is empty if SkyPortal did not answer. No line has a control character."""
    yield obj_id
    yield ""
    yield f"Local topic: {len(topic.records) or 'no'} record{'' if len(topic.records) == 1 else 's'}"
    if topic.left_out:
        yield f"  {topic.left_out} older ones are left out"
    for record in topic.records:
        yield from _record(record, held)
    for oddity in topic.oddities:
        yield from _oddity(oddity)
    if topic.older_letters:
        yield "  Dead letters of records that were not read:"
        yield from (f"    {_letter(letter)}" for letter in topic.older_letters)
    yield ""
    for one in held:
        yield from _held(one)
    if held:
        yield ""
        yield "Differences" if wrong else "Differences: none"
        for sentence in wrong:
            yield from _wrapped("  - ", sentence)


def _record(record: Record, held: Sequence[InSkyPortal]) -> Iterator[str]:
    alert, place = record.alert, record.place
    yield _clean(f"  {place.partition}:{place.offset}  appended {_time(place.appended_at)}  {alert.topic}")
    score = "none" if alert.score is None else f"{alert.score:.3g}"
    yield _clean(
        f"      alert {alert.alert_id}  observed {utc(alert.observed_at)}  "
        f"points {len(alert.photometry)}  score {score}"
    )
    if classes := _classes(record):
        yield from _wrapped("      classes ", ", ".join(classes))
    state = STATES[place.state] + (f"; not sent: {record.unwanted}" if record.unwanted else "")
    yield from _wrapped("      ", state)
    for route in record.route if held and not record.unwanted else ():
        tick = "[x]" if has_candidate(record, held[0]) else "[ ]"
        yield _clean(f"      {tick} candidate of {route.filter} ({route.group})")
    for letter in place.letters:
        yield from _wrapped("      dead letter ", _letter(letter))


def _oddity(oddity: Oddity) -> Iterator[str]:
    place = oddity.place
    yield f"  {place.partition}:{place.offset}  appended {_time(place.appended_at)}  cannot be read"
    yield from _wrapped("      ", oddity.reason)
    yield f"      {STATES[place.state]}"
    for letter in place.letters:
        yield from _wrapped("      dead letter ", _letter(letter))


def _held(held: InSkyPortal) -> Iterator[str]:
    if not held.exists:
        yield "SkyPortal: no such object that the bot sees"
        return
    yield "SkyPortal: it is there, " + (
        f"saved to {', '.join(held.saved_to)}" if held.saved_to else "saved to no group"
    )
    yield f"  candidates   {len(held.candidates) or 'none'}"
    for one in held.candidates:
        group = f" ({one.group})" if one.group else ""
        yield _clean(f"      {one.passed_at}  {one.filter}{group}  alert {one.alert_id or 'without a number'}")
    points = [f"{number} {band} {origin}" for (band, origin), number in sorted(held.points.items())]
    yield from _wrapped("  points       ", ", ".join(points) or "none")
    yield "  annotations" + ("" if held.annotations else "  none")
    for note in held.annotations:
        of = f"alert {note.rank.alert_id}, observed {note.rank.observed_at}" if note.rank.alert_id else "of no alert"
        yield from _wrapped("      ", f"{note.origin}: {of}; seen by {', '.join(note.groups)}")
    yield "  classes" + ("" if held.classes else "      none")
    for found in held.classes:
        whose = "ours" if found.is_ours else f"by {found.author}"
        yield from _wrapped(
            "      ",
            f"{found.name} {found.probability or 'without a probability'} ({found.origin}, {whose}); "
            f"seen by {', '.join(found.groups)}",
        )
    yield f"  thumbnails   {', '.join(held.thumbnails) or 'none'}"


def _letter(letter: Letter) -> str:
    part = f" {letter.why.part}" if letter.why.part else ""
    return f"{letter.id}: {letter.why.stage}{part}, {letter.why.reason}: {letter.why.message}"


def _classes(record: Record) -> list[str]:
    return [
        one.name if one.probability is None else f"{one.name} {one.probability:.3g}"
        for one in record.alert.classifications
    ]


def _wrapped(begin: str, text: str) -> Iterator[str]:
    rest = " " * (len(begin) - len(begin.lstrip(" -")) + 2)
    yield from textwrap.wrap(_clean(text), WIDTH, initial_indent=begin, subsequent_indent=rest) or [begin.rstrip()]


def _clean(text: str) -> str:
    """Return what a terminal shows and does not obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
