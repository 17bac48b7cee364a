"""Avro data to and from bytes: by cavro, three times as fast, where it is installed; by fastavro everywhere else.

Both give the same bytes, and the same values of what was written with the schema. Of damaged bytes fastavro makes a
value now and then where cavro does not: it takes -1 for the last branch of a union. Schemas are JSON as Python reads
it, without logical types: a timestamp is the integer that it is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import fastavro

try:
    import cavro
except ImportError:  # no wheel for this machine or this Python: the extra `fast` is one
    cavro = None

Read = Callable[[bytes], Any]
"""Bytes of one datum into its value; raises whatever the library stumbles over, `LeftOver` included."""

Write = Callable[[Any], bytes]
"""A value into the bytes of one datum."""


def read_schema(text: str | bytes) -> Any:
    """Return a schema as JSON is read, without logical types: a value is left what it is on the wire.

    Libraries differ in them, and to make a number of a decimal of a megabyte takes fastavro minutes. Raises what
    `json.loads` raises.
    """
    return json.loads(text, object_hook=_without_logical_type)


def _without_logical_type(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != "logicalType"}


class LeftOver(Exception):
    """The datum ends before its bytes do: they were written with another schema."""


@dataclass(frozen=True, kw_only=True)
class Codec:
    """A library that reads and writes Avro."""

    name: str
    reader: Callable[[Any, Any], Read]
    """Takes the writer's schema, and that schema without the fields that need not be read. fastavro reads them all the
    same, since it is not faster without them."""
    writer: Callable[[Any], Write]


def _fastavro_reader(schema: Any, wanted: Any) -> Read:
    del wanted
    parsed = fastavro.parse_schema(schema)

    def read(data: bytes) -> Any:
        buffer = BytesIO(data)
        value = fastavro.schemaless_reader(buffer, parsed, None)
        if buffer.tell() < len(data):
            raise LeftOver(f"some of {len(data)} bytes are left over")
        return value

    return read


def _fastavro_writer(schema: Any) -> Write:
    parsed = fastavro.parse_schema(schema)

    def write(value: Any) -> bytes:
        buffer = BytesIO()
        fastavro.schemaless_writer(buffer, parsed, value)
        return buffer.getvalue()

    return write


FASTAVRO = Codec(name="fastavro", reader=_fastavro_reader, writer=_fastavro_writer)

CODECS = [FASTAVRO]
"""What is installed, the fastest last."""


def _widened(schema: Any) -> Any:
    """Return ``schema`` with longs for ints, which look the same: cavro would cut a longer one to 32 bits."""
    if isinstance(schema, str):
        return "long" if schema == "int" else schema
    if isinstance(schema, list):
        return [_widened(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    types = {name: _widened(schema[name]) for name in ("type", "items", "values") if name in schema}
    fields = {"fields": [_widened(field) for field in schema["fields"]]} if "fields" in schema else {}
    return schema | types | fields


if cavro is not None:
    _OPTIONS = cavro.DEFAULT_OPTIONS.replace(record_decodes_to_dict=True, logical_types=())
    _ONE_MORE_BYTE = cavro.Schema('"boolean"')

    def _cavro_reader(schema: Any, wanted: Any) -> Read:
        written = cavro.Schema(_widened(schema), _OPTIONS)
        read_one = cavro.Schema(_widened(wanted), _OPTIONS).reader_for_writer(written).binary_read

        def read(data: bytes) -> Any:
            memory = cavro.MemoryReader(data)
            value = read_one(memory)
            try:  # it does not say where it stands
                _ONE_MORE_BYTE.binary_read(memory)
            except EOFError:
                return value
            raise LeftOver(f"some of {len(data)} bytes are left over")

        return read

    def _cavro_writer(schema: Any) -> Write:
        write: Write = cavro.Schema(schema, _OPTIONS).binary_encode
        return write

    CODECS.append(Codec(name="cavro", reader=_cavro_reader, writer=_cavro_writer))

FASTEST = CODECS[-1]
