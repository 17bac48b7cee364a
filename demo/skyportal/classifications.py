"""``/api/classification``: classes of objects. Nothing is unique, and each item of a bulk is a transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from demo.skyportal import permissions, serialize
from demo.skyportal.call import Call
from demo.skyportal.classification_rules import class_names, flag, in_range
from demo.skyportal.directory import now
from demo.skyportal.envelope import Refusal
from demo.skyportal.service_times import classification
from demo.skyportal.state import Classification

PREFIX = "Error posting classification: "
COLUMNS = {
    "id", "classification", "origin", "taxonomy_id", "probability", "ml", "obj_id", "author_id", "author_name"
}  # fmt: skip


async def post(call: Call) -> object:
    """Insert one classification, or a list of them until the first that is refused; no ids are told then."""
    body = call.json()
    try:
        if "classifications" not in body:
            return {"classification_id": await _post(call, body, bulk=False)}
        return {"classification_ids": [await _post(call, one, bulk=True) for one in body["classifications"]]}
    except (Refusal, KeyError, TypeError, AttributeError) as error:
        raise Refusal(400, f"{PREFIX}{error}") from error


async def _post(call: Call, body: Mapping[str, Any], *, bulk: bool) -> int:
    votes, labels = body.get("vote") is not False, body.get("label") is not False
    await call.pace.takes(classification(votes=votes, labels=labels, bulk=bulk))
    obj_id = body["obj_id"]
    if obj_id not in call.state.objects:
        raise Refusal(400, f"Cannot find object with ID {obj_id}.")
    ml = flag(body.get("ml", False))
    taxonomy = {row.id: row for row in permissions.taxonomies(call.directory, call.user)}.get(body["taxonomy_id"])
    if taxonomy is None:
        raise Refusal(400, f"Cannot find a taxonomy with ID: {body['taxonomy_id']}.")
    if body["classification"] not in class_names(taxonomy.hierarchy):
        raise Refusal(
            400,
            f"That classification ({body['classification']}) is not in the allowed classes for the chosen "
            f"taxonomy (id={taxonomy.id}",
        )
    probability = in_range(body.get("probability"))
    given = body.get("group_ids")
    groups = permissions.known_groups(
        call.directory, given if given and isinstance(given, list) else [call.directory.sitewide.id]
    )
    (number,) = call.state.classifications.draw()
    vote = {call.state.next_vote(): 1} if votes else {}
    if vote and not permissions.shares_group(call.directory, call.user, groups):
        operation = f"Token {call.user.token} create ClassificationVote {{{min(vote)}}}"
        raise Refusal(400, f'Insufficient permissions for operation "{operation}".')
    row = Classification(
        id=number,
        obj_id=obj_id,
        classification=body["classification"],
        taxonomy_id=taxonomy.id,
        probability=probability,
        ml=ml,
        origin=body.get("origin"),
        author_id=call.user.id,
        author_name=call.user.username,
        groups=groups,
        votes=vote,
    )
    return call.state.classifications.add(row)


async def put(call: Call) -> object:
    """Change what the body names, whatever it says; ``ml`` becomes false where it is not named."""
    await call.pace.takes(48)
    row = _changeable(call)
    body = call.json()
    given = body.pop("group_ids", None)
    body["ml"] = flag(body.get("ml", False))
    if unknown := {name: ["Unknown field."] for name in body if name not in COLUMNS}:
        raise Refusal(400, f"Invalid/missing parameters: {unknown}")
    groups = row.groups if given is None else permissions.known_groups(call.directory, given)
    changes = {name: value for name, value in body.items() if name != "id"}
    call.state.classifications.add(replace(row, **changes, groups=groups, modified=now()))
    return {}


async def get_one(call: Call) -> object:
    """Show one classification, without its votes."""
    await call.pace.takes(17)
    row = call.state.classifications.get(int(call.arguments[0]))
    if row is None or not sees(call, row):
        raise Refusal(400, f"Cannot find classification with ID: {call.arguments[0]}.")
    return show(row)


async def get_of_source(call: Call) -> object:
    """List the object's classifications; none for an object that does not exist."""
    await call.pace.takes(16)
    return [show_with_votes(row) for row in call.state.classifications.of(call.arguments[0]) if sees(call, row)]


async def delete(call: Call) -> object:
    """Delete one classification."""
    await call.pace.takes(38)
    del call.state.classifications[_changeable(call).id]
    return {}


async def delete_of_source(call: Call) -> object:
    """Delete those of the object's classifications that the user may change."""
    await call.pace.takes(68)
    for row in tuple(call.state.classifications.of(call.arguments[0])):
        if _may_change(call, row):
            del call.state.classifications[row.id]
    return {}


def sees(call: Call, row: Classification) -> bool:
    """Return whether the user is in one of the classification's groups, and in one of its taxonomy's."""
    taxonomies = {taxonomy.id for taxonomy in permissions.taxonomies(call.directory, call.user)}
    return row.taxonomy_id in taxonomies and permissions.shares_group(call.directory, call.user, row.groups)


def show(row: Classification) -> dict[str, object]:
    """Show a classification as it is alone."""
    return {
        "classification": row.classification,
        "origin": row.origin,
        "probability": row.probability,
        "ml": row.ml,
        "id": row.id,
        "created_at": row.created_at,
        "taxonomy_id": row.taxonomy_id,
        "author_id": row.author_id,
        "author_name": row.author_name,
        "obj_id": row.obj_id,
        "modified": row.modified,
    }


def show_with_votes(row: Classification) -> dict[str, object]:
    """Show a classification as the list of an object's does."""
    votes = [
        {
            "vote": vote,
            "id": number,
            "created_at": row.created_at,
            "classification_id": row.id,
            "voter_id": row.author_id,
            "modified": row.created_at,
        }
        for number, vote in row.votes.items()
    ]
    return {**show(row), "votes": votes, "edits": []}


def show_with_groups(call: Call, row: Classification) -> dict[str, object]:
    """Show a classification as the object does."""
    return {**show_with_votes(row), "groups": serialize.groups(row.groups, call.directory)}


def _may_change(call: Call, row: Classification) -> bool:
    return row.author_id == call.user.id or permissions.leads_group(call.directory, call.user, row.groups)


def _changeable(call: Call) -> Classification:
    row = call.state.classifications.get(int(call.arguments[0]))
    if row is None or not _may_change(call, row):
        raise Refusal(400, f"Cannot find a classification with ID: {call.arguments[0]}.")
    return row
