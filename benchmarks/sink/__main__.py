"""What a sink costs: ``python -m benchmarks.sink``. Half an hour, alone on the machine.

One line for each measurement, on standard output; figures are from SkyPortal's own log, of two minutes. The SkyPortal
is the stand-in, which takes as long for a request as a real one was measured to. Sinks run at their default settings.
The exit status is 0 whatever the figures are, and 1 if an alert is lost or a process has ended.

``--seconds 20 --only new`` is a short look at one case; ``--limit none`` or ``--limit 5`` at one kind of SkyPortal.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.sink import limited, unlimited
from benchmarks.sink.contest import Window
from benchmarks.sink.contestant import Lost
from benchmarks.sink.entry import Case, World
from benchmarks.sink.growth import ARRIVALS, growth
from demo.kafka import running_kafka

DELETE_SOON = {"log.segment.delete.delay.ms": "1000"}
"""Kafka keeps what is deleted for another minute: hundreds of megabytes here."""


IDEAL_ROUNDS_S = 110.0
"""Under the limit, four connections of the ideal loop take so long for the largest batches that they have begun."""


def main(arguments: Sequence[str]) -> int:
    """Measure what ``arguments`` ask for, everything without any; return the exit status."""
    asked = _parser().parse_args(arguments)
    window = Window(warm_up_s=asked.warm_up, seconds=asked.seconds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, running_kafka(properties=DELETE_SOON) as servers:
        world = World(bootstrap_servers=servers, folder=Path(folder), window=window)
        try:
            for line in _lines(world, asked.only or [], asked.limit):
                print(line, flush=True)
        except Lost as error:
            print(f"bench sink: {error}", file=sys.stderr)
            return 1
    return 0


def _lines(world: World, only: Sequence[str], limit: str) -> Iterator[str]:
    def wanted(case: Case) -> bool:
        return not only or case.name in only

    if limit != "none":
        window = replace(world.window, cool_down_s=IDEAL_ROUNDS_S)
        yield from limited.measure_all(replace(world, window=window), wanted)
    if limit != "5":
        yield from unlimited.measure_all(world, wanted)
    if not only or "growth" in only:
        yield from (growth(world, arrival) for arrival in ARRIVALS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sink", description="Measure what a sink costs.")
    parser.add_argument("--seconds", type=float, default=Window().seconds, help="to count for, in each measurement")
    parser.add_argument("--warm-up", type=float, default=Window().warm_up_s, help="seconds before that")
    parser.add_argument("--only", action="append", metavar="CASE", help="new, redetections, ...; repeatable")
    parser.add_argument("--limit", choices=("5", "none"), default="", help="only the runs with this limit")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
