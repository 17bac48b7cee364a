"""The status as a person reads it: one screen."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.words import FinkStanding, ProcessorWord, SinkWord
from sink.settings import ConsumerGroupSettings
from sink.status.letters import in_order
from sink.status.local import retention_s
from sink.status.now import Heard, Now
from sink.topic.tally import Tally

FINKS_RETENTION = timedelta(days=4)
"""Fink's documents say four days in one place and seven in another."""

PADDING = (0, 2, 0, 0)


def screen(now: Now, settings: ConsumerGroupSettings) -> RenderableType:
    """Return the whole screen."""
    return Group(*_parts(now, settings))


def duration(seconds: float) -> str:
    """Return a time in the largest unit of which it has two."""
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {name}"
    return f"{max(0, int(seconds))} s"


def _parts(now: Now, settings: ConsumerGroupSettings) -> Iterator[RenderableType]:
    yield Text(f"{settings.kafka_topic} at {settings.kafka_bootstrap_servers}, {_instant(now.at)} UTC")
    yield Text("")
    yield Text("Fink, as the processors said it some seconds ago")
    yield _fink(now) if now.fink else Text("  nothing has been read yet")
    yield from _processors(now)
    yield Text("")
    yield Text(f"Local topic, passed by the group {settings.sink_group_id}")
    yield _local(now, settings) if now.local else Text(f"  there is no topic {settings.kafka_topic}")
    yield Text("")
    yield Text("SkyPortal, as the sinks said it")
    yield from _sinks(now)
    yield Text("")
    yield from _letters(now)
    yield Text("")
    yield from _account(now)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=PADDING)
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def _fink(now: Now) -> RenderableType:
    table = _table("  Fink topic", "published", "put aside", "expired", "waiting", "newest", "headroom")
    for topic, group in groupby(now.fink, key=lambda one: one.topic):
        _add_fink(table, topic, list(group), now.at)
    _add_fink(table, "all", now.fink, now.at)
    return table


def _add_fink(table: Table, name: str, rows: Sequence[FinkStanding], now: datetime) -> None:
    newest = max(one.read_to for one in rows)
    ago = duration((now - datetime.fromisoformat(newest)).total_seconds()) + " ago" if newest else "-"
    numbers = (_number(sum(counts)) for counts in zip(*map(_counts, rows), strict=True))
    table.add_row(f"  {name}", *numbers, ago, min(_headroom(one, now) for one in rows)[1])


def _processors(now: Now) -> Iterator[RenderableType]:
    if not now.processors:
        yield Text("  no processor has said anything today: is one running?")
    for heard in now.processors:
        word = heard.word
        state = _silence(heard, now.at) if heard.is_silent(now.at) else "running"
        yield Text(f"  {word.name}: {word.survey}, group {word.group}, {state}")
        if word.why and not heard.is_silent(now.at):
            yield Text(f"    {word.why}")


def _silence(heard: Heard[ProcessorWord] | Heard[SinkWord], now: datetime) -> str:
    return f"not heard of for {duration((now - heard.at).total_seconds())}; killed, or cut off?"


def _counts(one: FinkStanding) -> tuple[int, int, int, int]:
    return one.published, one.put_aside, one.expired, max(0, one.end - one.position)


def _headroom(one: FinkStanding, now: datetime) -> tuple[float, str]:
    """Return how long what waits at Fink will be kept, to sort by and to show."""
    if one.end <= one.position:
        return float("inf"), "all read"
    if not one.read_to:
        return 0.0, "unknown"
    left = (datetime.fromisoformat(one.read_to) + FINKS_RETENTION - now).total_seconds()
    return left, f"~{duration(left)}" if left > 0 else "none"


