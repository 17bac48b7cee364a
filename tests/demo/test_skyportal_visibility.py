"""Who sees a point of photometry, as SkyPortal 1.4.0 was measured to decide it."""

from collections.abc import Iterator
from typing import Any

import pytest
from skyportal_contract import Target, contract_target

PATH = "/api/photometry"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def seen_by_other(target: Target, body: dict[str, Any]) -> int:
    return len(target.data("GET", f"/api/sources/{body['obj_id']}/photometry", token=target.other))


def test_without_groups_only_the_user_sees_a_point(target: Target) -> None:
    body = target.mag(group_ids=...)
    (number,) = target.data("PUT", PATH, body)["ids"]
    assert seen_by_other(target, body) == 0
    assert target.data("GET", f"{PATH}/{number}")["id"] == number


def test_another_group_sees_a_point_when_it_is_sent_again_with_that_group(target: Target) -> None:
    body = target.mag(mjd=[60000.1, 60001.1])
    ids = target.data("PUT", PATH, body)["ids"]
    assert seen_by_other(target, body) == 0
    first = body | {"mjd": 60000.1, "group_ids": [target.sitewide_id]}
    assert target.data("PUT", PATH, first)["ids"] == ids[:1]
    assert seen_by_other(target, body) == 1
    assert len(target.data("GET", f"/api/sources/{body['obj_id']}/photometry")) == 2


def test_a_group_that_the_user_is_not_in_may_be_given(target: Target) -> None:
    foreign = target.data("POST", "/api/groups", {"name": target.name()})["id"]
    assert len(target.data("PUT", PATH, target.mag(group_ids=[foreign]))["ids"]) == 1


def test_groups_for_each_row_are_a_500(target: Target) -> None:
    body = target.mag(mjd=[60000.1, 60001.1], group_ids=[[target.group_id], [target.own_group_id]])
    assert target.refusal("PUT", PATH, body)[0] == 500


def test_several_points_at_one_time_are_several_rows(target: Target) -> None:
    body = target.mag(mjd=[60000.1] * 3, mag=[18.0, 18.1, 18.2])
    assert len(set(target.data("PUT", PATH, body)["ids"])) == 3


def test_duplicates_may_not_be_sought_without_their_fluxes(target: Target) -> None:
    answer = target.refusal("PUT", f"{PATH}?duplicate_ignore_flux=true", target.mag())
    assert answer == (
        400,
        "Ignoring flux/fluxerr when checking for duplicates is reserved to super admin users only",
    )
