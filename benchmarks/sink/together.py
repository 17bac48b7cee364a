"""Several measurements at the same time, each against a SkyPortal of its own; all begin when all are ready."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from benchmarks.sink.entry import Ready

Name = TypeVar("Name")
Result = TypeVar("Result")

PATIENCE_S = 900.0
"""For the last one to be ready."""


def together(measurements: Mapping[Name, Callable[[Ready], Result]]) -> dict[Name, Result]:
    """Run ``measurements``, each given what to call when it is ready. Raises what the first of them raised."""
    barrier = threading.Barrier(len(measurements))

    def guarded(measure: Callable[[Ready], Result]) -> Result:
        try:
            return measure(lambda: barrier.wait(PATIENCE_S))
        except BaseException:
            barrier.abort()  # nobody waits for who will never be ready
            raise

    with ThreadPoolExecutor(len(measurements)) as pool:
        running = {name: pool.submit(guarded, measure) for name, measure in measurements.items()}
    errors = [error for one in running.values() if (error := one.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    return {name: one.result() for name, one in running.items()}
