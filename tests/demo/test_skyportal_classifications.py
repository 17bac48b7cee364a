"""What SkyPortal 1.4.0 was measured to do with classifications."""

from collections.abc import Iterator
from typing import Any

import pytest
from skyportal_contract import Target, contract_target

PATH = "/api/classification"
PREFIX = "Error posting classification: "
ML = "If provided, ml must be one of True, False, 'True', 'False', 't', 'f', 'true', 'false' (got maybe)"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def classify(target: Target, **changes: object) -> int:
    return int(target.data("POST", PATH, target.classification(**changes))["classification_id"])


def of(target: Target, obj_id: object) -> list[dict[str, Any]]:
    return list(target.data("GET", f"/api/sources/{obj_id}/classifications"))


def missing(number: int) -> tuple[int, str]:
    return 400, f"Cannot find a classification with ID: {number}."


def group_ids(target: Target, obj_id: object) -> set[int]:
    rows = target.data("GET", f"/api/sources/{obj_id}")["classifications"]
    return {group["id"] for row in rows for group in row["groups"]}


REFUSED: list[tuple[str, dict[str, object], str]] = [
    (
        "a class outside of the taxonomy",
        {"classification": "Nope"},
        "That classification (Nope) is not in the allowed ",
    ),
    ("an unknown taxonomy", {"taxonomy_id": 99999}, "Cannot find a taxonomy with ID: 99999."),
    ("a probability above 1", {"probability": 1.5}, "That probability (1.5) is outside the allowable range (0-1)."),
    ("a probability below 0", {"probability": -0.1}, "That probability (-0.1) is outside the allowable range (0-1)."),
    ("a probability of letters", {"probability": "0.5"}, "'<' not supported between instances of 'str' and 'int'"),
    ("an unknown object", {"obj_id": "NOPE"}, "Cannot find object with ID NOPE."),
    ("an unknown group", {"group_ids": [99999]}, "Cannot find one or more groups with IDs: [99999]."),
    ("a strange ml", {"ml": "maybe"}, ML),
    ("no taxonomy", {"taxonomy_id": ...}, "'taxonomy_id'"),
    ("no object", {"obj_id": ...}, "'obj_id'"),
    ("no class", {"classification": ...}, "'classification'"),
]


