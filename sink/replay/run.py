"""The loop: what of the window is meant is collected, what is settled is kept as done. It never waits for SkyPortal."""

import logging
import math
import threading
import time
from collections.abc import Callable

from confluent_kafka import Message

from sink.delivery.in_flight import InFlight
from sink.delivery.shards import Shards
from sink.replay.beside import Beside
from sink.replay.counts import Counts
from sink.replay.letters import Letters
from sink.replay.progress import Progress
from sink.replay.reading import Reading, Replayed
from sink.replay.selection import Selection
from sink.replay.wanted import Unusable, decode, way_of
from sink.routing.router import NotWanted
from sink.routing.routes import NoRoute, Routes
from sink.topic.offsets import offset_of

log = logging.getLogger(__name__)

PAUSE_S = 0.1


def run(
    reading: Reading,
    shards: Shards,
    letters: Letters,
    beside: Beside,
    progress: Progress,
    *,
    take: Callable[[Message, Replayed], None],
    room: float,
    turned: Callable[[], None],
    stop: threading.Event,
) -> bool:
    """Deliver the window, or as much of it as there is time for until ``stop`` is set; say whether all is done.

    Not more than ``room`` bytes are collected. What is settled is kept as done, so that a crash repeats a round and
    loses nothing. Raises `Unreadable`, `NotPublished` and whatever ended the worker.
    """
    while not stop.is_set():
        if reading.is_done or shards.bytes_in_flight > room:
            stop.wait(PAUSE_S)
        else:
            for message, holding in reading.consume():
                take(message, holding)
        shards.check()
        letters.settle()
        progress.passed(beside.settled())
        turned()
        if reading.is_done and not shards.bytes_in_flight and not letters.waiting():
            progress.finish()
            return True
    return False


def taking(selection: Selection, routes: Routes, shards: Shards, counts: Counts) -> Callable[[Message, Replayed], None]:
    """Return what hands a message to the shards if it is meant and wanted, and passes it by if not."""

    def take(message: Message, holding: Replayed) -> None:
        offset = offset_of(message)
        if not selection.may_take(message.key()):
            holding.pass_by(offset)
            return
        try:
            alert = decode(message)
            if not selection.takes(alert):
                holding.pass_by(offset)
                return
            counts.selected += 1
            way_of(alert, routes)
        except Unusable as error:
            counts.unusable += 1
            log.warning("passed by partition=%d offset=%d: %s", holding.partition, offset, str(error)[:500])
            holding.pass_by(offset)
        except (NotWanted, NoRoute) as error:
            counts.not_wanted += 1
            if isinstance(error, NoRoute) and alert.topic not in counts.no_route:
                counts.no_route.add(alert.topic)
                log.warning("skipped: %s", error)
            holding.pass_by(offset)
        else:
            collected = InFlight(
                message=message, decoded=alert, holding=holding, collected_at=time.monotonic(), appended_at=math.inf
            )
            shards.collect(collected)

    return take
