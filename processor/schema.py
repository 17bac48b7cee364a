"""Which writer's schemas are safe to decode with.

fastavro follows any schema: one that contains itself ends the process, one with items of no bytes never ends. What
passes here decodes ``n`` bytes into at most ``VALUES_PER_BYTE * n + MOST_FREE_VALUES`` values, `DEEPEST_TYPE` deep.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import fastavro

from schemas.avro import read_schema

DEEPEST_JSON = 256
"""A level of types is up to four of JSON. fastavro's own parser survives some thousands, less beside a deep stack."""

DEEPEST_TYPE = 64
"""Rubin's alerts are five levels deep. fastavro reads each level in C, where nothing watches the stack."""

VALUES_PER_BYTE = 4
MOST_FREE_VALUES = 10_000
"""Values outside of arrays and maps that may take no bytes; the surveys' alerts have none."""

_PRIMITIVES = {"boolean", "bytes", "double", "float", "int", "long", "null", "string"}
_WORDS = {"array", "map", "enum", "fixed", "record", "error", "union", "error_union", "request"}
"""fastavro takes a reference to a type of such a name for something else."""

_HINTS = ("__fastavro_parsed", "__named_schemas")
"""fastavro believes these, and then checks nothing."""


class UnsafeSchema(Exception):
    """No alert is written with such a schema, and decoding with it could end or block the process."""


class _Extent(NamedTuple):
    """How much a type can decode to."""

    depth: int
    surplus: int
    """The most values that it can have above `VALUES_PER_BYTE` for each of its bytes."""
    peak: int
    """The same of what is read of it when the bytes end too early."""


_NULL = _Extent(1, 1, 1)
_ONE_BYTE = _Extent(1, 1 - VALUES_PER_BYTE, 1)


def parse(key: bytes) -> Any:
    """Return the schema in ``key`` as JSON is read, without logical types.

    Raises `UnsafeSchema`, ValueError if ``key`` is not JSON, or what fastavro raises if it is no schema.
    """
    try:
        raw = read_schema(key)
    except RecursionError as error:
        raise _too_deep() from error
    _check_json(raw)
    _check_names(raw)
    schema = fastavro.parse_schema(raw)
    if _Extents().of(schema).peak > MOST_FREE_VALUES:
        raise UnsafeSchema(f"the schema has more than {MOST_FREE_VALUES} values that take no bytes")
    return raw


def _check_json(raw: Any) -> None:
    level = [raw]
    for _ in range(DEEPEST_JSON):
        if any(hint in node for node in level if isinstance(node, dict) for hint in _HINTS):
            raise UnsafeSchema(f"the schema says itself that fastavro has parsed it ({_HINTS[0]})")
        level = [inner for node in level for inner in _inside(node)]
        if not level:
            return
    raise _too_deep()


def _inside(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node


def _check_names(node: Any) -> None:
    """Refuse names of fields that nobody could write down: they would become paths of annotations."""
    for inner in _inside(node):
        _check_names(inner)
    if isinstance(node, dict) and isinstance(fields := node.get("fields"), list):
        for field in fields:
            name = field.get("name") if isinstance(field, dict) else field
            if not isinstance(name, str) or not name or not name.isprintable():
                raise UnsafeSchema(f"the schema has a field called {name!r:.50}, which is no name")


def _too_deep() -> UnsafeSchema:
    return UnsafeSchema(f"the schema is nested too deeply: types more than {DEEPEST_TYPE}, JSON {DEEPEST_JSON} levels")


@dataclass(slots=True)
class _Extents:
    """Measures each named type once: a short schema can name them more often than could ever be counted."""

    _named: dict[str, _Extent] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    """The named types that are being measured."""

    def of(self, schema: Any) -> _Extent:
        """Measure a schema as `fastavro.parse_schema` returns it. Raises `UnsafeSchema`."""
        if isinstance(schema, list):
            extent = self._union(schema)
        elif isinstance(schema, str):
            extent = self._reference(schema)
        elif "name" in schema:
            extent = self._named_type(schema)
        else:
            extent = self._unnamed_type(schema)
        if extent.depth > DEEPEST_TYPE:
            raise _too_deep()
        return extent

    def _union(self, branches: list[Any]) -> _Extent:
        extents = [self.of(branch) for branch in branches]
        return _Extent(
            1 + max((extent.depth for extent in extents), default=0),
            max((extent.surplus for extent in extents), default=0) - VALUES_PER_BYTE,
            max((extent.peak for extent in extents), default=0),
        )

    def _reference(self, name: str) -> _Extent:
        if name in _PRIMITIVES:
            return _NULL if name == "null" else _ONE_BYTE
        if name in _WORDS:
            raise UnsafeSchema(f"the schema has a type of its own called {name}, which is Avro's word")
        if name in self._open:
            raise UnsafeSchema(f"the schema's type {name} contains itself")
        return self._named[name]

    def _named_type(self, schema: dict[str, Any]) -> _Extent:
        name = schema["name"]
        self._open.add(name)
        if schema["type"] == "fixed":
            extent = _fixed(name, schema["size"])
        elif schema["type"] == "enum":
            extent = _ONE_BYTE
        else:
            extent = self._record([one["type"] for one in schema["fields"]])
        self._open.remove(name)
        self._named[name] = extent
        return extent

    def _record(self, types: list[Any]) -> _Extent:
        depth, surplus, peak = 1, 1, 1
        for extent in map(self.of, types):
            depth = max(depth, 1 + extent.depth)
            peak = max(peak, surplus + extent.peak)
            surplus += extent.surplus
        return _Extent(depth, surplus, peak)

    def _unnamed_type(self, schema: dict[str, Any]) -> _Extent:
        kind = schema["type"]
        if kind == "array":
            items, each = schema["items"], 0
        elif kind == "map":
            items, each = schema["values"], 1  # the length of the item's key
        else:
            return self._reference(kind)
        depth, surplus, peak = self.of(items)
        if surplus > each * VALUES_PER_BYTE:
            raise UnsafeSchema(
                f"the schema has {'an array' if kind == 'array' else 'a map'} of items that take no bytes, "
                f"or less than one for {VALUES_PER_BYTE} values"
            )
        return _Extent(1 + depth, 1 - VALUES_PER_BYTE, 1 + peak)


def _fixed(name: str, size: Any) -> _Extent:
    if type(size) is not int or size < 0:
        raise UnsafeSchema(f"the schema's fixed type {name} has no size: {size!r:.50}")
    return _Extent(1, 1 - VALUES_PER_BYTE * size, 1)
