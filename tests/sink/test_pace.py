"""The rate that SkyPortal takes is found, by sinks that know nothing of each other, on a clock of the test's own."""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from demo.skyportal.nginx import RateLimit
from sink.skyportal.pace import START, FixedPace, FoundPace
from sink.skyportal.rate import Rate
from support.clock import Clock

LATENCY_S = 0.06
WORKERS = 4


@dataclass
class Night:
    """Sinks with one token, each with four workers that always have something to send."""

    sinks: int = 1
    limit: float = 5.0
    is_whitelisted: Callable[[float], bool] = lambda _seconds: False
    busy: int = WORKERS
    """Workers that have something to send."""
    processes: int = 100
    """Of SkyPortal's: each answers one request at a time."""
    accepted: list[tuple[float, int]] = field(default_factory=list)
    """Seconds from the start, and whose request it was."""
    refused: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """The first sink's, each second."""

    def pass_by(self, seconds: float) -> "Night":
        """Let so many seconds pass."""
        clock, numbers, chance = Clock(), count(), random.Random(1)  # noqa: S311  # no secret
        begin = clock.now
        limit = RateLimit(clock=clock, rate=self.limit)
        paces = [FoundPace(clock=clock) for _ in range(self.sinks)]
        budgets = [Rate(pace, clock=clock) for pace in paces]
        free = [begin] * self.processes
        events: list[tuple[float, int, str, int]] = []

        def later(pause: float, what: str, sink: int) -> None:
            heapq.heappush(events, (clock.now + pause, next(numbers), what, sink))

        for sink in range(self.sinks):
            for _ in range(self.busy):
                later(chance.random() / 10, "begin", sink)
        later(1, "look", 0)
        while events[0][0] < begin + seconds:
            clock.now, _, what, sink = heapq.heappop(events)
            now = clock.now - begin
            if what == "look":
                self.rates.append(paces[0].per_second)
                later(1, "look", 0)
            elif what == "begin":
                later(budgets[sink].reserve(), "send", sink)
            elif what == "answer":
                budgets[sink].answered(throttled=False)
                self.accepted.append((now, sink))
                later(0.002, "begin", sink)
            elif self.is_whitelisted(now) or limit.allows("token"):
                first = min(range(self.processes), key=free.__getitem__)
                free[first] = max(free[first], clock.now) + LATENCY_S * chance.uniform(0.7, 1.3)
                later(free[first] - clock.now, "answer", sink)
            else:
                budgets[sink].answered(throttled=True)
                self.refused.append(now)
                later(chance.uniform(0.1, 0.3), "begin", sink)
        return self

    def per_second(self, begin: float, end: float, sink: int | None = None) -> float:
        """Return how many requests a second SkyPortal has taken, of one sink or of all."""
        taken = [one for when, one in self.accepted if begin <= when < end]
        return len(taken if sink is None else [one for one in taken if one == sink]) / (end - begin)


@pytest.mark.parametrize(("limit", "busy"), [(2, 1), (2, 4), (5, 1), (5, 4), (20, 4), (50, 4)])
def test_one_sink_uses_all_of_the_limit(limit: float, busy: int) -> None:
    night = Night(limit=limit, busy=busy).pass_by(300)

    assert night.per_second(60, 300) >= 0.98 * limit


def test_hovering_at_the_limit_is_refused_rarely() -> None:
    night = Night().pass_by(300)

    assert len([when for when in night.refused if when > 30]) <= 0.1 * 5 * 270


@pytest.mark.parametrize("sinks", [2, 3])
def test_sinks_of_one_token_share_its_budget_and_waste_none(sinks: int) -> None:
    night = Night(sinks=sinks).pass_by(300)

    assert night.per_second(15, 300) >= 0.98 * 5
    for sink in range(sinks):
        assert night.per_second(15, 300, sink) >= 0.6 * 5 / sinks


def test_a_whitelisted_address_is_found_within_half_a_minute() -> None:
    night = Night(is_whitelisted=lambda _seconds: True, processes=2).pass_by(60)

    assert night.per_second(30, 60) >= 0.95 * 2 / LATENCY_S
    assert not night.refused


def test_an_address_that_is_whitelisted_later_is_found_within_half_a_minute() -> None:
    night = Night(is_whitelisted=lambda seconds: seconds > 100, processes=2).pass_by(160)

    assert night.per_second(60, 100) <= 5.2
    assert night.per_second(130, 160) >= 0.95 * 2 / LATENCY_S


def test_an_address_that_is_whitelisted_no_more_gives_way_within_half_a_minute() -> None:
    night = Night(is_whitelisted=lambda seconds: seconds < 60, processes=2).pass_by(150)

    assert night.rates[55] >= 2 / LATENCY_S
    assert max(night.rates[90:]) <= 1.3 * 5
    assert night.per_second(90, 150) >= 0.98 * 5


def test_where_there_is_little_to_send_the_rate_does_not_grow() -> None:
    clock = Clock()
    pace = FoundPace(clock=clock)
    rate = Rate(pace, clock=clock)
    for _ in range(1000):
        clock.now += 0.5
        assert rate.reserve() == 0
        rate.answered(throttled=False)

    assert pace.per_second == START


def test_the_rate_that_was_refused_last_is_told_and_none_where_none_was() -> None:
    clock = Clock()
    rate = Rate(FoundPace(clock=clock), clock=clock)
    assert math.isinf(rate.ceiling)

    rate.answered(throttled=True)

    assert rate.ceiling == START
    assert math.isinf(Rate(FixedPace(5), clock=clock).ceiling)
