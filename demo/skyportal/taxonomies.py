"""``/api/taxonomy``: trees of classes."""

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.directory import Taxonomy
from demo.skyportal.envelope import Refusal

REQUIRED = ("name", "version", "hierarchy")


async def get_all(call: Call) -> object:
    """List the taxonomies of the user's groups."""
    await call.pace.takes(14)
    rows = permissions.taxonomies(call.directory, call.user)
    return [serialize.taxonomy(row, call.directory) for row in rows]


async def post(call: Call) -> object:
    """Create a taxonomy; without groups it belongs to all of the user's."""
    await call.pace.takes(30)
    directory = call.directory
    body = call.json()
    missing = [field for field in REQUIRED if field not in body]
    if missing:
        raise Refusal(400, "Invalid/missing parameters: " + "; ".join(f"{field}: Field required" for field in missing))
    name, version = str(body["name"]), str(body["version"])
    if any((row.name, row.version) == (name, version) for row in directory.taxonomies.values()):
        raise Refusal(
            400,
            "That version/name combination is already present. "
            "If you really want to replace this then delete the appropriate entry.",
        )
    if not _is_hierarchy(body["hierarchy"]):
        raise Refusal(400, "Hierarchy does not validate against the schema.")
    mine = [group.id for group in permissions.groups(directory, call.user)]
    row = Taxonomy(
        id=directory.next_id("taxonomies"),
        name=name,
        version=version,
        hierarchy=body["hierarchy"],
        provenance=body.get("provenance"),
        is_latest=bool(body.get("isLatest", True)),
        group_ids=tuple(body.get("group_ids") or mine),
    )
    directory.taxonomies[row.id] = row
    return {"taxonomy_id": row.id}


def _is_hierarchy(node: object) -> bool:
    if not isinstance(node, dict) or not isinstance(node.get("class"), str):
        return False
    below = node.get("subclasses", [])
    return isinstance(below, list) and all(_is_hierarchy(child) for child in below)
