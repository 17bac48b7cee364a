"""A child process that judges messages, and leaves where others can see it what it is at."""

import faulthandler
import logging
import resource
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, Protocol

from fuzz.corpus import corpus
from fuzz.draft import Draft
from fuzz.judge import Outcome, Verdict
from fuzz.messages import message
from fuzz.tally import Fault, Finding
from schemas.avro import CODECS

ADDRESS_SPACE_BYTES = 8 * 1024**3
"""The machine is to survive what is looked for."""

MOST_MORE_MB = 500
"""Memory that no message may take in addition to what those before it have taken at most."""

NONE_YET = -1

_NUMBER, _SINCE, _DONE, _DIFFER, _COUNTS = range(5)


class Judging(Protocol):
    """Who says what becomes of messages."""

    def judge(self, draft: Draft) -> Verdict:
        """Return it, or raise."""


MakeJudge = Callable[[], Judging]


class Slot:
    """Memory that a child shares with its parent: what it wrote before it died is there."""

    def __init__(self, shared: Any) -> None:
        self.shared = shared

    @staticmethod
    def size() -> int:
        """Return how many 64-bit integers it takes."""
        return _COUNTS + len(CODECS) * len(Outcome)

    @property
    def number(self) -> int:
        """The message that is being judged, or was the last one."""
        return int(self.shared[_NUMBER])

    @property
    def busy_s(self) -> float:
        """How long it has been judged; 0 between messages."""
        since = self.shared[_SINCE]
        return (time.monotonic_ns() - since) / 1e9 if since else 0.0

    @property
    def done(self) -> int:
        """How many have been judged."""
        return int(self.shared[_DONE])

    @property
    def differ(self) -> int:
        """On how many of them the codecs differ."""
        return int(self.shared[_DIFFER])

    def outcomes(self) -> dict[str, dict[Outcome, int]]:
        """Return what became of them, by the codec's name."""
        counts = list(self.shared[_COUNTS:])
        return {
            one.name: {outcome: counts[index * len(Outcome) + outcome] for outcome in Outcome}
            for index, one in enumerate(CODECS)
        }

    def begin(self, number: int) -> None:
        """Say which message comes; `NONE_YET` for none."""
        self.shared[_NUMBER], self.shared[_SINCE] = number, 0 if number == NONE_YET else time.monotonic_ns()

    def end(self, verdict: Verdict | None) -> None:
        """Say what became of it."""
        if verdict is not None:
            for index, one in enumerate(CODECS):
                self.shared[_COUNTS + index * len(Outcome) + verdict.outcomes[one.name]] += 1
            self.shared[_DIFFER] += bool(verdict.differ)
        self.shared[_DONE] += 1
        self.shared[_SINCE] = 0


def work(shared: Any, findings: Connection, make_judge: MakeJudge, seed: int, numbers: Sequence[int]) -> None:
    """Judge the messages of these ``numbers``, and send what is found."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    logging.getLogger().addHandler(_Formatting())
    corpus()  # takes long, and is nobody's hanging
    slot, judge = Slot(shared), make_judge()
    for number in numbers:
        slot.begin(number)
        before = _peak_mb()
        verdict = None
        try:
            verdict = judge.judge(message(seed, number))
            if verdict.differ:
                findings.send(Finding(fault=Fault.DIFFER, number=number, sentence=verdict.differ))
        except Exception as error:  # noqa: BLE001  # whatever it is, a processor would have died of it
            findings.send(Finding(fault=Fault.WRONG, number=number, sentence=_sentence(error)))
        if (more := _peak_mb() - before) > MOST_MORE_MB:
            findings.send(Finding(fault=Fault.WRONG, number=number, sentence=f"took {more:.0f} MB more"))
        slot.end(verdict)


class _Formatting(logging.Handler):
    """Writes log lines as a processor does, and keeps none."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def _peak_mb() -> float:
    """Return the most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _sentence(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error!s:.300} ({where.filename}:{where.lineno})"
