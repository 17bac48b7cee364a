"""What a processor counts, beside each other."""

from prometheus_client import Counter

CONSUMED = Counter("processor_alerts_consumed_total", "Messages read from Fink.", ["topic"])
PUBLISHED = Counter("processor_alerts_published_total", "Records that the local Kafka acknowledged.", ["topic"])
DEAD_LETTERS = Counter("processor_dead_letters_total", "Messages put aside, with their reason.", ["topic", "stage"])
LEFT_OUT = Counter(
    "processor_points_left_out_total",
    "Photometric points that SkyPortal would refuse, by what is wrong with them.",
    ["survey", "reason"],
)
