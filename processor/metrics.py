"""What a processor counts, as docs/METRICS.md describes it."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from runtime.gauges import AskedGauge

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

CONSUMED = Counter("processor_alerts_consumed_total", "Messages read from Fink.", ["topic"])
PUBLISHED = Counter("processor_alerts_published_total", "Records that the local Kafka acknowledged.", ["topic"])
DEAD_LETTERS = Counter(
    "processor_dead_letters_total", "Messages put aside, with their reason, by what failed.", ["topic", "stage"]
)
EXPIRED = Counter(
    "processor_messages_expired_total", "Messages that Fink deleted before the group had read them.", ["topic"]
)
LEFT_OUT = Counter(
    "processor_points_left_out_total",
    "Photometric points that SkyPortal would refuse, by what is wrong with them.",
    ["survey", "reason"],
)
SCHEMAS = Counter("processor_schemas_total", "Writer schemas of Fink's that were not seen before.", ["topic"])
SCHEMA_MISSING = Gauge(
    "processor_schema_missing_field",
    "1 for each field that records are made of and that the topic's newest schema does not have.",
    ["topic", "field"],
)
FINK_LAG = AskedGauge(
    "processor_fink_lag_messages",
    "Messages at Fink that the group has not committed: no processor of it has published them, or none has said so.",
    ["topic", "partition"],
)
FINK_HEADROOM = AskedGauge(
    "processor_fink_retention_headroom_seconds",
    "Until Fink deletes the oldest message that the group has not committed; where none waits, all of its four days.",
    ["topic", "partition"],
)
LAST_MESSAGE = Gauge(
    "processor_last_message_timestamp_seconds", "Unix time when a message was read last; 0 before the first."
)
PUBLICATION_TO_LOCAL = Histogram(
    "processor_publication_to_local_seconds",
    "From Fink's publication of an alert to the local Kafka's acknowledgement.",
    buckets=(
        *(0.1, 0.5, 1, 2, 5, 10, 30),
        *(MINUTE_S, 5 * MINUTE_S, 30 * MINUTE_S, HOUR_S, 4 * HOUR_S, DAY_S, 4 * DAY_S),
    ),
)
READY = Gauge("processor_ready", "1 while /readyz answers 200: nothing keeps alerts from flowing.")

STAGES = ("decode", "convert", "publish")


def begin(topics: Iterable[str]) -> None:
    """Let every counter whose labels are known begin at 0: an increase from nothing to 1 would not be seen."""
    for topic in topics:
        for counter in (CONSUMED, PUBLISHED, EXPIRED, SCHEMAS):
            counter.labels(topic)
        for stage in STAGES:
            DEAD_LETTERS.labels(topic, stage)
