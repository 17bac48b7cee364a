"""The sink's dead letters: records, published again byte for byte."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from confluent_kafka import Message

from runtime import kafka
from runtime.redrive.half import Record
from runtime.redrive.letter import Letter, NotPutBack
from runtime.redrive.waiting import About
from schemas import codec
from schemas.dead_letters import DeadLetter, own_headers


class RejectedRecords:
    """What the commands have to know of records that were put aside."""

    def look(self, message: Message, why: DeadLetter) -> About:
        """Return the object and the Fink topic of the record; of what is none, what the key says."""
        del why
        try:
            record = codec.decode(message.value())
        except (codec.Undecodable, codec.NewerRecord):
            return About((message.key() or b"").decode(errors="replace"), "")
        return About(record.obj_id, record.topic)

    def record(self, letter: Letter, message: Message) -> Record:
        """Return the message as it was. Raises `NotPutBack` if the letter does not hold it."""
        why = letter.why
        if not why.is_whole:
            raise NotPutBack(
                f"the letter does not hold the record, which was too large for it; "
                f"the original is in {why.topic} at {why.partition}:{why.offset}"
            )
        headers, _ours = own_headers(kafka.headers_of(message))
        return Record(message.key(), message.value(), headers)

    def shown(self, letter: Letter, message: Message) -> str:
        """Return the record as JSON: times in ISO 8601, cutouts as their number of bytes."""
        del letter
        try:
            record = codec.decode(message.value())
        except (codec.Undecodable, codec.NewerRecord) as error:
            return f"no record: {str(error)[:500]!r}"
        return "record\n" + _object(asdict(record))


def _object(values: Mapping[str, object], indent: str = "") -> str:
    """Return a JSON object with a line for each field; a column of the photometry is one line as well."""
    fields = [
        f"{indent}  {json.dumps(name)}: "
        + (_object(value, indent + "  ") if isinstance(value, dict) else json.dumps(value, default=_shown))
        for name, value in values.items()
    ]
    return "{\n" + ",\n".join(fields) + f"\n{indent}}}" if fields else "{}"


def _shown(value: object) -> str | int:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return len(value)
    raise TypeError(f"a record has no {type(value).__name__}")
