"""What SkyPortal 1.4.0 was measured to do with groups, streams, filters and taxonomies."""

from collections.abc import Iterator

import pytest
from skyportal_contract import HIERARCHY, Target, contract_target


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def test_a_group_exists_once_and_starts_without_members(target: Target) -> None:
    body = {"name": target.name()}
    number = target.data("POST", "/api/groups", body)["id"]
    assert target.data("GET", f"/api/groups/{number}")["users"] == []
    again = target.ask("POST", "/api/groups", body)
    assert again.status_code == 400
    assert again.json()["message"] == f"Group with name {body['name']} already exists. Please select a new one."
    assert target.data("GET", f"/api/groups/{target.group_id}")["users"][0]["admin"] is True


def test_filters_have_no_unique_name_and_are_listed_twice(target: Target) -> None:
    body = {"name": target.name(), "stream_id": target.stream_id, "group_id": target.group_id}
    ids = [target.data("POST", "/api/filters", body)["id"] for _ in range(2)]
    listed = [row["id"] for row in target.data("GET", "/api/filters") if row["name"] == body["name"]]
    assert ids[0] != ids[1]
    assert listed == [ids[0], ids[0], ids[1], ids[1]]


def test_a_taxonomy_exists_once_per_version(target: Target) -> None:
    body = {"name": target.name(), "version": "1", "hierarchy": HIERARCHY, "group_ids": [target.group_id]}
    first = target.ask("POST", "/api/taxonomy", body)
    if first.status_code == 401:
        pytest.skip("needs the right to post a taxonomy")
    number = first.json()["data"]["taxonomy_id"]
    assert [row["hierarchy"] for row in target.data("GET", "/api/taxonomy") if row["id"] == number] == [HIERARCHY]
    again = target.ask("POST", "/api/taxonomy", body)
    assert again.status_code == 400
    assert again.json()["message"].startswith("That version/name combination is already present.")


def test_an_outsider_makes_no_filter_in_a_group(target: Target) -> None:
    body = {"name": "x", "stream_id": target.stream_id, "group_id": target.group_id}
    status, message = target.refusal("POST", "/api/filters", body, token=target.other)
    assert (status, message) == (
        400,
        f'Insufficient permissions for operation "Token {target.other} create Filter {{{target.group_id}}}".',
    )


def test_a_group_takes_each_stream_once_and_only_those_that_its_members_hold(target: Target) -> None:
    path = f"/api/groups/{target.group_id}/streams"
    known = (400, "Specified stream is already associated with this group.")
    assert target.refusal("POST", path, {"stream_id": target.stream_id}) == known
    unknown = (403, "Not all users have stream access with ID 99999")
    assert target.refusal("POST", path, {"stream_id": 99999}) == unknown
