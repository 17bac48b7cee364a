"""Fink to the local Kafka: each alert becomes a record in SkyPortal's terms."""
