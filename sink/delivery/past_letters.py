"""How many alerts SkyPortal refused lately, by the dead letters: a restart must not make the guard forget."""

import time
from collections.abc import Collection

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from runtime import kafka
from schemas import names
from schemas.dead_letters import Source, from_headers
from schemas.redriven import is_marker, redriven
from sink.settings import SinkSettings

LATELY_S = 3600.0
MOST_LETTERS = 2_000
"""Of so many, the number is beyond doubt."""

TIMEOUT_S = 10.0


def refused_lately(settings: SinkSettings) -> int:
    """Return how many alerts SkyPortal refused in the last hour, whichever sink put them aside.

    Those that were put back since do not count: somebody has looked at them. None where so many others were accepted
    between them that the guard would not have minded. A broker that does not tell in time gives what was read so far:
    the guard is a help, and not a promise.
    """
    client = {"group.id": settings.sink_group_id, "enable.auto.commit": False}  # joins no group, as it subscribes none
    consumer = Consumer(kafka.connection(settings) | client)
    try:
        refused = _read(consumer, settings.rejected_topic)
        passed = _passed_since(consumer, settings.kafka_topic, refused)
    except KafkaException as error:
        kafka.log_error(error.args[0])
        return 0
    finally:
        consumer.close()
    return len(refused) if 100 * len(refused) >= settings.sink_guard_percent * passed else 0


def _passed_since(consumer: Consumer, topic: str, refused: Collection[Source]) -> int:
    """Return how many records the group has settled since the first refused one of each partition."""
    first: dict[int, int] = {}
    for name, partition, offset in refused:
        if name == topic:
            first[partition] = min(offset, first.get(partition, offset))
    if not first:
        return 0
    committed = consumer.committed([TopicPartition(topic, number) for number in first], timeout=TIMEOUT_S)
    return sum(max(0, one.offset - first[one.partition]) for one in committed)


def _read(consumer: Consumer, topic: str) -> set[Source]:
    partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
    since = int((time.time() - LATELY_S) * 1000)
    starts = consumer.offsets_for_times([TopicPartition(topic, number, since) for number in partitions], TIMEOUT_S)
    starts = [start for start in starts if start.offset not in {OFFSET_END, -1}]
    ends = {start.partition: consumer.get_watermark_offsets(start, timeout=TIMEOUT_S)[1] for start in starts}
    left = sum(max(0, ends[start.partition] - start.offset) for start in starts)
    consumer.assign(starts)
    refused: set[Source] = set()
    deadline = time.monotonic() + TIMEOUT_S
    read = 0
    while read < min(left, MOST_LETTERS) and time.monotonic() < deadline:
        for message in consumer.consume(500, timeout=0.5):
            if message.error() is not None:
                continue
            read += 1
            headers = kafka.headers_of(message)
            try:
                if is_marker(headers):
                    refused.discard(redriven(headers).source)
                    continue
                letter = from_headers(headers)
            except (KeyError, ValueError):
                continue
            if letter.signed_by == names.SINK and letter.answer is not None:
                refused.add(letter.source)
    return refused
