"""What every process of ours does the same way: settings, logging, signals, health, metrics, Kafka."""
