"""Everything without a limit, one after the other: stand-in, Kafka and sink share the machine's cores."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.lines import remark
from benchmarks.sink import entry as entries
from benchmarks.sink.account import Account
from benchmarks.sink.cases import NEW, NEW_ALL, UNLIMITED_OBJECTS, seen_again
from benchmarks.sink.entry import Case, Entry, Ready, Who, World
from benchmarks.sink.outcome import lines
from benchmarks.sink.together import together


def measure_all(world: World, wanted: Callable[[Case], bool], objects: int = UNLIMITED_OBJECTS) -> Iterator[str]:
    """Yield the lines of the wanted cases; of the re-detections, so many objects are known. Raises `Lost`."""
    cases = [case for case in (NEW, NEW_ALL, seen_again(objects)) if wanted(case)]
    old = [Entry(case=case, who="predecessor", limit=0) for case in cases if case is not NEW_ALL or NEW not in cases]
    if not old:
        return
    # They wait for one answer at a time, and take a few hundredths of a core.
    remark(f"limit=none: the predecessor in {len(old)} cases, {world.window.all_s:.0f} s")
    waiting: dict[Entry, Callable[[Ready], Account]] = {one: partial(entries.run, one, world) for one in old}
    found = together(waiting)
    others: tuple[Who, ...] = ("ideal", "sink")
    for case in cases:
        for who in others:
            one = Entry(case=case, who=who, limit=0)
            remark(one.text)
            found[one] = entries.run(one, world)
    yield from lines(found)
