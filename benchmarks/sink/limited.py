"""Everything under SkyPortal's limit, at the same time: nobody needs much of the machine at five requests a second."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.lines import remark
from benchmarks.sink import entry as entries
from benchmarks.sink.account import Account
from benchmarks.sink.cases import COLD, HISTORIES, LIMITED_OBJECTS, LIVE, NEW, NEW_ALL, seen_again
from benchmarks.sink.entry import Case, Entry, Ready, Who, World
from benchmarks.sink.live import live
from benchmarks.sink.outcome import lines
from benchmarks.sink.portal import LIMIT
from benchmarks.sink.restart import restart
from benchmarks.sink.together import together

Wanted = Callable[[Case], bool]


def measure_all(world: World, wanted: Wanted) -> Iterator[str]:
    """Yield the lines of the wanted cases. Raises `Lost`."""
    everybody: dict[Case, tuple[Who, ...]] = {
        NEW: ("predecessor", "ideal", "sink", "two_sinks"),
        NEW_ALL: ("ideal", "sink"),
        seen_again(LIMITED_OBJECTS): ("predecessor", "ideal", "sink"),
        **dict.fromkeys(HISTORIES, ("sink",)),
    }
    compared = [Entry(case=case, who=who, limit=LIMIT) for case, some in everybody.items() for who in some]
    measurements: dict[Entry | Case, Callable[[Ready], Account | str]] = {
        one: partial(entries.run, one, world) for one in compared if wanted(one.case)
    }
    measurements |= {case: partial(live, case, LIMIT, world) for case in LIVE if wanted(case)}
    measurements |= {case: partial(restart, case, LIMIT, world) for case in COLD if wanted(case)}
    if not measurements:
        return
    remark(f"limit={LIMIT:g}: {len(measurements)} measurements at the same time, {world.window.all_s:.0f} s")
    found = together(measurements)
    counted = {name: one for name, one in found.items() if isinstance(one, Account)}
    yield from lines({name: one for name, one in counted.items() if isinstance(name, Entry)})
    yield from (said for said in found.values() if isinstance(said, str))
