"""The records of one object in the local topic, and how far each has come."""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from confluent_kafka import Message

from runtime.redrive.letter import Letter
from runtime.redrive.topic import LetterTopic
from runtime.redrive.waiting import About, Waiting
from schemas import codec
from schemas.dead_letters import DeadLetter
from schemas.record import EPOCH, SkyPortalAlert
from sink.routing.routes import NoRoute, Route, Routes
from sink.settings import SinkSettings
from sink.topic.offsets import appended_at, offset_of
from sink.topic.reading import Reading, Stretch

log = logging.getLogger(__name__)

MOST_RECORDS = 1_000
"""Of one object, the latest; some kilobytes each."""

SAY_EVERY_S = 10.0

State = Literal["passed", "ahead", "waiting"]
"""Passed by the group, settled ahead of older records of its partition, or neither."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a record stands, and how far it has come."""

    partition: int
    offset: int
    appended_at: datetime
    """UTC."""
    state: State
    letters: tuple[Letter, ...]
    """Dead letters of it that nobody has put back."""

    @property
    def is_settled(self) -> bool:
        """Whether the group needs no more work for it."""
        return self.state != "waiting"

    @property
    def is_rejected(self) -> bool:
        """Whether it was put aside whole, and not only parts of it."""
        return any(letter.why.stage != "part" for letter in self.letters)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record, without its cutouts."""

    place: Place
    alert: SkyPortalAlert
    route: Sequence[Route]
    """Where it goes by the routes of now; none if no route names its topic."""
    unwanted: str
    """Why its route leaves it out; empty if it does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Oddity:
    """A message with the object's key that this sink cannot read."""

    place: Place
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InTopic:
    """What the topic holds of an object."""

    records: tuple[Record, ...]
    oddities: tuple[Oddity, ...]
    older_letters: tuple[Letter, ...]
    """Dead letters of the object whose records are not among these."""
    left_out: int
    """Records that came before these, and are too many to be kept."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the object is there."""
        return not (self.records or self.oddities or self.older_letters)


def in_topic(settings: SinkSettings, routes: Routes, obj_id: str, *, since: datetime | None = None) -> InTopic:
    """Read what came for an object, at ``since`` or later. Raises `Unreadable` and `RedriveFailed`.

    The whole topic is read up to its end: only the keys tell which messages are the object's.
    """
    letters = _letters(settings, obj_id, since)
    found: deque[Record | Oddity] = deque(maxlen=MOST_RECORDS)
    number = 0
    with Reading(settings) as reading:
        stretches = {one.partition: one for one in reading.look(since or EPOCH)}
        of, say_at = sum(one.end - one.beginning for one in stretches.values()), time.monotonic() + SAY_EVERY_S
        for read, message in enumerate(reading.read(stretches.values()), 1):
            if message.key() == obj_id.encode():
                number += 1
                place = _place(message, stretches[message.partition() or 0], letters)
                found.append(_record(message, place, routes))
            if time.monotonic() >= say_at:
                say_at = time.monotonic() + SAY_EVERY_S
                log.info("reading topic=%s messages=%d of=%d records_found=%d", reading.topic, read, of, number)
    return InTopic(
        records=tuple(one for one in found if isinstance(one, Record)),
        oddities=tuple(one for one in found if isinstance(one, Oddity)),
        older_letters=tuple(letter for some in letters.values() for letter in some),
        left_out=number - len(found),
    )


def _letters(settings: SinkSettings, obj_id: str, since: datetime | None) -> defaultdict[tuple[int, int], list[Letter]]:
    """Return the object's dead letters, by partition and offset of the records."""
    waiting = Waiting(_about)
    topic = LetterTopic(settings, settings.rejected_topic)
    try:
        topic.read_on(waiting, since)
    finally:
        topic.close()
    found: defaultdict[tuple[int, int], list[Letter]] = defaultdict(list)
    for letter in waiting.letters():
        if letter.obj_id == obj_id and letter.source.topic == settings.kafka_topic:
            found[letter.source.partition, letter.source.offset].append(letter)
    return found


def _about(message: Message, _why: DeadLetter) -> About:
    return About(obj_id=(message.key() or b"").decode(errors="replace"), fink_topic="")


def _place(message: Message, stretch: Stretch, letters: defaultdict[tuple[int, int], list[Letter]]) -> Place:
    """Return where a message stands; its letters are taken out of ``letters``."""
    offset = offset_of(message)
    state: State = "waiting"
    if offset < stretch.passed:
        state = "passed"
    elif offset in stretch.ahead:
        state = "ahead"
    return Place(
        partition=stretch.partition,
        offset=offset,
        appended_at=EPOCH + timedelta(seconds=appended_at(message)),
        state=state,
        letters=tuple(letters.pop((stretch.partition, offset), ())),
    )


def _record(message: Message, place: Place, routes: Routes) -> Record | Oddity:
    try:
        alert = codec.decode(message.value())
    except (codec.Undecodable, codec.NewerRecord) as error:
        return Oddity(place=place, reason=str(error))
    alert = replace(alert, cutout_science=None, cutout_template=None, cutout_difference=None)
    try:
        route = routes.route(alert.topic, alert.survey)
    except NoRoute as error:
        return Record(place=place, alert=alert, route=(), unwanted=str(error))
    unwanted = "; ".join(one.sentence for one in route.unmet(alert))
    return Record(place=place, alert=alert, route=(route,), unwanted=unwanted)
