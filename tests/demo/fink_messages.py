"""Reading Fink's messages in tests."""

import itertools
import json
import math
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import fastavro

from demo.fink import FinkAlert
from demo.fink.alert import is_multi_messenger


def same(one: object, other: object) -> bool:
    """Equality in which NaN is NaN, a record its fields, and 1 is not 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(itertools.starmap(same, zip(one, other, strict=True)))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


def decode(key: bytes, value: bytes) -> dict[str, Any]:
    rest = BytesIO(value)
    packet: Any = fastavro.schemaless_reader(rest, fastavro.parse_schema(json.loads(key)), None)
    assert not rest.read()
    return dict(packet)


def alert_id(alert: FinkAlert) -> str:
    if is_multi_messenger(alert.packet):
        return "{objectId}:{triggerId}:{jd!r}".format_map(alert.packet)
    return str(alert.packet["candid" if alert.survey == "ztf" else "diaSourceId"])


def ordinary(alerts: Iterable[FinkAlert]) -> list[FinkAlert]:
    """Those that are no joins with another messenger's event."""
    return [alert for alert in alerts if not is_multi_messenger(alert.packet)]
