"""What a sink counts."""

from prometheus_client import Counter, Gauge, Histogram

SETTLED = Counter(
    "sink_alerts_settled_total", "Alerts that need no more work: accepted, rejected, skipped.", ["outcome"]
)
DEAD_LETTERS = Counter("sink_dead_letters_total", "Alerts put aside, by the stage that failed.", ["stage"])
REQUESTS = Counter("sink_requests_total", "Requests to SkyPortal.", ["endpoint", "verdict"])
IN_FLIGHT = Gauge("sink_in_flight_alerts", "Alerts that are collected and not settled.")
AWAY = Gauge("sink_skyportal_away_seconds", "Since when SkyPortal does not answer; 0 while it does.")
AGE = Histogram(
    "sink_alert_age_seconds",
    "From Fink's publication to SkyPortal's acceptance.",
    buckets=(1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600),
)
