"""The contract between the two halves: the record, its codec, and the names of topics and headers.

Knows no survey's packet and no HTTP.
"""
