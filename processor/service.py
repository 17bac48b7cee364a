"""Everything around the loop: what a processor opens when it starts, and closes when it leaves."""

import logging
from threading import Event

from processor import metrics
from processor.at_fink import watch_fink
from processor.convert import MoreAnnotations
from processor.dead_letters import DeadLetters
from processor.drift import SchemaWatch
from processor.fink import FinkConsumer, FinkFailed
from processor.records import Records
from processor.report import Report
from processor.run import Outlet, run
from processor.settings import ProcessorSettings
from processor.transfer import TransferConsumer, TransferUnusable
from runtime import build_info, topics
from runtime.health import Health, HealthServer, PortTaken
from runtime.log import configure
from runtime.publisher import NotPublished, Publisher
from runtime.reports import Reporter
from runtime.settings import SettingsError, load
from runtime.signals import leave_at_once, stop_on_signals
from runtime.state import StateTopic
from schemas.avro import FASTEST

__all__ = ["FAILURES", "SettingsError", "load_settings", "serve"]

log = logging.getLogger(__name__)

FAILURES = (PortTaken, topics.BrokerUnreachable, topics.TopicUnusable, NotPublished, FinkFailed, TransferUnusable)
"""What ends a processor with a sentence that says why."""


def load_settings() -> ProcessorSettings:
    """Read the environment. Raises `SettingsError` with all mistakes at once."""
    return load(ProcessorSettings, own_prefixes=("FINK_", "PROCESSOR_"))


def serve(settings: ProcessorSettings) -> None:
    """Read from Fink and publish until SIGTERM or SIGINT. Raises one of `FAILURES`; call it from the main thread."""
    configure(settings.processor_log_level)
    leave_at_once()
    health = Health()
    server = HealthServer(
        health,
        host=settings.processor_metrics_host,
        port=settings.processor_metrics_port,
        port_variable="PROCESSOR_METRICS_PORT",
    )
    build_info.tell("processor")
    metrics.begin(settings.fink_topics)
    metrics.READY.set_function(lambda: float(health.is_ready))
    topics.prepare(settings)
    stop = Event()
    stop_on_signals(stop)
    source = _source(settings)
    watch_fink(settings, stop)
    log.info(
        "started survey=%s service=%s topics=%s group=%s codec=%s metrics_port=%d",
        settings.fink_survey,
        settings.processor_service,
        ",".join(settings.fink_topics),
        settings.fink_group_id,
        FASTEST.name,
        server.port,
    )
    outlet = _outlet(settings, source, health)
    report = Report(settings, source, health=health, port=server.port)
    reporter = Reporter(StateTopic(outlet.publisher, settings), report.words, own=report.key)

    def turned() -> None:
        health.turned()
        reporter.turned()

    try:
        health.ready("start")
        run(source, outlet, turned, stop)
        reporter.close()
    finally:
        source.close()  # commits what is stored
        server.close()
        log.info("stopped")


def _source(settings: ProcessorSettings) -> FinkConsumer:
    consumer = TransferConsumer if settings.processor_service == "transfer" else FinkConsumer
    return consumer(
        survey=settings.fink_survey,
        topics=settings.fink_topics,
        servers=settings.fink_servers,
        group_id=settings.fink_group_id,
        username=settings.fink_username,
        password=settings.fink_password.get_secret_value(),
        security=settings.fink_security,
    )


def _outlet(settings: ProcessorSettings, source: FinkConsumer, health: Health) -> Outlet:
    publisher, more = Publisher(settings), MoreAnnotations(settings.processor_annotations)
    return Outlet(
        publisher=publisher,
        dead_letters=DeadLetters(publisher, settings.undecodable_topic, source.schema_of),
        records=Records(survey=settings.fink_survey, watch=SchemaWatch(settings.fink_survey, health, more), more=more),
        topic=settings.kafka_topic,
        schema_of=source.schema_of,
        counts=source.counts,
    )
