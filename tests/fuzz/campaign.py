"""Many messages, judged by child processes, so that nothing that becomes of one of them goes unnoticed."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import connection

from fuzz.judge import Judge, Outcome
from fuzz.tally import Fault, Finding, Tally
from fuzz.worker import NONE_YET, MakeJudge, Slot, work

HANG_S = 60.0
"""A message that takes so long will never end."""

MOST_DEATHS = 30
"""Who has found so many has something to do first."""

MOST_DIFFERENCES = 50
"""Of which more is kept than their number."""

_DEATHS = frozenset({Fault.CRASH, Fault.HANG})

_LOOK_EVERY_S = 0.2
_SAY_EVERY_S = 10.0
_DYING_S = 5.0

_children = multiprocessing.get_context("spawn")


class Campaign:
    """Judges so many messages of ``seed``, from number ``first`` on, in so many processes."""

    def __init__(
        self,
        *,
        seed: int,
        messages: int,
        first: int = 0,
        workers: int = 1,
        make_judge: MakeJudge = Judge,
        hang_s: float = HANG_S,
    ) -> None:
        numbers = range(first, first + messages)
        self._shares = [_Share(seed, numbers[index::workers], make_judge, hang_s) for index in range(workers)]
        self._wanted = messages
        self._findings: list[Finding] = []
        self._differences = 0

    def run(self) -> Tally:
        """Return what became of them. RuntimeError if a process cannot even begin."""
        start = said = time.monotonic()
        try:
            while (open_ := [share for share in self._shares if share.is_open]) and not self._is_enough():
                connection.wait([share.sentinel for share in open_], _LOOK_EVERY_S)
                for share in open_:
                    self._note(share.look())
                if time.monotonic() - said > _SAY_EVERY_S:
                    said = time.monotonic()
                    self._say(said - start)
        finally:
            for share in self._shares:
                share.close()
        return self._tally(time.monotonic() - start)

    def _is_enough(self) -> bool:
        return self._deaths() >= MOST_DEATHS

    def _deaths(self) -> int:
        return sum(finding.fault in _DEATHS for finding in self._findings)

    def _note(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            if finding.fault is not Fault.DIFFER or self._differences < MOST_DIFFERENCES:
                self._differences += finding.fault is Fault.DIFFER
                self._findings.append(finding)

    def _say(self, seconds: float) -> None:
        found = self._tally(seconds)
        print(
            f"... {found.messages:,} of {self._wanted:,} messages, {found.messages / seconds:.0f} a second, "
            f"{len(self._findings) - self._differences} faults",
            file=sys.stderr,
            flush=True,
        )

    def _tally(self, seconds: float) -> Tally:
        outcomes: dict[str, dict[Outcome, int]] = {}
        for share in self._shares:
            for name, found in share.slot.outcomes().items():
                sums = outcomes.setdefault(name, dict.fromkeys(Outcome, 0))
                for outcome, count in found.items():
                    sums[outcome] += count
        return Tally(
            messages=sum(share.slot.done for share in self._shares) + self._deaths(),
            outcomes=outcomes,
            findings=tuple(sorted(self._findings, key=lambda finding: finding.number)),
            differ=sum(share.slot.differ for share in self._shares),
            seconds=seconds,
        )


class _Share:
    """The messages of one process, and of those that take its place when it dies."""

    def __init__(self, seed: int, numbers: range, make_judge: MakeJudge, hang_s: float) -> None:
        self.slot = Slot(_children.RawArray("q", Slot.size()))
        self._seed, self._make_judge, self._hang_s = seed, make_judge, hang_s
        self._left = numbers
        self._begin()

    @property
    def is_open(self) -> bool:
        """Whether messages are left."""
        return len(self._left) > 0

    @property
    def sentinel(self) -> int:
        """What is ready when the process has ended."""
        return self._process.sentinel

    def look(self) -> Iterator[Finding]:
        """Yield what has been found since the last time, and see to it that somebody is at work."""
        ended, hangs = self._process.exitcode is not None, self.slot.busy_s > self._hang_s
        if hangs and not ended:
            self._abort()
        while self._findings.poll():  # only now: a process that has ended has sent everything
            try:
                yield self._findings.recv()
            except EOFError:
                break
        if ended and self._process.exitcode == 0:
            self._left = self._left[:0]
        elif ended or hangs:
            yield self._death(hangs=hangs and not ended)
            self.close()
            self._left = self._left[self._left.index(self.slot.number) + 1 :]
            if self.is_open:
                self._begin()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._findings.close()

    def _begin(self) -> None:
        self.slot.begin(NONE_YET)
        self._findings, findings = _children.Pipe(duplex=False)
        arguments = (self.slot.shared, findings, self._make_judge, self._seed, self._left)
        self._process = _children.Process(target=work, args=arguments, daemon=True)
        self._process.start()
        findings.close()  # the child has it

    def _abort(self) -> None:
        """Let the process say where it hangs, and end."""
        os.kill(self._process.pid or 0, signal.SIGABRT)
        self._process.join(_DYING_S)

    def _death(self, *, hangs: bool) -> Finding:
        number, status = self.slot.number, self._process.exitcode or 0
        if number == NONE_YET:
            raise RuntimeError(f"a process ended before its first message, with status {status}")
        if hangs:
            return Finding(fault=Fault.HANG, number=number, sentence=f"no end after {self._hang_s:.0f} s")
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return Finding(fault=Fault.CRASH, number=number, sentence=f"the process ended with {name}")
