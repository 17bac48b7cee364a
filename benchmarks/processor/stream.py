"""Alerts through a real Kafka, from a Fink topic to the local one, by one processor and by two."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from benchmarks.lines import Figure, Target, line, remark
from benchmarks.processor.cases import DISTINCT, Sample
from benchmarks.processor.processes import Processor, running
from benchmarks.processor.topic import FinkTopic
from demo.fink.samples import Case

ALERTS: dict[Case, int] = {"lsst_long": 2_000, "ztf": 5_000}
MEMORY_ALERTS = 5_000

TURNS = (1, 2, 2, 1)
"""Processors of each run: what becomes slower with time slows both."""

CPU_OF_TWO = Target(limit=1.1, at_most=True)
"""CPU seconds per alert of two processors, in those of one."""

PEAK_MB = Target(limit=500, at_most=True)

PATIENCE_S = 90.0
"""Without a single record in that time, the alerts that are missing are lost."""

_LOOK_EVERY_S = 0.02
_SUSPICIOUS_S = 2.0
"""Without a record in that time, it is worth asking what is wrong."""

_SPARE_BYTES = 2_000_000_000


class Lost(Exception):
    """Alerts did not become records."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run has taken."""

    alerts_per_s: float
    """From the first record to the last."""
    cpu_s_per_alert: float
    """Of the processors; what they took to start is not in it."""
    peak_mb: float
    """Most memory of a processor."""


def one_and_two(sample: Sample, bootstrap_servers: str, scratch: Path, cores: int) -> Iterator[str]:
    """Yield a line for one processor, and one for two. Raises `Lost`."""
    runs: dict[int, list[Run]] = {1: [], 2: []}
    alerts = ALERTS[sample.case]
    for processors in TURNS:
        remark(f"{alerts} alerts ({DISTINCT} different ones) through Kafka, case={sample.case} processors={processors}")
        runs[processors].append(run(sample, alerts, processors, bootstrap_servers, scratch))
    cpu_of_one = mean(one.cpu_s_per_alert for one in runs[1])
    for processors, found in runs.items():
        cpu = mean(one.cpu_s_per_alert for one in found)
        yield line(
            "processor",
            {
                "case": f"kafka_{sample.case}",
                "processors": processors,
                "alerts_per_s": mean(one.alerts_per_s for one in found),
                "cpu_ms_per_alert": cpu * 1e3,
                "vs_one": cpu / cpu_of_one,
                "cores": cores,
                "alerts": sample.alerts,
            },
            {"vs_one": CPU_OF_TWO} if processors > 1 else {},
        )


def memory(sample: Sample, bootstrap_servers: str, scratch: Path) -> str:
    """Return the line about the memory of a processor that streams `MEMORY_ALERTS`. Raises `Lost`."""
    remark(f"{MEMORY_ALERTS} alerts ({DISTINCT} different ones) through Kafka, for the memory that it takes")
    peak = run(sample, MEMORY_ALERTS, 1, bootstrap_servers, scratch).peak_mb
    facts: dict[str, Figure] = {"case": "memory", "alerts": MEMORY_ALERTS, "peak_mb": peak}
    return line("processor", facts, {"peak_mb": PEAK_MB})


def run(sample: Sample, alerts: int, processors: int, bootstrap_servers: str, scratch: Path) -> Run:
    """Stream so many alerts, the sample's again and again, and delete them. Raises `Lost`."""
    _check_space(sample, alerts, scratch)
    topic = FinkTopic(bootstrap_servers)
    with running(processors, topic, sample.survey, scratch) as started:
        _until(lambda: topic.is_shared_by(processors), started, "the processors to share the partitions")
        with topic.withheld(sample.repeated(alerts)):
            cpu = _cpu_s(started)
        found = _measured(topic, started, alerts, cpu)
    topic.delete()
    return found


def _measured(topic: FinkTopic, processors: list[Processor], alerts: int, cpu_before: float) -> Run:
    start = time.perf_counter()
    first, last, at_first, at_last = start, start, 0, 0
    while at_last < alerts:
        time.sleep(_LOOK_EVERY_S)
        records, now = topic.records(), time.perf_counter()
        if records > at_last:
            if not at_first:
                first, at_first = now, records
            last, at_last = now, records
        elif now - last > _SUSPICIOUS_S:
            _check(topic, processors, f"{alerts - at_last} of {alerts} alerts", give_up=now - last > PATIENCE_S)
    cpu = _cpu_s(processors) - cpu_before
    _check(topic, processors, f"{alerts} alerts")
    return Run(
        alerts_per_s=(at_last - at_first) / (last - first) if last > first else 0.0,
        cpu_s_per_alert=cpu / alerts,
        peak_mb=max(one.peak_mb() for one in processors),
    )


def _check(topic: FinkTopic, processors: list[Processor], what: str, *, give_up: bool = False) -> None:
    """Raise `Lost` if there is a dead letter, or nobody is there to make records."""
    if put_aside := topic.dead_letters():
        raise _lost(f"{put_aside} alerts were put aside: {what}", processors)
    if give_up or not all(one.runs for one in processors):
        raise _lost(what, processors)


def _cpu_s(processors: list[Processor]) -> float:
    return sum(one.cpu_s() for one in processors)


def _until(condition: Callable[[], bool], processors: list[Processor], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline or not all(one.runs for one in processors):
            raise _lost(f"waited in vain for {what}: all alerts", processors)
        time.sleep(10 * _LOOK_EVERY_S)


def _lost(what: str, processors: list[Processor]) -> Lost:
    logs = "\n".join(f"--- processor {number} said:\n{one.last_words}" for number, one in enumerate(processors, 1))
    return Lost(f"{what} did not become records\n{logs}")


def _check_space(sample: Sample, alerts: int, scratch: Path) -> None:
    """Refuse to fill the disk: messages and records are on it, and for some seconds those of the run before."""
    each = max(len(message.key()) + len(message.value()) for message in sample.messages)
    wanted, free = 3 * each * alerts + _SPARE_BYTES, shutil.disk_usage(scratch).free
    if free < wanted:
        raise OSError(f"{scratch} has {free / 1e9:.1f} GB free: {alerts} alerts need {wanted / 1e9:.1f}")
