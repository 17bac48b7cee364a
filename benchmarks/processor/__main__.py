"""What a processor costs: ``python -m benchmarks.processor``.

One line for each measurement, on standard output. All times of ours are decode, convert and encode together, with all
annotations on; those of fink-client are its decoding alone. The exit status is 0 whatever the figures are, and 1 if an
alert is lost.

Alerts are made up in the shape of real ones. Where ``FINK_SAMPLES_DIR`` names a folder with Fink's sample files, its
messages are measured too. Needs Linux, which keeps account of the most memory that a process has had.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.lines import remark
from benchmarks.processor import stages, stream
from benchmarks.processor.cases import SURVEYS, Sample, made_up, real
from demo.kafka import running_kafka

DELETE_SOON = {"log.segment.delete.delay.ms": "1000"}
"""Kafka keeps what is deleted for another minute: gigabytes here."""


def main() -> int:
    """Measure everything; return the exit status."""
    for sample in _samples():
        remark(f"decode, convert and encode, case={sample.case} alerts={sample.alerts}")
        _say(stages.compare(sample))
    cores = len(os.sched_getaffinity(0))
    long = made_up("lsst_long")
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, running_kafka(properties=DELETE_SOON) as servers:
        try:
            for sample in (long, made_up("ztf")):
                _say(stream.one_and_two(sample, servers, Path(scratch), cores))
            _say([stream.memory(long, servers, Path(scratch))])
        except stream.Lost as error:
            print(f"bench processor: {error}", file=sys.stderr)
            return 1
    return 0


def _samples() -> Iterator[Sample]:
    folder = os.environ.get("FINK_SAMPLES_DIR", "")
    for case in SURVEYS:
        yield made_up(case)
        if folder:
            yield real(case, Path(folder))


def _say(lines: Iterator[str] | list[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
