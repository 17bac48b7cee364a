"""The processor's dead letters: Fink's messages, converted again as they would be today."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Message

from processor.convert import MoreAnnotations, Source, Unconvertible
from processor.decode import Decoder, Undecodable
from processor.drift import SchemaWatch
from processor.records import Records
from processor.settings import ProcessorSettings
from runtime import kafka
from runtime.health import Health
from runtime.redrive.half import Record
from runtime.redrive.letter import Letter, NotPutBack
from runtime.redrive.waiting import About
from schemas.avro import read_schema
from schemas.codec import encode
from schemas.dead_letters import WRITER_SCHEMA, DeadLetter, own_headers


class UndecodableMessages:
    """What the commands have to know of Fink's messages that were put aside."""

    def __init__(self, settings: ProcessorSettings) -> None:
        more = MoreAnnotations(settings.processor_annotations)
        self._decoder = Decoder()
        self._records = Records(
            survey=settings.fink_survey,
            watch=SchemaWatch(settings.fink_survey, Health(), more),
            more=more,
            decoder=self._decoder,
        )

    def look(self, message: Message, why: DeadLetter) -> About:
        """Return the object, if the message can be decoded, and the Fink topic."""
        if why.stage == "decode" or not why.is_whole:
            return About("", why.topic)
        try:
            packet = self._decoder.decode(_schema(message), message.value())
        except Undecodable:
            return About("", why.topic)
        return About(_object(packet), why.topic)

    def record(self, letter: Letter, message: Message) -> Record:
        """Return the record that the message becomes. Raises `NotPutBack` if it still becomes none."""
        why = letter.why
        if not why.is_whole:
            raise NotPutBack(
                "the letter does not hold the message, which was too large for it; "
                f"it is still at Fink, in {why.topic} at {why.partition}:{why.offset}, for as long as Fink keeps it"
            )
        source = Source(topic=why.topic, published_at=why.published_at)
        try:
            record = self._records.record(source, _schema(message), message.value())
        except (Undecodable, Unconvertible) as error:
            raise NotPutBack(f"{type(error).__name__} as before: {error}") from error
        return Record(record.obj_id.encode(), encode(record), ())

    def shown(self, letter: Letter, message: Message) -> str:
        """Return what the message consists of."""
        del letter
        schema = _schema(message)
        kind = "the key" if schema == message.key() else "the letter's headers"
        return (
            f"key        {len(message.key() or b'')} bytes\n"
            f"value      {len(message.value() or b'')} bytes\n"
            f"schema     {_name(schema)}, in {kind}"
        )


def _schema(message: Message) -> bytes | None:
    _own, ours = own_headers(kafka.headers_of(message))
    elsewhere = dict(ours)
    return elsewhere[WRITER_SCHEMA] if WRITER_SCHEMA in elsewhere else message.key()


def _name(schema: bytes | None) -> str:
    try:
        found = read_schema(schema or b"")
    except (ValueError, RecursionError):
        return "none that can be read"
    return repr(found["name"])[:100] if isinstance(found, dict) and "name" in found else "without a name"


def _object(packet: Mapping[str, Any]) -> str:
    """Return the name of the object that an alert is of, as far as it is easily found."""
    holders = (packet, packet.get("diaObject"), packet.get("diaSource"))
    names = [holder.get(name) for holder in holders if isinstance(holder, dict) for name in ("objectId", "diaObjectId")]
    return next((str(name) for name in names if name), "")
