"""Containers as another version of the codec would write them."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro

from schemas import codec
from schemas.record import SkyPortalAlert

Change = Callable[[dict[str, Any], dict[str, Any]], None]
"""Makes another version of a schema, and of a record to go with it."""


def container(alert: SkyPortalAlert, *, change: Change | None = None, version: int = 1) -> bytes:
    """Write ``alert`` under a schema that differs by ``change``, as another version would."""
    schema = json.loads(codec.SCHEMA_TEXT)
    schema["namespace"] = f"fink_skyportal.v{version}"
    record = next(iter(fastavro.reader(BytesIO(codec.encode(alert)))))
    assert isinstance(record, dict)
    if change is not None:
        change(schema, record)
    buffer = BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(schema), [record])
    return buffer.getvalue()


def field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the field ``name`` of a record's schema."""
    found: dict[str, Any] = next(item for item in schema["fields"] if item["name"] == name)
    return found
