"""What a sink counts."""

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

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
REQUESTS = Counter("sink_requests_total", "Requests to SkyPortal.", ["endpoint", "verdict"])
REQUEST_SECONDS = Histogram(
    "sink_request_seconds",
    "From a request to its answer, or to the end of waiting for one.",
    ["endpoint"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 65),
)
REQUESTS_PER_ALERT = Gauge(
    "sink_requests_per_alert", "Requests for each accepted alert since the start, refused ones and probes included."
)
RATE = Gauge("sink_request_rate", "Requests per second that the sink allows itself at present.")
IN_FLIGHT = Gauge("sink_in_flight_alerts", "Alerts that are collected and not settled.")
OLDEST = Gauge(
    "sink_oldest_undelivered_seconds", "Since when the oldest unsettled alert waits in the local topic; 0 without one."
)
AWAY = Gauge("sink_skyportal_away_seconds", "Since when SkyPortal does not answer; 0 while it does.")
HALTED = Gauge("sink_halted", "1 while somebody has to mend something before alerts flow again; /readyz says what.")
PAUSED = Gauge("sink_paused", "1 while the operator has paused the sinks; /readyz says since when and why.")
AGE = Histogram(
    "sink_alert_age_seconds",
    "From Fink's publication to SkyPortal's acceptance.",
    buckets=(1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600),
)


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
