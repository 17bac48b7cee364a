"""Processors as an operator starts them, and what they take of the machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmarks.processor.cases import ALL_ANNOTATIONS
from benchmarks.processor.topic import FinkTopic
from processor.convert import FinkSurvey

LEAVING_S = 30.0

_SETTINGS = ("FINK_", "KAFKA_", "PROCESSOR_")
_LOG_LINES = 20


class Processor:
    """One ``python -m processor run``."""

    def __init__(self, topic: FinkTopic, survey: FinkSurvey, log: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
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
        self._log = log
        with log.open("wb") as opened:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "processor", "run"], env=inherited | settings, stdout=opened, stderr=opened
            )

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def cpu_s(self) -> float:
        """Return the CPU seconds that it has taken since its start, all threads together."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def peak_mb(self) -> float:
        """Return the most memory that it has had, in megabytes; Linux alone keeps account of it."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (kibibytes,) = [row.split()[1] for row in status.splitlines() if row.startswith("VmHWM:")]
        return int(kibibytes) * 1024 / 1e6

    def stop(self) -> None:
        """Let it leave its group."""
        self._process.terminate()
        try:
            self._process.wait(LEAVING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


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
