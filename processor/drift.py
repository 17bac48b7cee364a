"""Notices when Fink changes its schemas, which it does without notice: what is missing then is missing silently."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from processor import metrics
from processor.convert import FinkSurvey, Vocabulary, vocabulary_of
from processor.schema import parse
from runtime.health import Health

log = logging.getLogger(__name__)

REMEMBERED_SCHEMAS = 32
NAMED = 20
"""Fields that a line of the log names; the metric names them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """How a writer's schema differs from the one that the converter was made for."""

    fingerprint: str
    missing: tuple[str, ...]
    """Paths that records are made of and that the schema does not have under any name we know."""
    unknown: tuple[str, ...]
    """Paths that Fink has added since: they are annotated, but nobody has looked at what they mean."""

    def sentence(self) -> str:
        """Say what the records of such a schema lack."""
        return f"Fink's schema {self.fingerprint} has no {_some(self.missing)}: records lack what was made of it"


class SchemaWatch:
    """Looks at each new writer's schema once. Not thread-safe.

    A schema that lacks a field we use is a warning in the log, a line in ``/readyz``, and a metric for as long as the
    topic's messages are written with it.
    """

    def __init__(self, survey: FinkSurvey, health: Health) -> None:
        self._survey = survey
        self._health = health
        self._current: dict[str, bytes] = {}
        self._alarmed: dict[str, tuple[str, ...]] = {}
        self._drifts: OrderedDict[bytes, Drift] = OrderedDict()

    def see(self, topic: str, schema: bytes | None) -> None:
        """Look at the schema of a message, if it is new in ``topic``; what is no schema is the decoder's to say."""
        if schema is None or self._current.get(topic) == schema:
            return
        try:
            drift = self._drift(topic, schema)
        except Exception:  # noqa: BLE001  # the decoder will stumble over the same, and say so
            return
        self._current[topic] = schema
        self._alarm(topic, drift)

    def _drift(self, topic: str, schema: bytes) -> Drift:
        if schema not in self._drifts:
            self._drifts[schema] = drift = drift_of(schema, self._survey)
            metrics.SCHEMAS.labels(topic).inc()
            _say(topic, drift)
            if len(self._drifts) > REMEMBERED_SCHEMAS:
                self._drifts.popitem(last=False)
        return self._drifts[schema]

    def _alarm(self, topic: str, drift: Drift) -> None:
        for path in self._alarmed.get(topic, ()):
            if path not in drift.missing:
                metrics.SCHEMA_MISSING.remove(topic, path)
        for path in drift.missing:
            metrics.SCHEMA_MISSING.labels(topic, path).set(1)
        self._alarmed[topic] = drift.missing
        if drift.missing:
            self._health.remark(f"schema of {topic}", f"{topic}: {drift.sentence()}")
        else:
            self._health.ready(f"schema of {topic}")


def drift_of(schema: bytes, survey: FinkSurvey) -> Drift:
    """Compare a writer's schema with what the converter knows.

    Raises what `processor.schema.parse` raises, and TypeError or KeyError if it is not the schema of a record.
    """
    raw = parse(schema)
    fields = {field["name"]: field["type"] for field in raw["fields"]}
    vocabulary = vocabulary_of(fields, survey)
    there = set(_paths(raw))
    return Drift(
        fingerprint=hashlib.sha256(schema).hexdigest()[:12],
        missing=tuple(sorted(path for path in vocabulary.paths() if not _is_there(path, there, vocabulary))),
        unknown=tuple(sorted(path for path in there if _is_new(path, there, vocabulary))),
    )


def _is_there(path: str, there: set[str], vocabulary: Vocabulary) -> bool:
    return path in there or any(older in there for older in vocabulary.older.get(path, ()))


def _is_new(path: str, there: set[str], vocabulary: Vocabulary) -> bool:
    """Say whether ``path`` is a leaf that Fink adds and that we have not heard of."""
    if path.partition(".")[0] in vocabulary.silent or any(other.startswith(f"{path}.") for other in there):
        return False
    return path not in vocabulary.facts


def _paths(node: Any, prefix: str = "") -> Iterator[str]:
    """Yield the path of every field; of an array of records, the paths of their fields."""
    if isinstance(node, list):
        for branch in node:
            yield from _paths(branch, prefix)
    elif isinstance(node, dict) and node.get("type") == "array":
        yield from _paths(node["items"], prefix)
    elif isinstance(node, dict):
        for field in node.get("fields", ()):
            path = f"{prefix}{field['name']}"
            yield path
            yield from _paths(field["type"], f"{path}.")


def _say(topic: str, drift: Drift) -> None:
    log.log(
        logging.WARNING if drift.missing else logging.INFO,
        "new schema topic=%s fingerprint=%s missing=%s unknown=%s",
        topic,
        drift.fingerprint,
        _some(drift.missing),
        _some(drift.unknown),
    )


def _some(paths: tuple[str, ...]) -> str:
    named = ", ".join(paths[:NAMED])
    return f"{named} and {len(paths) - NAMED} more" if len(paths) > NAMED else named or "none"
