"""Leaving in order: SIGTERM and SIGINT ask the loop to end; a second one, or one at the start, ends the process."""

import logging
import os
import signal
import threading
from types import FrameType

log = logging.getLogger(__name__)


def leave_at_once() -> None:
    """Let SIGTERM and SIGINT end the process, with status 0, wherever it is: at the start nothing is at stake."""

    def leave(number: int, frame: FrameType | None) -> None:
        del frame
        log.info("stopped at the start signal=%s", signal.Signals(number).name)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)


def note_hangups(heard: threading.Event) -> None:
    """Let SIGUSR1 and SIGHUP set ``heard``: somebody has mended something. Call it from the main thread.

    SIGHUP is also what the end of a terminal sends: in one it ends the process, and under nohup nothing happens.
    """

    def note(number: int, frame: FrameType | None) -> None:
        del number, frame
        heard.set()

    signal.signal(signal.SIGUSR1, note)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and not os.isatty(0):
        signal.signal(signal.SIGHUP, note)


def stop_on_signals(stop: threading.Event) -> None:
    """Let SIGTERM and SIGINT set ``stop``. Call it from the main thread."""

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set():
            os._exit(128 + number)  # whoever asks twice does not want to wait for tidying
        log.info("stopping signal=%s", signal.Signals(number).name)
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
