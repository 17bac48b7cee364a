"""Damaged messages, by the hundred thousand: each becomes a record or a dead letter, and the process lives."""
