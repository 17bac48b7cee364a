"""A writer's schema without the fields of history that no record is made of: most of an alert's bytes are these."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

History = Mapping[str, frozenset[str]]
"""Names of top-level arrays, and the fields that are wanted of their records."""


def projected(schema: Any, history: History) -> Any:
    """Return ``schema`` with only the wanted fields in the records of these arrays; everything else as it is.

    A record that is named a second time in the schema keeps its fields.
    """
    if not isinstance(schema, dict):
        return schema
    names = Counter(_names(schema))

    def cut(node: Any, wanted: frozenset[str]) -> Any:
        """Cut the records down that are the items of arrays in ``node``, the type of a field."""
        if isinstance(node, list):
            return [cut(branch, wanted) for branch in node]
        if isinstance(node, dict) and node.get("type") == "array":
            return {**node, "items": cut_items(node["items"], wanted)}
        return node

    def cut_items(node: Any, wanted: frozenset[str]) -> Any:
        if isinstance(node, list):
            return [cut_items(branch, wanted) for branch in node]
        if isinstance(node, dict) and node.get("type") == "record" and not names[node["name"].rpartition(".")[2]]:
            return {**node, "fields": [field for field in node["fields"] if field["name"] in wanted]}
        return node

    fields = [
        {**field, "type": cut(field["type"], history[field["name"]])} if field["name"] in history else field
        for field in schema.get("fields", ())
    ]
    return {**schema, "fields": fields}


def _names(node: Any) -> Iterator[str]:
    """Yield the last part of every type that is referred to by its name."""
    if isinstance(node, str):
        yield node.rpartition(".")[2]
    elif isinstance(node, list):
        for branch in node:
            yield from _names(branch)
    elif isinstance(node, dict):
        for key in ("type", "items", "values"):
            yield from _names(node.get(key))
        for field in node.get("fields") or ():
            yield from _names(field.get("type"))
