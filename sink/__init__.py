"""Local topic to SkyPortal: Kafka forgets a record only when SkyPortal has accepted it, or it was put aside."""
