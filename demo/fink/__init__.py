"""A Fink that publishes as Fink does: its wire format, its partitions, its disorder, and nights of made-up alerts."""

from demo.fink.alert import FinkAlert, Survey, WriterSchema, encode, read_alerts
from demo.fink.nights import TOPICS, night
from demo.fink.publisher import FinkPublisher, Published
from demo.fink.transfer import publish_packets, publish_schema, publish_transfer

__all__ = [
    "TOPICS",
    "FinkAlert",
    "FinkPublisher",
    "Published",
    "Survey",
    "WriterSchema",
    "encode",
    "night",
    "publish_packets",
    "publish_schema",
    "publish_transfer",
    "read_alerts",
]
