"""A demo that is told to stop leaves nothing behind."""

import psutil

from support.kafka import until
from support.processes import running


def words_of(process: psutil.Process) -> list[str]:
    """Return the command of a process; nothing if it has ended, as some do that only make ready."""
    try:
        return process.cmdline() if process.is_running() else []
    except psutil.NoSuchProcess:
        return []


def test_a_demo_that_is_told_to_stop_ends_everything_that_it_started() -> None:
    with running(["demo", "run", "--alerts", "20"], {}) as demo:
        started: set[psutil.Process] = set()

        def all_is_started() -> bool:
            started.update(psutil.Process(demo.process.pid).children(recursive=True))
            return any("sink" in words_of(one) for one in started)

        until(all_is_started, "a sink")
        status = demo.stop()
        said = demo.output
        alive = [one for one in started if words_of(one)]

    assert status == 1
    assert "ended before the night was over" in said
    assert len(started) > 3, "Kafka, SkyPortal, processors and a sink"
    assert alive == []
    assert "Traceback" not in said
