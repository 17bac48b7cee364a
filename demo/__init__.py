"""The world around the product, to run it without: a local Kafka, a Fink that publishes, a SkyPortal that answers."""
