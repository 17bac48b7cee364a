"""Records to and from bytes: one Avro object container per message, its schema inside."""

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib.resources import files
from io import BytesIO
from math import isfinite
from typing import Any

import fastavro

from schemas import wire
from schemas.avro import FASTEST, Codec, read_schema
from schemas.record import ALERT_FIELDS, EPOCH, LIGHT_CURVE_COLUMNS, Classification, LightCurve, SkyPortalAlert

VERSION = 1
"""Major version of the records that this code writes, and the newest that it reads."""

SCHEMA_TEXT = files("schemas").joinpath(f"alert.v{VERSION}.avsc").read_text()
_SCHEMA = fastavro.parse_schema(json.loads(SCHEMA_TEXT))
_NAMESPACE = "fink_skyportal.v"

OBJ_ID = re.compile(r"[A-Za-z0-9_\-;:+.]+")
"""Names that every endpoint of SkyPortal takes."""

# Avro's default is a random marker in every file. Ours is fixed: the same alert is the same bytes.
_SYNC_MARKER = b"fink-skyportal/1"


class Undecodable(Exception):
    """The bytes are no record: they will never decode."""


class NewerRecord(Exception):
    """The record has a newer major version than this code reads: wait until the code is upgraded."""


class Encoder:
    """Writes records. The same alert gives the same bytes, whatever the codec."""

    def __init__(self, codec: Codec = FASTEST) -> None:
        schema = read_schema(SCHEMA_TEXT)  # `_plain` makes integers of timestamps
        fields = schema.pop("fields")
        start, end = ALERT_FIELDS.index("photometry"), ALERT_FIELDS.index("annotations") + 1  # beside each other
        self._write_before = codec.writer({**schema, "fields": fields[:start]})
        self._write_after = codec.writer({**schema, "fields": fields[end:]})
        header = BytesIO()
        fastavro.writer(header, _SCHEMA, [], sync_marker=_SYNC_MARKER)
        self._header = header.getvalue() + wire.long(1)

    def encode(self, alert: SkyPortalAlert) -> bytes:
        """Return ``alert`` as an Avro object container: the schema, and one block of one record."""
        plain = _plain(alert)
        before, after = self._write_before(plain), self._write_after(plain)
        photometry, annotations = wire.light_curve(alert.photometry), wire.annotations(alert.annotations)
        size = wire.long(len(before) + len(photometry) + len(annotations) + len(after))
        return b"".join((self._header, size, before, photometry, annotations, after, _SYNC_MARKER))


_ENCODER = Encoder()


def encode(alert: SkyPortalAlert) -> bytes:
    """Return ``alert`` as an Avro object container; the same alert always gives the same bytes."""
    return _ENCODER.encode(alert)


def decode(data: bytes | None) -> SkyPortalAlert:
    """Return the record in ``data``.

    Fields that a later minor version added are ignored, fields that an earlier one lacked get their defaults.
    Raises `NewerRecord` for a newer major version, and `Undecodable` for everything that is not one record.
    """
    if data is None:
        raise Undecodable("a tombstone: the message has no value")
    try:
        reader = fastavro.reader(BytesIO(data), reader_schema=_SCHEMA)
        _check_version(reader.writer_schema)
        records = list(reader)
        if len(records) != 1:
            raise Undecodable(f"a container of {len(records)} records instead of one")
        return _alert(records[0])
    except (Undecodable, NewerRecord):
        raise
    except Exception as error:  # fastavro raises what its parser happens to stumble over
        raise Undecodable(f"not a record: {type(error).__name__}: {error}") from error


def _plain(alert: SkyPortalAlert) -> dict[str, Any]:
    plain = {name: getattr(alert, name) for name in ALERT_FIELDS}
    plain["observed_at"] = _milliseconds(alert.observed_at)
    if alert.published_at is not None:
        plain["published_at"] = _milliseconds(alert.published_at)
    plain["classifications"] = [
        {"name": item.name, "probability": item.probability, "origin": item.origin} for item in alert.classifications
    ]
    return plain


def _milliseconds(time: datetime) -> int:
    return (time - EPOCH) // timedelta(milliseconds=1)


def _check_version(schema: Any) -> None:
    name = schema.get("name", "") if isinstance(schema, dict) else ""
    prefix, _, rest = name.partition(_NAMESPACE)
    version = rest.removesuffix(".Alert")
    if prefix or not version.isdigit():
        raise Undecodable(f"a container of {name or type(schema).__name__}, not of {_NAMESPACE}{VERSION}.Alert")
    if int(version) > VERSION:
        raise NewerRecord(
            f"a record of version {version}: this fink-skyportal reads up to version {VERSION}. "
            f"Install a fink-skyportal that reads version {version}; the sink is to be upgraded before the processor"
        )


def _alert(raw: Any) -> SkyPortalAlert:
    # A writer may have forgotten the logical type, and fastavro then hands out the integer.
    if not isinstance(raw["observed_at"], datetime) or not isinstance(raw["published_at"], datetime | None):
        raise Undecodable("observed_at or published_at is no time")
    photometry = LightCurve(**raw.pop("photometry"))
    classifications = tuple(Classification(**item) for item in raw.pop("classifications"))
    alert = SkyPortalAlert(photometry=photometry, classifications=classifications, **raw)
    if not OBJ_ID.fullmatch(alert.obj_id):
        raise Undecodable(f"obj_id is {alert.obj_id[:100]!r}: letters, digits and _-;:+. only")
    _check_finite("position", (alert.ra, alert.dec))
    _check_columns(photometry)
    return alert


def _check_columns(photometry: LightCurve) -> None:
    lengths = {len(getattr(photometry, name)) for name in LIGHT_CURVE_COLUMNS}
    if len(lengths) > 1:
        raise Undecodable(f"columns of photometry have different lengths: {sorted(lengths)}")
    for name in ("mjd", "flux", "fluxerr", "ra", "dec"):
        _check_finite(f"photometry.{name}", getattr(photometry, name))


def _check_finite(name: str, values: Iterable[float | None]) -> None:
    """Refuse what JSON cannot say: SkyPortal could not be asked for it."""
    if not all(value is None or isfinite(value) for value in values):
        raise Undecodable(f"{name} is not finite")
