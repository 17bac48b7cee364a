"""The status as a program reads it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from schemas.words import ProcessorWord, SinkWord
from sink.settings import ConsumerGroupSettings
from sink.status.letters import in_order
from sink.status.local import retention_s
from sink.status.now import Heard, Now


def document(now: Now, settings: ConsumerGroupSettings) -> Mapping[str, Any]:
    """Return the status as JSON's types: seconds, and times in ISO 8601 UTC."""
    moment, kept_s = now.at.timestamp(), retention_s(settings)
    return {
        "at": now.at.isoformat(timespec="seconds"),
        "topic": settings.kafka_topic,
        "group": settings.sink_group_id,
        "paused": now.paused,
        "fink": [asdict(one) for one in now.fink],
        "partitions": [
            {
                "partition": one.number,
                **asdict(one.tally),
                "waiting": one.waiting,
                "expired": one.tally.expired + one.expired,
                "passed": one.passed,
                "begins": one.begins,
                "ends": one.ends,
                "behind_s": round(one.behind_s(moment), 1),
                "headroom_s": round(one.headroom_s(moment, kept_s), 1),
            }
            for one in now.local
        ],
        "processors": [_process(one, now) for one in now.processors],
        "sinks": [_process(one, now) for one in now.sinks],
        "dead_letters": [
            {"topic": topic, "stage": stage, "part": part, "reason": reason, "count": count}
            for topic, counts in now.letters.items()
            for (stage, part, reason), count in in_order(counts)
        ],
        "account": {
            "published": now.account.published,
            **asdict(now.account.tally),
            "waiting": now.account.waiting,
            "surplus": now.account.surplus,
            "unaccounted": now.account.unaccounted,
        },
    }


def _process(one: Heard[ProcessorWord] | Heard[SinkWord], now: Now) -> Mapping[str, Any]:
    heard_at = one.at.isoformat(timespec="seconds")
    return {**asdict(one.word), "heard_at": heard_at, "is_silent": one.is_silent(now.at)}
