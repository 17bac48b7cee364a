"""What a processor counts, beside each other."""

from prometheus_client import Counter, Gauge

CONSUMED = Counter("processor_alerts_consumed_total", "Messages read from Fink.", ["topic"])
PUBLISHED = Counter("processor_alerts_published_total", "Records that the local Kafka acknowledged.", ["topic"])
DEAD_LETTERS = Counter("processor_dead_letters_total", "Messages put aside, with their reason.", ["topic", "stage"])
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
