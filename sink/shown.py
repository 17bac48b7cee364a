"""What a sink shows at ``/metrics`` besides what it counts: what waits, for how long yet, and where."""

import threading

from runtime import build_info, kafka
from runtime.health import Health
from runtime.local_broker import LocalBroker
from runtime.waiting import Watch
from sink import metrics
from sink.settings import SinkSettings
from sink.topic.backlog import Backlog
from sink.topic.local_topic import LocalTopic

LOOK_EVERY_S = 5.0
"""For what waits in the local topic."""


class Shown:
    """Looks beside the loop, which waits for none of it."""

    def __init__(self, settings: SinkSettings, health: Health) -> None:
        broker = LocalBroker(settings)
        self._watch = Watch(
            kafka.connection(settings),
            group_id=settings.sink_group_id,
            topics=[settings.kafka_topic],
            every_s=LOOK_EVERY_S,
            besides=broker.look,
        )
        self._backlog = Backlog(self._watch, retention_s=lambda: broker.retention_s)
        metrics.begin()
        build_info.tell("sink")
        metrics.REQUESTS_PER_ALERT.set_function(metrics.requests_per_alert)
        metrics.READY.set_function(lambda: float(health.is_ready))
        metrics.OLDEST.set_function(self._backlog.oldest_s)
        metrics.LAG.set_function(self._backlog.lag)
        metrics.HEADROOM.set_function(self._backlog.headroom_s)
        metrics.DISK_FREE.set_function(broker.disk_free_bytes)
        metrics.DISK_SIZE.set_function(broker.disk_size_bytes)

    def start(self, stop: threading.Event) -> None:
        """Begin to look, until ``stop`` is set."""
        self._watch.start(stop)

    def follow(self, topic: LocalTopic) -> None:
        """Take into account what is read: from now on the sink may have partitions of its own."""
        self._backlog.follow(is_member=lambda: topic.is_member, holdings=topic.holdings)
