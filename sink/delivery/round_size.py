"""How many records make a round: as many as SkyPortal answers within some seconds at the present rate."""

import threading

from sink.skyportal.rate import Rate

ROUND_S = 15.0
"""At the limit. What arrives meanwhile waits for the end of it."""

SMALLEST_ROUND = 20
"""Records of one round at any rate, if so many wait: as many classes share a request."""

LARGEST_ROUND = 50
"""Records of one round: the points of so many fill a photometry request, more share nothing more."""

LEARNED_FROM = 100
"""Records from which is learned what a record costs; what was before them is forgotten."""


class RoundSize:
    """Learns what a record costs, and sizes the rounds by it. Thread-safe.

    New objects take six requests, known ones two, and one where only candidates and photometry are sent.
    """

    def __init__(self, rate: Rate, *, requests_of_one: float) -> None:
        """``requests_of_one`` is what to expect of a record before anything is known."""
        self._rate = rate
        self._requests_of_one = requests_of_one
        self._lock = threading.Lock()

    def records(self) -> int:
        """Return the largest number of records for one round."""
        requests = ROUND_S * self._rate.per_second
        return int(min(max(requests / self._requests_of_one, SMALLEST_ROUND), LARGEST_ROUND))

    def delivered(self, records: int, requests: int) -> None:
        """Note that so many records took so many requests."""
        if not records:
            return
        with self._lock:
            share = min(1.0, records / LEARNED_FROM)
            self._requests_of_one += share * (max(1.0, requests / records) - self._requests_of_one)
