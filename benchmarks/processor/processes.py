"""Processors as an operator starts them, and what they take of the machine."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.command import Command
from benchmarks.processor.cases import ALL_ANNOTATIONS
from benchmarks.processor.topic import FinkTopic
from processor.convert import FinkSurvey


class Processor(Command):
    """One ``python -m processor run``."""

    def __init__(self, topic: FinkTopic, survey: FinkSurvey, log: Path) -> None:
        settings = {
            "HOME": os.devnull,  # no credentials of finkctl's
            "FINK_SURVEY": survey.value,
            "FINK_SERVERS": topic.bootstrap_servers,
            "FINK_TOPICS": topic.name,
            "FINK_GROUP_ID": topic.group,
            "KAFKA_BOOTSTRAP_SERVERS": topic.bootstrap_servers,
            "KAFKA_TOPIC": topic.local_topic,
            "PROCESSOR_ANNOTATIONS": ",".join(ALL_ANNOTATIONS.patterns),
            "PROCESSOR_METRICS_PORT": "0",
        }
        super().__init__(["processor", "run"], settings, log)

    def cpu_s(self) -> float:
        """Return the CPU seconds that it has taken since its start, all threads together."""
        times = self.account.cpu_times()
        return float(times.user + times.system)

    def peak_mb(self) -> float:
        """Return the most memory that it has had, in megabytes; Linux alone keeps account of it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kibibytes,) = [row.split()[1] for row in status.splitlines() if row.startswith("VmHWM:")]
        return int(kibibytes) * 1024 / 1e6


@contextmanager
def running(count: int, topic: FinkTopic, survey: FinkSurvey, logs: Path) -> Iterator[list[Processor]]:
    """Start so many processors of one group, and stop them at the end of the block."""
    with ExitStack() as stack:
        processors = []
        for number in range(count):
            processor = Processor(topic, survey, logs / f"{topic.group}-{number}.log")
            stack.callback(processor.stop)
            processors.append(processor)
        yield processors
