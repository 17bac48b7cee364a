"""Records as JSON, for people: what would be sent of the alerts in a file."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import fastavro

from processor.convert import Conversion, FinkSurvey, Source, Unconvertible, convert

Line = tuple[bool, str]
"""Whether the line is a record, or says what is wrong; and the line, one JSON object."""


def lines(path: Path, survey: FinkSurvey) -> Iterator[Line]:
    """Yield a line for each alert of an Avro container file, and one if the file cannot be read to its end."""
    index = 0
    try:
        for packet in packets(path):
            try:
                yield True, as_json(convert(packet, survey, Source(topic=path.name)))
            except Unconvertible as error:
                yield False, json.dumps({"error": str(error), "file": str(path), "index": index})
            index += 1
    except UnreadableFile as error:
        yield False, json.dumps({"error": str(error), "file": str(path), "index": index})


class UnreadableFile(Exception):
    """The file is no Avro container, or not all of one."""


def as_json(conversion: Conversion) -> str:
    """Return a conversion as one JSON object: times in ISO 8601, cutouts as their number of bytes."""
    shown = asdict(conversion.record) | {"left_out": dict(conversion.left_out)}
    return json.dumps(shown, default=_shown, allow_nan=False)


def _shown(value: object) -> str | int:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return len(value)
    raise TypeError(f"a record has no {type(value).__name__}")


def packets(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the alerts of an Avro container file. Raises `UnreadableFile`, after what could be read."""
    try:
        with path.open("rb") as file:
            for packet in fastavro.reader(file):
                if not isinstance(packet, dict):
                    raise UnreadableFile(f"the file holds a {type(packet).__name__}, not alerts")
                yield packet
    except UnreadableFile:
        raise
    except OSError as error:
        raise UnreadableFile(f"cannot read the file: {error.strerror}") from error
    except Exception as error:
        raise UnreadableFile(f"not an Avro container file, or cut short: {type(error).__name__}: {error}") from error