def _local(now: Now, settings: ConsumerGroupSettings) -> RenderableType:
    table = _table("  partition", *_TALLY, "waiting", "behind", "headroom")
    moment, kept_s = now.at.timestamp(), retention_s(settings)
    for one in now.local:
        headroom = duration(one.headroom_s(moment, kept_s)) if one.oldest_at else "-"
        behind = duration(one.behind_s(moment)) if one.oldest_at else "-"
        table.add_row(f"  {one.number}", *_tally(one.tally, one.expired), _number(one.waiting), behind, headroom)
    if len(now.local) > 1:
        account = now.account
        oldest = [one for one in now.local if one.oldest_at]
        worst = max((one.behind_s(moment) for one in oldest), default=0.0)
        table.add_row(
            "  all",
            *_tally(account.tally, 0),
            _number(account.waiting),
            duration(worst) if oldest else "-",
            duration(kept_s - worst) if oldest else "-",
        )
    return table


_TALLY = ("accepted", "rejected", "skipped", "copies", "redriven", "expired")


def _tally(tally: Tally, expired: int) -> Iterable[str]:
    numbers = [getattr(tally, name) for name in _TALLY]
    numbers[-1] += expired
    return map(_number, numbers)


def _sinks(now: Now) -> Iterator[RenderableType]:
    if now.paused:
        yield Text(f"  {now.paused}; `python -m sink resume` goes on")
    if not now.sinks:
        yield Text("  no sink of this group has said anything today: is one running?")
        return
    for heard in now.sinks:
        yield from (Text(f"  {line}") for line in _sink(heard, now.at))


def _sink(heard: Heard[SinkWord], now: datetime) -> Iterator[str]:
    word = heard.word
    if heard.is_silent(now):
        yield f"{word.name}: {_silence(heard, now)}"
        return
    since = datetime.fromisoformat(word.since)
    yield f"{word.name}: {word.state} since {_instant(since)}, {duration((now - since).total_seconds())}"
    if word.why and word.state != "paused":  # which is said of all of them
        yield f"  {word.why}"
    rate = f"up to {word.requests_per_second:.1f} requests/s" if word.requests_per_second else "no limit of requests"
    cost = f"{word.requests / word.accepted:.2f} requests per alert" if word.accepted else "no alert accepted yet"
    yield f"  {rate}, {cost}, partitions {_runs(word.partitions)}"


def _runs(numbers: Sequence[int]) -> str:
    """Return numbers as runs: 0-5, 7."""
    if not numbers:
        return "none"
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _letters(now: Now) -> Iterator[RenderableType]:
    waiting = sum(counts.total() for counts in now.letters.values())
    yield Text(f"Dead letters that wait: {_number(waiting)}")
    for topic, counts in now.letters.items():
        for (stage, part, reason), count in in_order(counts):
            what = f"{stage} {part}".rstrip()
            yield Text(f"  {_number(count):>9}  {topic.rpartition('.')[2]}, {what}: {reason}")


def _account(now: Now) -> Iterator[RenderableType]:
    account, tally = now.account, now.account.tally
    terms = [
        f"{name} {_number(getattr(tally, name))}"
        for name in ("accepted", "rejected", "skipped", "expired", "before")
        if getattr(tally, name) or name != "before"
    ]
    terms.append(f"waiting {_number(account.waiting)}")
    yield Text(f"Account: published {_number(account.published)} = {' + '.join(terms)}")
    surplus = f" - surplus {_number(account.surplus)}" if account.surplus else ""
    yield Text(f"         + unaccounted {_number(account.unaccounted)}{surplus}")
    yield Text(f"         besides: copies {_number(tally.copies)}, redriven {_number(tally.redriven)}")
    gone = [one for one in now.fink if one.expired]
    for one in gone:
        yield Text(f"  ! {_number(one.expired)} alerts of {one.topic}:{one.partition} expired unread at Fink")
    for part in now.local:
        if lost := part.tally.expired + part.expired:
            yield Text(f"  ! {_number(lost)} records of partition {part.number} expired unread in the local topic")


def _number(number: int) -> str:
    return f"{number:,}"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
