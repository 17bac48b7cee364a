"""Names that other programs rely on: local topics and message headers. A change is a breaking change."""

ALERTS_TOPIC = "fink.alerts.v1"
"""Records of schema v1; the key is the record's ``obj_id``."""

UNDECODABLE_TOPIC = f"{ALERTS_TOPIC}.undecodable"
"""The processor's dead letters: Fink messages that could not become a record."""

REJECTED_TOPIC = f"{ALERTS_TOPIC}.rejected"
"""The sink's dead letters: records that SkyPortal will never accept."""

STATE_TOPIC = f"{ALERTS_TOPIC}.state"
"""The latest word of each process, and of the operator: the key is a text, the value a JSON object."""

PROCESSOR = "fink-skyportal.processor"
SINK = "fink-skyportal.sink"
"""Names under which the halves sign their dead letters."""
