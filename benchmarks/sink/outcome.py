"""The lines of a case: everybody's figures, beside the predecessor's and the ideal loop's."""

from collections.abc import Iterator, Mapping

from benchmarks.lines import Figure, line
from benchmarks.sink.account import Account
from benchmarks.sink.cases import targets
from benchmarks.sink.entry import Entry, Who, limit_text

Outcome = Mapping[Entry, Account]


def facts(entry: Entry, found: Account, **more: Figure) -> dict[str, Figure]:
    """Return what every line has; ``more`` goes before what is only there to be seen."""
    return {
        "case": entry.case.name,
        "who": entry.who,
        "limit": limit_text(entry.limit),
        "parts": entry.case.parts.name,
        "requests_per_alert": found.requests_per_alert,
        "alerts_per_s": found.alerts_per_s,
        **more,
        "refused": found.refused,
        "probes": found.probes,
    }


def lines(outcome: Outcome) -> Iterator[str]:
    """Yield a line for each entry; what nobody was measured for is left out of its comparisons."""
    for entry, found in outcome.items():
        more: dict[str, Figure] = {}
        rivals: tuple[tuple[str, Who], ...] = (("vs_predecessor", "predecessor"), ("vs_ideal", "ideal"))
        if entry.who == "two_sinks":
            rivals += (("vs_one", "sink"),)
        for name, who in rivals:
            if speed := _speed(outcome, entry, who):
                more[name] = found.alerts_per_s / speed
        named = facts(entry, found, **more)
        yield line("sink", named, {name: one for name, one in targets(entry).items() if name in named})


def _speed(outcome: Outcome, entry: Entry, who: Who) -> float:
    """Return the alerts per second of ``who`` in the same case; 0 without a measurement.

    The predecessor's flow is one, whatever the parts: one measurement for a kind of alerts is enough.
    """
    for other, found in outcome.items():
        same = other.case == entry.case or (who == "predecessor" and other.case.name == entry.case.name)
        if same and (other.who, other.limit) == (who, entry.limit):
            return found.alerts_per_s
    return 0.0
