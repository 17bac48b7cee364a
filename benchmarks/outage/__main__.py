"""A picture of a sink's rate through limit, outage and whitelisting: ``python -m benchmarks.outage``. Six minutes.

It is written to ``outage.png``, or to the file that is named. The exit status is 1 if an alert is lost or the sink has
ended. ``--pace 0.2`` shortens every phase to a fifth.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from benchmarks.outage.course import Phases, run
from benchmarks.outage.picture import draw
from benchmarks.sink.contest import Window
from benchmarks.sink.contestant import Lost
from benchmarks.sink.entry import World
from demo.kafka import running_kafka


def main(arguments: Sequence[str]) -> int:
    """Write the picture; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description="Draw a sink's request rate.")
    parser.add_argument("output", type=Path, nargs="?", default=Path("outage.png"), help="where to write the picture")
    parser.add_argument("--pace", type=float, default=1.0, help="what to multiply the length of every phase by")
    asked = parser.parse_args(arguments)
    lengths = [length * asked.pace for length in astuple(Phases())]
    phases = Phases(**dict(zip((field.name for field in fields(Phases)), lengths, strict=True)))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, running_kafka() as servers:
        try:
            course = run(World(bootstrap_servers=servers, folder=Path(folder), window=Window()), phases)
        except Lost as error:
            print(f"bench outage: {error}", file=sys.stderr)
            return 1
    draw(course).savefig(asked.output, format="png")
    print(asked.output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
