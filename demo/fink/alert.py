"""An alert of Fink's, and its two halves on the wire."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import fastavro

from demo.fink import lsst_schema, multi_messenger_schema, ztf_schema

Survey = Literal["ztf", "lsst"]

MINOR_PLANET = 3
"""``roid`` of a ZTF alert whose object the Minor Planet Center knows."""


class WriterSchema:
    """A schema that alerts are written with, prepared once for many of them."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.key = json.dumps(schema, indent=2).encode()
        """The key of every message with this schema, byte for byte as Fink writes it."""
        self.parsed = fastavro.parse_schema(json.loads(self.key))


LIVE: Mapping[Survey, WriterSchema] = {
    "ztf": WriterSchema(ztf_schema.SCHEMA),
    "lsst": WriterSchema(lsst_schema.SCHEMA),
}
"""The schemas of the live streams."""

MULTI_MESSENGER = WriterSchema(multi_messenger_schema.SCHEMA)
"""That of the live multi-messenger topics, which stand in ZTF's Kafka."""


@dataclass(frozen=True, kw_only=True)
class FinkAlert:
    """One alert and the topics it belongs to."""

    survey: Survey
    topics: tuple[str, ...]
    packet: dict[str, Any]
    schema: WriterSchema | None = field(default=None, repr=False, compare=False)
    """What to write the packet with, where that is not the live stream's: a file's own, or an older one."""

    @property
    def written_with(self) -> WriterSchema:
        """The schema that stands in the message's key."""
        if self.schema is not None:
            return self.schema
        return MULTI_MESSENGER if is_multi_messenger(self.packet) else LIVE[self.survey]


def is_multi_messenger(packet: Mapping[str, Any]) -> bool:
    """Return whether it is one of the flat packets that join an alert to another messenger's event."""
    return "triggerId" in packet


def encode(alert: FinkAlert) -> tuple[bytes, bytes]:
    """Return key and value of the alert's message: the schema as indented JSON, and Avro without a schema."""
    schema = alert.written_with
    value = BytesIO()
    fastavro.schemaless_writer(value, schema.parsed, alert.packet)
    return schema.key, value.getvalue()


def read_alerts(path: Path, survey: Survey | None = None, topics: Sequence[str] | None = None) -> Iterator[FinkAlert]:
    """Yield the alerts of an Avro container file, as Fink's data transfer writes them.

    They keep the file's schema and will be published with it. Without ``survey`` the schema tells which it is; without
    ``topics`` each alert goes to the one topic that `usual_topic` names. ValueError if it is no file of Fink's alerts.
    """
    with path.open("rb") as file:
        try:
            reader: Any = fastavro.reader(file)
        except ValueError as error:
            raise ValueError(f"{path} is no Avro container file: {error}") from error
        schema = WriterSchema(json.loads(reader.metadata["avro.schema"]))
        whose = survey or _recognise(path, reader.writer_schema)
        for packet in reader:
            to = (usual_topic(whose, packet),) if topics is None else tuple(topics)
            yield FinkAlert(survey=whose, topics=to, packet=packet, schema=schema)


def usual_topic(survey: Survey, packet: Mapping[str, Any]) -> str:
    """Return a topic in which an alert like this one would not surprise."""
    if survey == "ztf" and is_multi_messenger(packet):
        return "fink_gw_bronze" if packet["observatory"] == "LVK" else "fink_grb_bronze"
    if survey == "ztf":
        return "fink_sso_ztf_candidates_ztf" if packet.get("roid") == MINOR_PLANET else "fink_sn_candidates_ztf"
    if (packet.get("pred") or {}).get("is_sso"):
        return "fink_is_solar_system_lsst"
    return "fink_extragalactic_new_candidate_lsst"


def _recognise(path: Path, schema: Mapping[str, Any]) -> Survey:
    names = {field["name"] for field in schema.get("fields", ())}
    if "objectId" in names and names & {"candidate", "triggerId"}:
        return "ztf"
    if "diaSource" in names:
        return "lsst"
    raise ValueError(
        f"{path} holds neither ZTF's alerts (objectId, and candidate or triggerId) nor Rubin's (diaSource)"
    )
