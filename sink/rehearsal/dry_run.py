"""A dry run: what a sink would send now, in the requests that it would send. Nothing is changed or committed."""

import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from runtime.health import Health
from schemas import codec
from sink.delivery.fates import Desk
from sink.delivery.in_flight import InFlight
from sink.delivery.memory import Memory
from sink.delivery.reasons import Reason
from sink.delivery.round import Round
from sink.delivery.round_size import LARGEST_ROUND, RoundSize
from sink.delivery.validity import Unsendable, check
from sink.rehearsal.budget import Budget, line
from sink.rehearsal.listed_letters import ListedLetters, at
from sink.rehearsal.skyportal_rehearsed import Rehearsal
from sink.routing.routes import Routes
from sink.service import REQUESTS_OF_ALL_PARTS, open_desk
from sink.settings import SinkSettings
from sink.skyportal.client import Request
from sink.skyportal.connection import Connection
from sink.topic.offsets import Holding, appended_at, offset_of
from sink.topic.reading import Reading

MOST_ROUNDS = 5
"""What is to be tried again at once, as where an object changes under our eyes, is tried so often."""

NO_LIMIT = 0.0


@dataclass(kw_only=True)
class Fate:
    """How many records would end how."""

    waiting: int = 0
    """Records that the group had not passed when the dry run began."""
    alerts: int = 0
    """Records that were looked at: each has one of the fates below."""
    accepted: int = 0
    skipped: int = 0
    put_aside: int = 0
    unsettled: int = 0
    """Those that a sink would try again, or wait with."""

    @property
    def is_fine(self) -> bool:
        """Whether every alert would be accepted, or is not wanted."""
        return self.accepted + self.skipped == self.alerts


