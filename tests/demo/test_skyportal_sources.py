"""What SkyPortal 1.4.0 was measured to answer where a source is saved, changed and shown."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from skyportal_contract import Target, contract_target
from skyportal_pictures import png, text


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


def test_of_many_who_create_an_object_at_once_some_lose_and_win_when_they_try_again(target: Target) -> None:
    lost: list[str] = []
    with ThreadPoolExecutor(16) as pool:
        for _ in range(50):
            body = {"id": target.name(), "ra": 10.0, "dec": -5.0, "group_ids": [target.group_id]}
            answers = list(pool.map(partial(target.ask, "POST", "/api/sources"), [body] * 16))
            lost = [answer.json()["message"] for answer in answers if answer.status_code != 200]
            if lost:
                break
    assert 0 < len(lost) < 16
    prefix = "Failed to post source: (psycopg.errors.UniqueViolation) duplicate key value violates"
    assert all(message.startswith(prefix) and '"objs_pkey"' in message for message in lost)
    assert target.data("POST", "/api/sources", body)["saved_to_groups"] == [target.group_id]


def test_many_who_create_an_object_by_a_candidate_at_once_all_win(target: Target) -> None:
    body = target.candidate()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: target.data("POST", "/api/candidates", body)["ids"], range(16)))
    assert all(ids == answers[0] for ids in answers)


def test_a_further_group_is_added(target: Target) -> None:
    obj_id = target.obj()
    for groups in ([target.group_id], [target.own_group_id]):
        target.data("POST", "/api/sources", {"id": obj_id, "group_ids": groups})
    shown = target.data("GET", f"/api/sources/{obj_id}")["groups"]
    assert {group["id"] for group in shown} == {target.group_id, target.own_group_id}


def test_a_group_that_the_user_is_not_in_is_refused(target: Target) -> None:
    foreign = target.data("POST", "/api/groups", {"name": target.name()})["id"]
    assert target.refusal("POST", "/api/sources", {"id": target.obj(), "group_ids": [foreign]}) == (
        400,
        f"Failed to post source: Cannot find group_id {foreign}. Please remove and try again.",
    )


def test_columns_of_an_object_can_be_patched(target: Target) -> None:
    obj_id = target.obj()
    assert target.data("PATCH", f"/api/sources/{obj_id}", {"altdata": {"fink": 1}, "score": 0.7}) == {}
    shown = target.data("GET", f"/api/sources/{obj_id}")
    assert (shown["altdata"], shown["score"], shown["ra"]) == ({"fink": 1}, 0.7, 150.1)


def test_one_request_shows_everything_of_an_object_that_nobody_saved(target: Target) -> None:
    body = target.mag(mjd=[60000.1, 60001.1])
    path = f"/api/sources/{body['obj_id']}"
    target.data("PUT", "/api/photometry", body)
    target.data("POST", f"{path}/annotations", target.annotation())
    target.data("POST", "/api/classification", target.classification(obj_id=body["obj_id"]))
    target.data("POST", "/api/thumbnail", {"obj_id": body["obj_id"], "data": text(png()), "ttype": "new"})

    shown = target.data("GET", f"{path}?includeThumbnails=true&includePhotometry=true")

    (annotation,), (classification,), (thumbnail,) = (
        shown[name] for name in ("annotations", "classifications", "thumbnails")
    )
    assert (annotation["origin"], annotation["data"]) == ("Fink", {"score": 0.93})
    assert (classification["classification"], classification["probability"]) == (target.classes[0], 0.8)
    assert thumbnail["type"] == "new"
    assert all([group["id"] for group in row["groups"]] == [target.group_id] for row in (annotation, classification))
    assert [point["mjd"] for point in shown["photometry"]] == body["mjd"]
    assert "photometry" not in target.data("GET", path)


def test_annotations_and_classes_of_others_are_not_shown(target: Target) -> None:
    obj_id = target.obj()
    target.data("POST", f"/api/sources/{obj_id}/annotations", target.annotation())
    target.data("POST", "/api/classification", target.classification(obj_id=obj_id))
    shown = target.data("GET", f"/api/sources/{obj_id}", token=target.other)
    assert (shown["annotations"], shown["classifications"]) == ([], [])
