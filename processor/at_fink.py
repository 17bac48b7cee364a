"""What waits at Fink for the group, for how long yet: looked at beside the reading, which may stand still."""

import time
from collections.abc import Callable
from threading import Event

from processor import fink, metrics
from processor.checks.backlog import DAY_S, KEPT_DAYS
from processor.settings import ProcessorSettings
from runtime.gauges import Values
from runtime.waiting import Watch

LOOK_EVERY_S = 30.0
SILENT_S = 180.0
"""What was seen of Fink so long ago is not told any more: a look at many topics takes a while."""


class AtFink:
    """What the whole group has not committed, whichever processor reads it. Any thread may ask, and waits for nobody.

    Each answer holds the partitions that were seen lately.
    """

    def __init__(self, watch: Watch, *, clock: Callable[[], float] = time.time) -> None:
        self._watch = watch
        self._clock = clock

    def lag(self) -> Values:
        """Return the messages of each partition that the group has not committed."""
        seen = self._watch.waiting(newer_than_s=SILENT_S)
        return {(one.topic, str(one.part.number)): one.part.unread for one in seen}

    def headroom_s(self) -> Values:
        """Return the seconds until Fink deletes the oldest message of each partition that the group has not committed.

        Where none waits, that is as long as Fink keeps one.
        """
        kept_s, now = KEPT_DAYS * DAY_S, self._clock()
        return {
            (one.topic, str(one.part.number)): kept_s - (now - one.oldest_at if one.part.unread else 0.0)
            for one in self._watch.waiting(newer_than_s=SILENT_S)
            if one.oldest_at or not one.part.unread
        }


def watch_fink(settings: ProcessorSettings, stop: Event) -> None:
    """Look at the topics of ``settings`` from now on, until ``stop`` is set, and let the metrics show it."""
    connection = fink.connection(
        servers=settings.fink_servers,
        group_id=settings.fink_group_id,
        username=settings.fink_username,
        password=settings.fink_password.get_secret_value(),
        security=settings.fink_security,
    )
    watch = Watch(connection, group_id=settings.fink_group_id, topics=settings.fink_topics, every_s=LOOK_EVERY_S)
    at_fink = AtFink(watch)
    metrics.FINK_LAG.set_function(at_fink.lag)
    metrics.FINK_HEADROOM.set_function(at_fink.headroom_s)
    watch.start(stop)
