"""The dry run: what a sink would send, told and not sent."""
