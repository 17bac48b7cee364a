"""Delivering records of the local topic again, beside the live sinks."""
