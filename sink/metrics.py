"""What a sink counts, as docs/METRICS.md describes it."""

from collections.abc import Callable
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from runtime.gauges import AskedGauge
from sink.skyportal.verdicts import Verdict

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

SETTLED = Counter(
    "sink_alerts_settled_total", "Alerts that need no more work: accepted, rejected, skipped.", ["outcome"]
)
SKIPPED = Counter(
    "sink_skipped_total",
    "Alerts that their route leaves out, by the first criterion that they do not meet.",
    ["reason"],
)
PARTS = Counter(
    "sink_parts_total",
    "Parts of alerts: sent, known (SkyPortal has it already), superseded (by a newer alert's), lost (put aside).",
    ["part", "outcome"],
)
DEAD_LETTERS = Counter(
    "sink_dead_letters_total", "Alerts, or parts of accepted alerts, put aside, by the stage that failed.", ["stage"]
)
EXPIRED = Counter("sink_alerts_expired_total", "Alerts that the local Kafka deleted before a sink had read them.")
REQUESTS = Counter(
    "sink_requests_total", "Requests to SkyPortal, and what their answers meant.", ["endpoint", "verdict"]
)
REQUEST_SECONDS = Histogram(
    "sink_request_seconds",
    "From a request to its answer, or to the end of waiting for one.",
    ["endpoint", "verdict"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 65),
)
REQUESTS_PER_ALERT = Gauge(
    "sink_requests_per_alert", "Requests for each accepted alert since the start, refused ones and probes included."
)
RATE = Gauge("sink_request_rate", "Requests per second that the sink allows itself at present; +Inf without a limit.")
RATE_CEILING = AskedGauge("sink_request_rate_ceiling", "Requests per second that SkyPortal refused last, with 429.")
IN_FLIGHT = Gauge("sink_in_flight_alerts", "Alerts that are collected and not settled.")
LAG = AskedGauge("sink_lag_records", "Records of the local topic that are not settled.", ["partition"])
OLDEST = AskedGauge(
    "sink_oldest_undelivered_seconds",
    "For how long the oldest alert that is not settled has waited in the local topic, read or not; 0 without one.",
)
HEADROOM = AskedGauge(
    "sink_retention_headroom_seconds",
    "Until Kafka deletes the oldest alert that waits in a partition; where none waits, as long as it keeps one.",
    ["partition"],
)
AWAY = Gauge("sink_skyportal_away_seconds", "For how long SkyPortal has not answered; 0 while it does.")
HALTED = Gauge("sink_halted", "1 while somebody has to mend something before alerts flow again; /readyz says what.")
PAUSED = Gauge("sink_paused", "1 while the operator has paused the sinks; /readyz says since when and why.")
READY = Gauge("sink_ready", "1 while /readyz answers 200: nothing keeps alerts from flowing to SkyPortal.")
PUBLICATION_TO_ACCEPTANCE = Histogram(
    "sink_publication_to_acceptance_seconds",
    "From Fink's publication of an alert to SkyPortal's acceptance.",
    buckets=(
        *(1, 2, 5, 10, 30),
        *(MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 30 * MINUTE_S),
        *(HOUR_S, 4 * HOUR_S, DAY_S, 4 * DAY_S, 7 * DAY_S),
    ),
)
DETECTION_TO_ACCEPTANCE = Histogram(
    "sink_detection_to_acceptance_seconds",
    "From an alert's detection at the telescope to SkyPortal's acceptance.",
    buckets=(
        *(MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 20 * MINUTE_S, 30 * MINUTE_S),
        *(HOUR_S, 2 * HOUR_S, 4 * HOUR_S, 8 * HOUR_S, DAY_S, 3 * DAY_S, 7 * DAY_S, 30 * DAY_S),
    ),
)
DISK_FREE = AskedGauge("sink_kafka_disk_free_bytes", "Free on the disk of the local Kafka; of several, the least.")
DISK_SIZE = AskedGauge("sink_kafka_disk_size_bytes", "Size of that disk.")

OUTCOMES = ("accepted", "rejected", "skipped")
STAGES = ("decode", "check", "deliver", "part", "route")
CRITERIA = (
    "solar_system",
    "min_snr",
    "min_detections",
    "min_detections_per_band",
    "min_time_baseline",
    "min_score",
    "quality",
)
PART_NAMES = ("candidate", "photometry", "object", "classification", "annotation", "thumbnail", "source")
PART_OUTCOMES = ("sent", "known", "superseded", "lost")


def begin() -> None:
    """Let every counter whose labels are known begin at 0: an increase from nothing to 1 would not be seen."""
    for outcome in OUTCOMES:
        SETTLED.labels(outcome)
    for stage in STAGES:
        DEAD_LETTERS.labels(stage)
    for criterion in CRITERIA:
        SKIPPED.labels(criterion)
    for part in PART_NAMES:
        for outcome in PART_OUTCOMES:
            PARTS.labels(part, outcome)


def requested(endpoint: str, verdict: Verdict, seconds: float) -> None:
    """Count a request to ``endpoint``, a method and a path without ids, that took so many seconds."""
    _begin_endpoint(endpoint)
    REQUESTS.labels(endpoint, verdict.value).inc()
    REQUEST_SECONDS.labels(endpoint, verdict.value).observe(seconds)


@cache
def _begin_endpoint(endpoint: str) -> None:
    for verdict in Verdict:
        REQUESTS.labels(endpoint, verdict.value)


def requests_per_alert() -> float:
    """Return the requests so far for each alert accepted so far; 0 before the first."""
    return requests() / accepted() if accepted() else 0.0


def requests() -> float:
    """Return the requests since the start, refused ones and probes included."""
    return _sum(REQUESTS, lambda _labels: True)


def accepted() -> float:
    """Return the alerts accepted since the start."""
    return _sum(SETTLED, lambda labels: labels["outcome"] == "accepted")


def _sum(counter: Counter, wanted: Callable[[dict[str, str]], bool]) -> float:
    samples = [sample for family in counter.collect() for sample in family.samples]
    return sum(one.value for one in samples if one.name.endswith("_total") and wanted(one.labels))
