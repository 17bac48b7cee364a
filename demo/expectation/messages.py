"""From Fink's messages to rows."""

import json
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any

import fastavro

from demo.expectation.lsst import lsst
from demo.expectation.rows import Expected
from demo.expectation.ztf import multi_messenger, ztf


def expect(messages: Iterable[tuple[str, bytes, bytes]]) -> Expected:
    """Return what the Fink messages (topic, key, value) amount to, in any order and however often each is there.

    Every topic has one filter, named like the topic, of the group that `compare` is given; there is no routes file.
    """
    total = Expected()
    schemas: dict[bytes, Any] = {}
    for topic, key, value in messages:
        if key not in schemas:
            schemas[key] = fastavro.parse_schema(json.loads(key))
        packet = fastavro.schemaless_reader(BytesIO(value), schemas[key], None)
        assert isinstance(packet, dict)  # noqa: S101  # Fink's alerts are records
        total.update(_survey(packet)(packet, topic))
    return total


def _survey(packet: Mapping[str, Any]) -> Callable[[Mapping[str, Any], str], Expected]:
    if "candidate" in packet:
        return ztf
    return multi_messenger if "triggerId" in packet else lsst
