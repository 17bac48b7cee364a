"""``python -m sink status``: where every alert is, from what Kafka keeps and what the processes say of themselves."""
