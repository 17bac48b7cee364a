"""``python -m sink run``."""

import logging
import threading

from runtime import topics
from runtime.health import Health, HealthServer, PortTaken
from runtime.malloc import give_back_large_buffers
from runtime.publisher import NotPublished
from runtime.signals import leave_at_once, note_hangups, stop_on_signals
from sink.commands.start import RoutesOption, end, read_settings
from sink.connection import Misconfigured
from sink.local_topic import Unreadable
from sink.service import Service
from sink.under_way import Withdrawn

log = logging.getLogger("sink")


def run(routes_file: RoutesOption = None) -> None:
    """Deliver until asked to stop. Settings come from the environment; .env.example lists them."""
    settings, table = read_settings(routes_file)
    leave_at_once()
    give_back_large_buffers()
    stop = threading.Event()
    health = Health()
    try:
        server = HealthServer(
            health,
            host=settings.sink_metrics_host,
            port=settings.sink_metrics_port,
            port_variable="SINK_METRICS_PORT",
        )
        log.info(
            "starting group=%s topic=%s metrics_port=%d", settings.sink_group_id, settings.kafka_topic, server.port
        )
        topics.prepare(settings)
        mended = threading.Event()
        note_hangups(mended)
        service = Service(settings, table, health=health, stop=stop, mended=mended)
        service.check()
        stop_on_signals(stop)
        service.deliver()
    except Withdrawn:
        pass
    except (
        PortTaken,
        topics.BrokerUnreachable,
        topics.TopicUnusable,
        Misconfigured,
        Unreadable,
        NotPublished,
    ) as error:
        end(str(error))
    log.info("stopped")
