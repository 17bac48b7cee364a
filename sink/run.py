"""The loop: what has arrived is collected, what is settled is passed. It never waits for SkyPortal."""

import logging
import math
import threading
import time
from collections.abc import Callable

from confluent_kafka import Message

from runtime.health import Health
from schemas import codec
from sink.delivery.dead_letters import DeadLetters
from sink.delivery.in_flight import InFlight
from sink.delivery.reasons import Reason
from sink.delivery.shards import Shards
from sink.delivery.validity import Unsendable, check
from sink.settings import SinkSettings
from sink.topic.local_topic import LocalTopic
from sink.topic.offsets import Holding, appended_at, offset_of

log = logging.getLogger(__name__)

MIB = 1024 * 1024


def run(
    topic: LocalTopic,
    shards: Shards,
    dead_letters: DeadLetters,
    *,
    settings: SinkSettings,
    health: Health,
    turned: Callable[[], None],
    stop: threading.Event,
) -> None:
    """Deliver until ``stop`` is set: Kafka forgets a record only when it is settled, so a crash repeats and loses none.

    Raises `NotPublished` for a dead letter that the broker refused, and whatever ended a worker.
    """
    while not stop.is_set():
        for message, holding in topic.consume():
            collect(message, holding, topic, shards, dead_letters, health)
        shards.check()
        dead_letters.settle()
        topic.store_settled()
        topic.balance(shards.load(), room=settings.sink_in_flight_mib * MIB)
        turned()
        health.turned()


def health_part(holding: Holding) -> str:
    """Return under which name a partition keeps the sink from being ready."""
    return f"records of partition {holding.partition}"


def collect(
    message: Message,
    holding: Holding,
    topic: LocalTopic,
    shards: Shards,
    dead_letters: DeadLetters,
    health: Health,
) -> None:
    """Hand one message to the shards; put aside what is no record, and wait where a newer version begins."""
    try:
        alert = codec.decode(message.value())
        check(alert)
    except codec.Undecodable as error:
        dead_letters.put_aside(message, holding, Reason(stage="decode", name="Undecodable", text=str(error)))
    except Unsendable as error:
        dead_letters.put_aside(message, holding, Reason(stage="check", name="Unsendable", text=str(error)))
    except codec.NewerRecord as error:
        reason = f"partition {holding.partition}, offset {offset_of(message)}: {error}"
        log.error("waiting for an upgrade: %s", reason)  # noqa: TRY400  # the sentence says all, a traceback nothing
        health.unready(health_part(holding), reason)
        topic.block(holding, offset_of(message))
    else:
        shards.collect(
            InFlight(
                message=message,
                decoded=alert,
                holding=holding,
                collected_at=time.monotonic(),
                appended_at=appended_at(message) or math.inf,
                is_ahead=offset_of(message) in holding.ahead,
            )
        )