@pytest.mark.parametrize(("_name", "changes", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_classification_is_refused_for(target: Target, _name: str, changes: dict[str, object], message: str) -> None:
    status, told = target.refusal("POST", PATH, target.classification(**changes))
    assert (status, told[: len(PREFIX + message)]) == (400, PREFIX + message)


ACCEPTED: list[tuple[str, dict[str, object]]] = [
    ("a probability that is not a number", {"probability": float("nan")}),
    ("no probability", {"probability": None}),
    ("the smallest probability", {"probability": 0}),
    ("the largest probability", {"probability": 1.0}),
    ("ml as text", {"ml": "t"}),
    ("no origin", {"origin": None}),
    ("a field that does not exist", {"bogus": 1}),
]


@pytest.mark.parametrize(("_name", "changes"), ACCEPTED, ids=[case[0] for case in ACCEPTED])
def test_a_classification_is_accepted_with(target: Target, _name: str, changes: dict[str, object]) -> None:
    assert classify(target, **changes) > 0


def test_a_classification_is_read_back_alone_and_of_its_object(target: Target) -> None:
    body = target.classification()
    number = target.data("POST", PATH, body)["classification_id"]
    alone = target.data("GET", f"{PATH}/{number}")
    names = ("obj_id", "classification", "taxonomy_id", "probability", "ml", "origin")
    assert {name: alone[name] for name in names} == {name: body[name] for name in names}
    assert of(target, body["obj_id"]) == [alone | {"votes": [], "edits": []}]
    rows = target.data("GET", f"/api/sources/{body['obj_id']}")["classifications"]
    assert [{name: row[name] for name in alone} for row in rows] == [alone]
    assert group_ids(target, body["obj_id"]) == {target.group_id}


def test_an_unknown_object_has_no_classifications(target: Target) -> None:
    assert of(target, "NOPE") == []


def test_an_exact_repetition_is_a_second_row(target: Target) -> None:
    body = target.classification()
    ids = [target.data("POST", PATH, body)["classification_id"] for _ in range(2)]
    assert [row["id"] for row in of(target, body["obj_id"])] == ids
    assert ids[0] != ids[1]


def test_without_a_word_about_it_the_author_votes_for_it(target: Target) -> None:
    body = target.classification(vote=..., label=...)
    number = target.data("POST", PATH, body)["classification_id"]
    (row,) = of(target, body["obj_id"])
    assert [(vote["vote"], vote["classification_id"]) for vote in row["votes"]] == [(1, number)]
    assert row["votes"][0]["voter_id"] == row["author_id"]


def test_without_groups_a_classification_is_everybodys(target: Target) -> None:
    body = target.classification(group_ids=...)
    target.data("POST", PATH, body)
    assert group_ids(target, body["obj_id"]) == {target.sitewide_id}


def test_a_group_that_the_user_is_not_in_may_be_given_only_without_a_vote(target: Target) -> None:
    foreign = target.data("POST", "/api/groups", {"name": target.name()})["id"]
    body = target.classification(group_ids=[foreign])
    target.data("POST", PATH, body)
    assert of(target, body["obj_id"]) == []
    status, message = target.refusal("POST", PATH, {name: body[name] for name in body if name != "vote"})
    assert status == 400
    assert message.startswith(f'{PREFIX}Insufficient permissions for operation "Token {target.token} create Cl')


def test_a_taxonomy_that_the_user_does_not_see_is_unknown(target: Target) -> None:
    mine = target.data("POST", "/api/groups", {"name": target.name(), "group_admins": []})["id"]
    hierarchy = {"class": "Alone", "subclasses": [{"class": "One"}]}
    body = {"name": target.name(), "version": "1", "hierarchy": hierarchy, "group_ids": [mine]}
    posted = target.ask("POST", "/api/taxonomy", body)
    if posted.status_code == 401:
        pytest.skip("needs the right to post a taxonomy")
    number = posted.json()["data"]["taxonomy_id"]
    answer = target.refusal("POST", PATH, target.classification(taxonomy_id=number, classification="One"))
    assert answer == (400, f"{PREFIX}Cannot find a taxonomy with ID: {number}.")


def test_a_bulk_answers_one_id_per_item_in_order(target: Target) -> None:
    items = [target.classification() for _ in range(3)]
    ids = target.data("POST", PATH, {"classifications": items})["classification_ids"]
    assert [of(target, item["obj_id"])[0]["id"] for item in items] == ids


def test_a_bulk_keeps_what_was_before_the_item_that_is_refused(target: Target) -> None:
    first, last = target.classification(), target.classification()
    items = [first, target.classification(obj_id="NOPE"), last]
    assert target.refusal("POST", PATH, {"classifications": items}) == (
        400,
        PREFIX + "Cannot find object with ID NOPE.",
    )
    assert [len(of(target, item["obj_id"])) for item in (first, last)] == [1, 0]


def test_an_empty_bulk_is_accepted(target: Target) -> None:
    assert target.data("POST", PATH, {"classifications": []}) == {"classification_ids": []}


def test_a_put_changes_the_row_in_place_and_keeps_what_it_does_not_name(target: Target) -> None:
    body = target.classification()
    number = target.data("POST", PATH, body)["classification_id"]
    change = {"classification": target.classes[1], "probability": 0.5, "ml": True}
    assert target.data("PUT", f"{PATH}/{number}", change) == {}
    (row,) = of(target, body["obj_id"])
    assert row["id"] == number
    assert {name: row[name] for name in change} == change
    assert (row["origin"], row["taxonomy_id"]) == ("Fink", target.taxonomy)
    assert row["modified"] > row["created_at"]
    assert group_ids(target, body["obj_id"]) == {target.group_id}


def test_a_put_resets_ml_unless_it_names_it(target: Target) -> None:
    number = classify(target)
    target.data("PUT", f"{PATH}/{number}", {"probability": 0.6})
    row = target.data("GET", f"{PATH}/{number}")
    assert (row["probability"], row["ml"]) == (0.6, False)


@pytest.mark.parametrize(
    "change", [{"probability": 1.6}, {"classification": "NotInTax"}], ids=["an impossible probability", "any class"]
)
def test_a_put_accepts(target: Target, change: dict[str, object]) -> None:
    number = classify(target)
    target.data("PUT", f"{PATH}/{number}", change)
    row = target.data("GET", f"{PATH}/{number}")
    assert {name: row[name] for name in change} == change


@pytest.mark.parametrize("name", ["vote", "label"])
def test_a_put_refuses_what_a_post_takes(target: Target, name: str) -> None:
    number = classify(target)
    answer = target.refusal("PUT", f"{PATH}/{number}", {"probability": 0.1, name: False})
    assert answer == (400, f"Invalid/missing parameters: {{'{name}': ['Unknown field.']}}")
    assert target.data("GET", f"{PATH}/{number}")["probability"] == 0.8


def test_a_put_with_groups_replaces_them(target: Target) -> None:
    body = target.classification()
    number = target.data("POST", PATH, body)["classification_id"]
    target.data("PUT", f"{PATH}/{number}", {"ml": True, "group_ids": [target.own_group_id]})
    assert group_ids(target, body["obj_id"]) == {target.own_group_id}


def test_a_classification_is_seen_by_its_groups_only(target: Target) -> None:
    body = target.classification()
    number = target.data("POST", PATH, body)["classification_id"]
    path = f"/api/sources/{body['obj_id']}/classifications"
    assert target.data("GET", path, token=target.other) == []
    assert target.refusal("PUT", f"{PATH}/{number}", {"probability": 0.1}, token=target.other) == missing(number)
    assert target.refusal("DELETE", f"{PATH}/{number}", token=target.other) == missing(number)


def test_the_author_deletes_a_classification_once(target: Target) -> None:
    number = classify(target)
    assert target.data("DELETE", f"{PATH}/{number}") == {}
    assert target.refusal("DELETE", f"{PATH}/{number}") == missing(number)
    assert target.refusal("PUT", f"{PATH}/{number}", {"probability": 0.1}) == missing(number)


def test_all_classifications_of_an_object_can_be_deleted_at_once(target: Target) -> None:
    body = target.classification()
    for _ in range(2):
        target.data("POST", PATH, body)
    assert target.data("DELETE", f"/api/sources/{body['obj_id']}/classifications") == {}
    assert of(target, body["obj_id"]) == []
