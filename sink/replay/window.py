"""What is to be replayed, as offsets: records of the wanted time that the live sinks have passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime import kafka
from runtime.extent import Extent
from runtime.look import Look, NoSuchTopic, stamped_at
from runtime.patience import once_coordinated
from sink.replay.selection import Selection, milliseconds
from sink.settings import SinkSettings

TIMEOUT_S = 10.0


class Unreplayable(Exception):
    """There is nothing to replay from; the text says why, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """The records of one partition, from one offset to another."""

    partition: int
    first: int
    end: int
    """Behind the last."""
    passed: int
    """What the live sinks had passed when this was found out; the end or more."""
    left: int = 0
    """Records behind it that were meant too, and that the live sinks have not passed: they deliver them themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """All that may be replayed of a topic."""

    stretches: tuple[Stretch, ...]
    """Of each partition one, empty ones too."""
    ends: Mapping[int, int]
    """Where the topic itself ends, by partition."""
    kept_since: datetime | None = None
    """When the oldest record that the topic holds was appended, if older ones of the wanted time may be gone."""

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(one.end - one.first for one in self.stretches)

    @property
    def left(self) -> int:
        """How many are left to the live sinks."""
        return sum(one.left for one in self.stretches)


def find(settings: SinkSettings, selection: Selection, consumer: Consumer) -> Window:
    """Return what the topic holds of ``selection``, up to what the live sinks have passed by now.

    What they have not passed would have two writers for one object. Raises `Unreplayable`.
    """
    topic = settings.kafka_topic
    look = Look(kafka.connection(settings), settings.sink_group_id)
    try:
        extent = once_coordinated(lambda: look.extent(topic))
        if extent.is_new_to_the_group:
            raise Unreplayable(
                f"the group {settings.sink_group_id} has passed nothing of the topic {topic} yet: there is nothing to "
                "deliver again, and what waits is the live sinks' to deliver. Does python -m sink run, "
                "and are SINK_GROUP_ID and KAFKA_TOPIC the same for both?"
            )
        starts = _offsets_at(selection.since, extent, consumer)
        stops = {part.number: part.high for part in extent.parts}
        if selection.until is not None:
            stops = _offsets_at(selection.until, extent, consumer)
        return Window(
            stretches=tuple(
                _stretch(part.number, starts[part.number], stops[part.number], passed=part.next)
                for part in extent.parts
            ),
            ends={part.number: part.high for part in extent.parts},
            kept_since=_kept_since(look, extent, starts),
        )
    except NoSuchTopic as error:
        raise Unreplayable(f"there is no topic {topic}: is KAFKA_TOPIC right?") from error
    except KafkaException as error:
        raise Unreplayable(
            f"the Kafka at {settings.kafka_bootstrap_servers} does not answer ({error.args[0].str()}): is it running, "
            "and is KAFKA_BOOTSTRAP_SERVERS right?"
        ) from error
    finally:
        look.close()


def _stretch(partition: int, start: int, stop: int, *, passed: int) -> Stretch:
    end = max(start, min(stop, passed))
    left = max(0, stop - max(start, passed))
    return Stretch(partition=partition, first=start, end=end, passed=max(end, passed), left=left)


def _offsets_at(time: datetime, extent: Extent, consumer: Consumer) -> dict[int, int]:
    """Return the offset of the first record of each partition that was appended at ``time`` or later."""
    wanted = [TopicPartition(extent.topic, part.number, milliseconds(time)) for part in extent.parts]
    found = {one.partition: one.offset for one in consumer.offsets_for_times(wanted, timeout=TIMEOUT_S)}
    highs = {part.number: part.high for part in extent.parts}
    return {number: offset if 0 <= offset <= highs[number] else highs[number] for number, offset in found.items()}


def _kept_since(look: Look, extent: Extent, starts: Mapping[int, int]) -> datetime | None:
    """Return since when the topic holds records, if some were deleted and the window begins with what is left."""
    cut = {part.number: part.low for part in extent.parts if 0 < part.low == starts[part.number] < part.high}
    stamps = stamped_at(look.messages(extent, cut))
    return datetime.fromtimestamp(min(stamps), UTC) if stamps else None
