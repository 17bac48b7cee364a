"""docker-compose.yml run for real, where there is a Docker engine: ``make compose-test``."""
