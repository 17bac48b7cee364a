"""A Fink that publishes as Fink does: its wire format, its partitions, its disorder, and nights of made-up alerts."""

from demo.fink.alert import FinkAlert, Survey, WriterSchema, encode, read_alerts
from demo.fink.nights import TOPICS, night
from demo.fink.publisher import FinkPublisher, Published

__all__ = [
    "TOPICS",
    "FinkAlert",
    "FinkPublisher",
    "Published",
    "Survey",
    "WriterSchema",
    "encode",
    "night",
    "read_alerts",
]