class DryRun:
    """Rehearses the delivery of what the group has not passed."""

    def __init__(
        self, settings: SinkSettings, routes: Routes, *, say: Callable[[str], object], full: bool = False
    ) -> None:
        """Each request is said on a line before it is answered; ``full``: with the pictures in it."""
        self._settings = settings
        self._routes = routes
        self._say = say
        self._full = full
        self.budget = Budget()
        self.fate = Fate()
        self._is_begun = False
        self._health = Health()
        self._rehearsal = Rehearsal(settings, self._heard)
        # Its questions keep within the rate by themselves. The writes need none: nobody gets them.
        self._connection = Connection(
            settings.model_copy(update={"skyportal_requests_per_second": NO_LIMIT}),
            health=self._health,
            stop=threading.Event(),
            mended=threading.Event(),
            skyportal=self._rehearsal,
            heeds_pause=False,
        )
        self._letters = ListedLetters(say)

    def run(self, limit: int) -> None:
        """Rehearse ``limit`` records at most, those first that arrive first, in rounds as a sink has them.

        Raises `NotAnswered` where a sink would wait for SkyPortal, `Misconfigured`, and `Unreadable`.
        """
        self._connection.check(self._routes)
        self.budget.begin()
        self._is_begun = True
        desk = self._desk(limit)
        size = RoundSize(self._rehearsal.questions.rate, requests_of_one=REQUESTS_OF_ALL_PARTS)
        with Reading(self._settings) as reading:
            records = self._records(reading, limit)
            while batch := list(islice(records, self._settings.sink_concurrency * LARGEST_ROUND)):
                for shard in self._shards(batch):
                    while one_round := [shard.pop(0) for _ in shard[: size.records()]]:
                        before = self.budget.requests
                        self._deliver(desk, one_round)
                        size.delivered(len(one_round), self.budget.requests - before)

    def summary(self) -> Iterator[str]:
        """Yield what it would cost, in all and by endpoint."""
        fate, budget, rate = self.fate, self.budget, self._rehearsal.questions.per_second
        facts = {
            "alerts": fate.alerts,
            "accepted": fate.accepted,
            "skipped": fate.skipped,
            "put_aside": fate.put_aside,
            "unsettled": fate.unsettled,
            "requests": budget.requests,
            "questions": budget.questions,
            "writes": budget.requests - budget.questions,
            "per_alert": f"{budget.requests / max(1, fate.accepted):.2f}",
            "bytes": budget.bytes,
            f"seconds_at_{rate:g}_per_s": f"{budget.requests / rate:.1f}",
        }
        yield "budget: " + " ".join(f"{name}={value}" for name, value in facts.items())
        yield from budget.lines()
        yield f"besides: {budget.at_start} questions at the start of a sink"
        yield f"waiting: {fate.waiting} in {self._settings.kafka_topic}; rehearsed: {fate.alerts}"

    def _heard(self, request: Request) -> None:
        self.budget.count(request)
        if self._is_begun:
            self._say(line(request, full=self._full))

    def _desk(self, limit: int) -> Desk:
        desk = open_desk(
            self._settings,
            self._routes,
            self._connection,
            health=self._health,
            dead_letters=self._letters,
            memory=Memory(max(limit, self._settings.sink_memory_objects)),
        )
        return replace(desk, patience_s=0.0)  # what would wait for its route is listed at once

    def _records(self, reading: Reading, limit: int) -> Iterator[InFlight]:
        """Yield those of ``limit`` records that can be sent, and say what is wrong with the others."""
        stretches = reading.look()
        self.fate.waiting = sum(one.end - one.passed for one in stretches)
        holdings = {one.partition: Holding(reading.topic, one.partition, one.ahead) for one in stretches}
        for message in reading.read(stretches):
            if self.fate.alerts == limit:
                return
            holding, offset = holdings[message.partition() or 0], offset_of(message)
            if holding.reaches(offset, appended_at(message)):
                continue  # settled already, ahead of its turn
            holding.collected(offset, appended_at(message))
            self.fate.alerts += 1
            try:
                alert = codec.decode(message.value())
                check(alert)
            except (codec.Undecodable, Unsendable) as error:
                stage = "decode" if isinstance(error, codec.Undecodable) else "check"
                reason = Reason(stage=stage, name=type(error).__name__, text=str(error))
                self._letters.put_aside(message, holding, reason)
                self.fate.put_aside += 1
            except codec.NewerRecord as error:
                self._say(f"waits {at(holding.partition, offset, '')}, with all behind it in its partition: {error}")
                self.fate.unsettled += 1
                reading.leave(holding.partition)
            else:
                yield InFlight(message=message, decoded=alert, holding=holding, collected_at=time.monotonic())

    def _shards(self, batch: Sequence[InFlight]) -> list[list[InFlight]]:
        """Deal the records to the workers that a sink has, by their objects."""
        shards: defaultdict[int, list[InFlight]] = defaultdict(list)
        for item in batch:
            shards[zlib.crc32(item.alert.obj_id.encode()) % self._settings.sink_concurrency].append(item)
        return list(shards.values())

    def _deliver(self, desk: Desk, batch: Sequence[InFlight]) -> None:
        again = list(batch)
        for _ in range(MOST_ROUNDS):
            again = Round(desk).deliver(again)
            if not again or any(item.suspicion or item.not_before > time.monotonic() for item in again):
                break
        left = set(map(id, again))
        for item in batch:
            self._note(item, is_left=id(item) in left)

    def _note(self, item: InFlight, *, is_left: bool) -> None:
        name = at(item.holding.partition, item.offset, item.alert.obj_id)
        if is_left:
            why = item.suspicion.message if item.suspicion else "SkyPortal holds something else of the object each time"
            self._say(f"tried again {name}: {why}")
            self.fate.unsettled += 1
        elif self._letters.outcomes.get((item.holding.partition, item.offset)) == "rejected":
            self.fate.put_aside += 1
        elif item.under is None:
            unmet = self._routes.route(item.alert.topic, item.alert.survey).unmet(item.alert)
            self._say(f"skipped {name}: {'; '.join(one.sentence for one in unmet)}")
            self.fate.skipped += 1
        else:
            self.fate.accepted += 1
