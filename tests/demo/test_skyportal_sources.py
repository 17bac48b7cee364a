"""What SkyPortal 1.4.0 was measured to answer where a source is saved."""

from collections.abc import Iterator

import pytest
from skyportal_contract import Target, contract_target


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def test_saving_a_known_object_needs_no_position_and_is_repeatable(target: Target) -> None:
    obj_id = target.obj()
    body = {"id": obj_id, "group_ids": [target.group_id]}

    answers = [target.data("POST", "/api/sources", body) for _ in range(2)]

    assert answers == [{"id": obj_id, "saved_to_groups": [target.group_id]}] * 2
    assert target.ask("HEAD", f"/api/sources/{obj_id}").status_code == 200


def test_saving_a_new_object_creates_it(target: Target) -> None:
    obj_id = target.name()

    target.data("POST", "/api/sources", {"id": obj_id, "ra": 10.0, "dec": -5.0, "group_ids": [target.group_id]})

    shown = target.data("GET", f"/api/sources/{obj_id}")
    assert (shown["ra"], shown["dec"]) == (10.0, -5.0)
    assert [group["id"] for group in shown["groups"]] == [target.group_id]


def test_a_known_object_is_not_changed_by_saving_it(target: Target) -> None:
    obj_id = target.obj()

    target.data("POST", "/api/sources", {"id": obj_id, "ra": 11.0, "dec": -6.0, "group_ids": [target.group_id]})

    assert target.data("GET", f"/api/sources/{obj_id}")["ra"] == 150.1


def test_without_groups_it_is_saved_to_all_of_the_users(target: Target) -> None:
    saved = target.data("POST", "/api/sources", {"id": target.obj()})["saved_to_groups"]

    assert {target.group_id, target.own_group_id} < set(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group_ids": [99999]}, "Cannot find group_id 99999. Please remove and try again."),
        ({"id": "bad id"}, "No spaces allowed in source ID"),
        ({"bogus": 1}, "Invalid/missing parameters: {'bogus': ['Unknown field.']}"),
        ({"ra": None}, "RA/Declination must not be null for a new Obj"),
        ({"id": None}, "'id'"),
        (
            {"ra": float("nan")},
            "Invalid/missing parameters: {'ra': ['Special numeric values (nan or infinity) are not permitted.']}",
        ),
    ],
    ids=["an unknown group", "a blank in the id", "an unknown field", "no position", "no id", "a position of NaN"],
)
def test_saving_is_refused_for(target: Target, changes: dict[str, object], message: str) -> None:
    body = {"id": target.name(), "ra": 10.0, "dec": -5.0, "group_ids": [target.group_id]} | changes

    answer = target.ask("POST", "/api/sources", {name: value for name, value in body.items() if value is not None})

    assert (answer.status_code, answer.json()["message"]) == (400, f"Failed to post source: {message}")
