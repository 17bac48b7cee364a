"""Delivering records: rounds of requests, part after part, and what becomes of what is refused."""
