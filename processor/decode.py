"""A Fink message into a packet: the key is the writer's schema, the value one alert in it."""

import logging
from collections import OrderedDict
from typing import Any

from processor.convert import HISTORY
from processor.projection import projected
from processor.schema import UnsafeSchema, parse
from schemas.avro import FASTAVRO, FASTEST, Codec, LeftOver, Read

log = logging.getLogger(__name__)

Packet = dict[str, Any]

REMEMBERED_SCHEMAS = 32
"""Fink's schemas change a few times a year; a key that changes with every message must not fill the memory."""


class Undecodable(Exception):
    """The message is no alert: it will never decode."""


class Decoder:
    """Decodes Fink's messages, and parses each schema once. Not thread-safe.

    Of the points of a light curve, packets need only have the fields that records are made of.
    """

    def __init__(self, codec: Codec = FASTEST) -> None:
        self._codec = codec
        self._schemas: OrderedDict[bytes, Read] = OrderedDict()
        self._last_key = b""
        self._last_read: Read | None = None

    def decode(self, key: bytes | None, value: bytes | None) -> Packet:
        """Return the alert in a message. Raises `Undecodable`, and nothing else."""
        if value is None:
            raise Undecodable("a tombstone: the message has no value")
        if not key:
            raise Undecodable("the message has no key: Fink sends the schema of the alert in the key")
        suspect = "the key is no Avro schema"
        try:
            read = self._reader(key)
            suspect = "the value is no alert of the key's schema"
            return _packet(read(value))
        except Undecodable:
            raise
        except LeftOver as error:
            raise Undecodable(f"{error}: the key is another alert's schema") from error
        except Exception as error:  # the libraries raise what they happen to stumble over
            raise Undecodable(f"{suspect}: {type(error).__name__}: {error}") from error

    def _reader(self, key: bytes) -> Read:
        if self._last_read is None or key != self._last_key:  # to compare 40 kB is ten times faster than to hash them
            self._last_read = self._remembered(key)
            self._last_key = key
        return self._last_read

    def _remembered(self, key: bytes) -> Read:
        if key in self._schemas:
            self._schemas.move_to_end(key)
        else:
            self._schemas[key] = _prepared(key, self._codec)
            if len(self._schemas) > REMEMBERED_SCHEMAS:
                self._schemas.popitem(last=False)
        return self._schemas[key]


def _prepared(key: bytes, codec: Codec) -> Read:
    try:
        schema = parse(key)
    except UnsafeSchema as error:
        raise Undecodable(f"the key is no schema of an alert: {error}") from error
    except ValueError as error:
        raise Undecodable(f"the key is not JSON: Fink sends the schema of the alert in the key ({error})") from error
    try:
        return codec.reader(schema, projected(schema, HISTORY))
    except Exception as error:  # noqa: BLE001  # each library has names that it does not like
        log.warning("%s cannot read a schema that fastavro can, which is slower: %s", codec.name, error)
        return FASTAVRO.reader(schema, schema)


def _packet(value: Any) -> Packet:
    if not isinstance(value, dict):
        raise Undecodable(f"the value is a {type(value).__name__}, not a record")
    return value
