"""A Fink message into a packet: the key is the writer's schema, the value one alert in it."""

from collections import OrderedDict
from io import BytesIO
from typing import Any

import fastavro

from processor.schema import UnsafeSchema, parse

Packet = dict[str, Any]

REMEMBERED_SCHEMAS = 32
"""Fink's schemas change a few times a year; a key that changes with every message must not fill the memory."""


class Undecodable(Exception):
    """The message is no alert: it will never decode."""


class Decoder:
    """Decodes Fink's messages, and parses each schema once. Not thread-safe."""

    def __init__(self) -> None:
        self._schemas: OrderedDict[bytes, Any] = OrderedDict()
        self._last_key = b""
        self._last_schema: Any = None

    def decode(self, key: bytes | None, value: bytes | None) -> Packet:
        """Return the alert in a message. Raises `Undecodable`, and nothing else."""
        if value is None:
            raise Undecodable("a tombstone: the message has no value")
        if not key:
            raise Undecodable("the message has no key: Fink sends the schema of the alert in the key")
        suspect = "the key is no Avro schema"
        try:
            schema = self._schema(key)
            suspect = "the value is no alert of the key's schema"
            return _packet(schema, value)
        except Undecodable:
            raise
        except Exception as error:  # fastavro and json raise what they happen to stumble over
            raise Undecodable(f"{suspect}: {type(error).__name__}: {error}") from error

    def _schema(self, key: bytes) -> Any:
        if key != self._last_key:  # comparing 40 kB is ten times faster than hashing them
            self._last_schema = self._remembered(key)
            self._last_key = key
        return self._last_schema

    def _remembered(self, key: bytes) -> Any:
        if key in self._schemas:
            self._schemas.move_to_end(key)
        else:
            self._schemas[key] = _parsed(key)
            if len(self._schemas) > REMEMBERED_SCHEMAS:
                self._schemas.popitem(last=False)
        return self._schemas[key]


def _parsed(key: bytes) -> Any:
    try:
        return parse(key)
    except UnsafeSchema as error:
        raise Undecodable(f"the key is no schema of an alert: {error}") from error
    except ValueError as error:
        raise Undecodable(f"the key is not JSON: Fink sends the schema of the alert in the key ({error})") from error


def _packet(schema: Any, value: bytes) -> Packet:
    buffer = BytesIO(value)
    packet = fastavro.schemaless_reader(buffer, schema, None)
    left_over = len(value) - buffer.tell()
    if left_over:
        raise Undecodable(f"{left_over} of {len(value)} bytes are left over: the key is another alert's schema")
    if not isinstance(packet, dict):
        raise Undecodable(f"the value is a {type(packet).__name__}, not a record")
    return packet
