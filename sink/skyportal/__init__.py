"""SkyPortal: one request and its answer, when it may be sent, and what it means."""
