"""What a processor costs, beside fink-client and through a real Kafka."""
