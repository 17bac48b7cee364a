"""The classes that a record may carry, as a taxonomy in SkyPortal's form.

``taxonomy.v1.json`` is what ``POST /api/taxonomy`` takes, but for the groups. SkyPortal refuses a class that is not in
it. Of SIMBAD's types it has today's names, and former ones, which replayed alerts still carry.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, kw_only=True, slots=True)
class Taxonomy:
    """A tree of classes. SkyPortal does not change one: other classes are another version."""

    name: str
    version: str
    hierarchy: Mapping[str, object]
    """A class and, as its ``subclasses``, more of the same."""


def classes(hierarchy: object) -> frozenset[str]:
    """Return the names that SkyPortal takes as classes of a taxonomy with this hierarchy: every node's.

    What is no node has none, wherever it stands. Never raises.
    """
    found = set()
    nodes = [hierarchy]
    while nodes:
        node = nodes.pop()
        if not isinstance(node, Mapping):
            continue
        name, below = node.get("class"), node.get("subclasses")
        if isinstance(name, str):
            found.add(name)
        if isinstance(below, list | tuple):
            nodes.extend(below)
    return frozenset(found)


TAXONOMY = Taxonomy(**json.loads(files("schemas").joinpath("taxonomy.v1.json").read_text()))
"""The taxonomy of the records that this code writes."""
