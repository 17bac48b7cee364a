"""What SkyPortal 1.4.0 was measured to do with groups, streams, filters and taxonomies; some of it only read."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from skyportal_contract import HIERARCHY, Target, contract_target

from demo.skyportal.process import SkyPortal


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


def test_a_filter_that_is_deleted_is_gone(target: Target) -> None:
    body = {"name": target.name(), "stream_id": target.stream_id, "group_id": target.group_id}
    number = target.data("POST", "/api/filters", body)["id"]
    path = f"/api/filters/{number}"
    target.data("DELETE", path)
    assert target.refusal("DELETE", path) == (400, f"Cannot find a filter with ID: {number}.")
    assert target.refusal("GET", path) == (400, f"Cannot find a filter with ID: {number}.")


def test_a_group_of_one_user_takes_no_stream(target: Target) -> None:
    answer = target.refusal("POST", f"/api/groups/{target.own_group_id}/streams", {"stream_id": target.stream_id})
    assert answer == (400, f"Cannot add users to group {target.own_group_id}. It is a single user group.")


class Administered(NamedTuple):
    """A bot, an administrator and another user of a stand-in."""

    bot: Target
    admin: str
    bot_id: int
    other_id: int
    other: str


@pytest.fixture(scope="module")
def administered() -> Iterator[Administered]:
    with SkyPortal(whitelist=True) as skyportal:
        users = skyportal.control.setup(tokens=[{"name": "other"}])["users"]
        ids = {user["username"]: user["id"] for user in users}
        bot = Target(url=skyportal.url, token=skyportal.token)
        yield Administered(bot, skyportal.admin_token, ids["finkbot"], ids["other"], users[-1]["token"])


def test_of_a_groups_first_admins_those_count_that_exist(administered: Administered) -> None:
    bot = administered.bot
    body = {"name": bot.name(), "group_admins": [administered.bot_id, 99999]}
    number = bot.data("POST", "/api/groups", body)["id"]
    users = bot.data("GET", f"/api/groups/{number}")["users"]
    assert [(user["id"], user["admin"]) for user in users] == [(administered.bot_id, True)]
    assert bot.refusal("POST", "/api/groups", {"name": " "}) == (400, "Missing required parameter: `name`")


def test_a_stream_is_given_by_the_administrator_and_joined_where_it_may_be(administered: Administered) -> None:
    bot, user = administered.bot, {"user_id": administered.bot_id}
    closed, open_ = (
        bot.data("POST", "/api/streams", {"name": bot.name(), **wish}, administered.admin)["id"]
        for wish in ({}, {"auto_join": True})
    )
    status, message = bot.refusal("POST", f"/api/streams/{closed}/users", user)
    assert (status, message.partition(":")[0]) == (400, "Insufficient permissions")
    assert {row["id"] for row in bot.data("GET", "/api/streams")} & {closed, open_} == {open_}
    bot.data("POST", f"/api/streams/{closed}/users", user, administered.admin)
    assert bot.data("POST", f"/api/streams/{open_}/users", user) == {"stream_id": open_, **user}
    again = (400, "Specified user already has access to this stream.")
    assert bot.refusal("POST", f"/api/streams/{open_}/users", user) == again
    unknown = (400, "Could not retrieve stream with ID 99999.")
    assert bot.refusal("POST", "/api/streams/99999/users", user, administered.admin) == unknown


def test_a_group_does_not_take_a_stream_that_its_members_have_not_joined(administered: Administered) -> None:
    bot = administered.bot
    stream = bot.data("POST", "/api/streams", {"name": bot.name(), "auto_join": True}, administered.admin)["id"]
    group = bot.data("POST", "/api/groups", {"name": bot.name(), "group_admins": [administered.bot_id]})["id"]
    path, body = f"/api/groups/{group}/streams", {"stream_id": stream}
    assert bot.refusal("POST", path, body) == (403, f"Not all users have stream access with ID {stream}")
    bot.data("POST", f"/api/streams/{stream}/users", {"user_id": administered.bot_id})
    assert bot.data("POST", path, body) == {"group_id": group, "stream_id": stream}


def test_an_admin_of_a_group_adds_those_who_hold_its_streams_and_they_make_filters(administered: Administered) -> None:
    bot, other = administered.bot, administered.other_id
    stream = next(row["id"] for row in bot.data("GET", "/api/streams") if row["name"] == "ZTF Public")
    group = bot.data("POST", "/api/groups", {"name": bot.name(), "group_admins": [administered.bot_id]})["id"]
    bot.data("POST", f"/api/groups/{group}/streams", {"stream_id": stream})
    path, body = f"/api/groups/{group}/users", {"userID": other, "admin": False}
    status, message = bot.refusal("POST", path, body)
    assert (status, message.partition(".")[0]) == (
        403,
        f"User with ID {other} (other) does not have stream access with ID {stream}",
    )
    bot.data("POST", f"/api/streams/{stream}/users", {"user_id": other}, administered.admin)
    assert bot.data("POST", path, body) == {"group_id": group, "user_id": other, "admin": False}
    assert bot.refusal("POST", path, body) == (400, f"User {other} is already a member of group {group}.")
    assert bot.refusal("POST", path, body, administered.other) == (400, f"Group with ID {group} not accessible")
    filter_ = {"name": bot.name(), "stream_id": stream, "group_id": group}
    assert "id" in bot.data("POST", "/api/filters", filter_, administered.other)


def test_nobody_makes_a_filter_on_a_stream_that_he_does_not_see(administered: Administered) -> None:
    bot = administered.bot
    stream = bot.data("POST", "/api/streams", {"name": bot.name()}, administered.admin)["id"]
    group = bot.data("POST", "/api/groups", {"name": bot.name(), "group_admins": [administered.bot_id]})["id"]
    status, message = bot.refusal("POST", "/api/filters", {"name": "x", "stream_id": stream, "group_id": group})
    assert (status, message.partition("operation")[0]) == (400, "Insufficient permissions for ")
