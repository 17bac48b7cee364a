"""Notices when Fink changes its schemas, which it does without notice: what is missing then is missing silently."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from processor import metrics
from processor.convert import NO_MORE, FinkSurvey, MoreAnnotations, Vocabulary, vocabulary_of
from processor.schema import parse
from runtime.health import Health

log = logging.getLogger(__name__)

REMEMBERED_SCHEMAS = 32
Types = Mapping[str, set[str]]
"""The names of its types, by a field's path."""

NUMBERS = frozenset({"int", "long", "float", "double"})
PLAIN = NUMBERS | {"string", "enum", "boolean"}

NAMED = 20
"""Fields that a line of the log names; the metric names them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """How a writer's schema differs from the one that the converter was made for."""

    fingerprint: str
    missing: tuple[str, ...]
    """Paths that records are made of and that the schema does not have under any name we know, or not in a type that
    we can use."""
    unknown: tuple[str, ...]
    """Paths that Fink has added since: plain values are annotated, but nobody has looked at what they mean."""
    unmatched: tuple[str, ...]
    """Patterns of annotations that somebody asked for and that match nothing."""

    def sentence(self) -> str:
        """Say what the records of such a schema lack."""
        fields = _some(self.missing)
        return f"Fink's schema {self.fingerprint} has no {fields} of use: records lack what was made of it"


class SchemaWatch:
    """Looks at each new writer's schema once. Not thread-safe.

    A schema that lacks a field we use is a warning in the log, a line in ``/readyz``, and a metric for as long as the
    topic's messages are written with it.
    """

    def __init__(self, survey: FinkSurvey, health: Health, more: MoreAnnotations = NO_MORE) -> None:
        self._survey = survey
        self._more = more
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
            self._drifts[schema] = drift = drift_of(schema, self._survey, self._more)
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


def drift_of(schema: bytes, survey: FinkSurvey, more: MoreAnnotations = NO_MORE) -> Drift:
    """Compare a writer's schema with what the converter knows.

    Raises what `processor.schema.parse` raises, and TypeError or KeyError if it is not the schema of a record.
    """
    raw = parse(schema)
    vocabulary = vocabulary_of({field["name"]: field["type"] for field in raw["fields"]}, survey)
    there: dict[str, set[str]] = {}
    for path, kind in _paths(raw):
        there.setdefault(path, set()).add(kind)
    return Drift(
        fingerprint=hashlib.sha256(schema).hexdigest()[:12],
        missing=tuple(sorted(path for path in vocabulary.paths() if not _is_usable(path, there, vocabulary))),
        unknown=tuple(sorted(_new(there, vocabulary))),
        unmatched=tuple(more.unmatched(there, (path for path, kinds in there.items() if "map" in kinds))),
    )


def _is_usable(path: str, there: Types, vocabulary: Vocabulary) -> bool:
    names = (path, *vocabulary.older.get(path, ()))
    return any(there.get(name, set()) & _useful(path, vocabulary) for name in names)


def _useful(path: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Return the types that the converter makes something of in the field ``path``."""
    if path in vocabulary.binaries:
        return frozenset({"bytes"})
    if path in vocabulary.texts:
        return PLAIN
    if path in vocabulary.facts:
        return NUMBERS if path in vocabulary.numbers else PLAIN | {"record", "map", "array"}
    return NUMBERS | {"boolean"} if path in vocabulary.used or _is_history(path, vocabulary) else PLAIN


def _is_history(path: str, vocabulary: Vocabulary) -> bool:
    array, _, name = path.partition(".")
    return name in vocabulary.history.get(array, ())


def _new(there: Types, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the leaves that Fink adds and that we have not heard of."""
    structs = {path.rpartition(".")[0] for path in there}
    for path in there:
        head = path.partition(".")[0]
        if path not in structs and head not in vocabulary.silent and not {path, head} & vocabulary.facts:
            yield path


def _paths(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of every field with each of its types; of an array of records, the paths of their fields."""
    for field in node.get("fields", ()) if isinstance(node, dict) else ():
        path = f"{prefix}{field['name']}"
        for branch in _branches(field["type"]):
            kind = branch if isinstance(branch, str) else branch["type"]
            yield path, kind if isinstance(kind, str) else "record"
            items = branch["items"] if kind == "array" else branch
            for item in _branches(items):
                yield from _paths(item, f"{path}.")


def _branches(node: Any) -> list[Any]:
    """Return the types that a value may have; a type may be wrapped in a type."""
    if isinstance(node, dict) and isinstance(node["type"], dict | list):
        return _branches(node["type"])
    return node if isinstance(node, list) else [node]


def _say(topic: str, drift: Drift) -> None:
    log.log(
        logging.WARNING if drift.missing else logging.INFO,
        "new schema topic=%s fingerprint=%s missing=%s unknown=%s",
        topic,
        drift.fingerprint,
        _some(drift.missing),
        _some(drift.unknown),
    )
    if drift.unmatched:
        log.warning("PROCESSOR_ANNOTATIONS asks for what topic=%s does not have: %s", topic, _some(drift.unmatched))


def _some(paths: tuple[str, ...]) -> str:
    named = ", ".join(paths[:NAMED])
    return f"{named} and {len(paths) - NAMED} more" if len(paths) > NAMED else named or "none"
