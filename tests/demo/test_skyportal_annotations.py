"""What SkyPortal 1.4.0 was measured to do with annotations; how one is deleted is as its code says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from skyportal_contract import ALERT_ID, Target, contract_target

NOT_MINE = (403, "Could not find any accessible annotations.")
EXISTS = (
    "Annotation already exists: (psycopg.errors.UniqueViolation) duplicate key value violates unique constraint "
    '"annotations_obj_id_origin_key"\nDETAIL:  Key (obj_id, origin)=({}, Fink) already exists.'
)
BAD_JSON = "(psycopg.errors.InvalidTextRepresentation) invalid input syntax for type json\nDETAIL:  Token "


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def path_of(obj_id: str) -> str:
    return f"/api/sources/{obj_id}/annotations"


def annotate(target: Target, **changes: object) -> tuple[str, int]:
    """Annotate a new object; return the path of its annotations and the new one's id."""
    path = path_of(target.obj())
    return path, int(target.data("POST", path, target.annotation(**changes))["annotation_id"])


def group_ids(target: Target, path: str) -> set[int]:
    return {group["id"] for row in target.data("GET", path) for group in row["groups"]}


REFUSED: list[tuple[str, dict[str, object], int, str]] = [
    ("no origin", {"origin": ...}, 400, "Invalid/missing parameters: origin: Field required"),
    ("an empty origin", {"origin": ""}, 400, "Invalid/missing parameters: origin: String should match pattern '^\\w+'"),
    ("no data", {"data": ...}, 400, "Invalid/missing parameters: data: Field required"),
    ("a list of data", {"data": [1]}, 400, "Invalid/missing parameters: data: Input should be a valid dictionary"),
    ("an unknown group", {"group_ids": [99999]}, 400, "Cannot find one or more groups with IDs: [99999]."),
    ("a bare NaN", {"data": {"x": float("nan")}}, 500, BAD_JSON + '"NaN" is invalid.\nCONTEXT:  JSON data, line 1: '),
    ("a NUL", {"data": {"x": "a\0b"}}, 500, "(psycopg.errors.UntranslatableCharacter) unsupported Unicode escape"),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "changes", "status", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_an_annotation_is_refused_for(
    target: Target, _name: str, changes: dict[str, object], status: int, message: str
) -> None:
    path = path_of(target.obj())
    answer = target.refusal("POST", path, target.annotation(**changes))
    assert (answer[0], answer[1][: len(message)]) == (status, message)
    assert target.data("GET", path) == []


ACCEPTED: list[tuple[str, dict[str, object]]] = [
    ("no data at all", {"data": {}}),
    ("nested data", {"data": {"x": {"nested": [1, 2]}}}),
    ("an integer beyond 64 bits", {"data": {"big": 2**70, "candid": ALERT_ID}}),
    ("nulls, text and flags", {"data": {"none": None, "class": "SN candidate \\u0000", "flag": True}}),
    ("a field that does not exist", {"extra": 1}),
]


@pytest.mark.parametrize(("_name", "changes"), ACCEPTED, ids=[case[0] for case in ACCEPTED])
def test_an_annotation_is_accepted_and_read_back_with(target: Target, _name: str, changes: dict[str, object]) -> None:
    body = target.annotation(**changes)
    path = path_of(target.obj())
    number = target.data("POST", path, body)["annotation_id"]
    (row,) = target.data("GET", path)
    assert row == target.data("GET", f"{path}/{number}")
    assert (row["id"], row["origin"], row["data"]) == (number, "Fink", body["data"])
    assert row.keys() == {"id", "created_at", "author_id", "modified", "data", "origin", "obj_id", "groups"}
    assert group_ids(target, path) == {target.group_id}


def test_an_unknown_object_is_a_404_and_has_no_annotations(target: Target) -> None:
    assert target.refusal("POST", path_of("NOPE"), target.annotation()) == (404, "Obj NOPE not found")
    assert target.data("GET", path_of("NOPE")) == []


@pytest.mark.parametrize("change", [{}, {"data": {"x": 1}}, {"group_ids": ...}], ids=["the same", "data", "groups"])
def test_an_origin_exists_once_per_object_whatever_else_differs(target: Target, change: dict[str, object]) -> None:
    path, _ = annotate(target)
    status, message = target.refusal("POST", path, target.annotation(**change))
    assert status == 400
    assert message.startswith(EXISTS.format(path.split("/")[3]))
    assert [row["data"] for row in target.data("GET", path)] == [{"score": 0.93}]


def test_an_origin_exists_once_for_all_users(target: Target) -> None:
    path, _ = annotate(target)
    status, message = target.refusal("POST", path, target.annotation(), token=target.other)
    assert (status, message.startswith(EXISTS.format(path.split("/")[3]))) == (400, True)


def test_another_origin_is_another_annotation(target: Target) -> None:
    path, first = annotate(target)
    second = target.data("POST", path, target.annotation(origin="Fink:SNN"))["annotation_id"]
    assert [row["id"] for row in target.data("GET", path)] == [first, second]


def test_one_of_many_writers_at_once_wins(target: Target) -> None:
    path = path_of(target.obj())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: target.ask("POST", path, target.annotation()).status_code, range(8)))
    assert sorted(answers) == [200] + [400] * 7


def test_without_groups_an_annotation_belongs_to_all_of_the_users(target: Target) -> None:
    path, _ = annotate(target, group_ids=...)
    assert {target.sitewide_id, target.own_group_id, target.group_id} <= group_ids(target, path)


def test_a_group_that_the_user_is_not_in_may_be_given(target: Target) -> None:
    foreign = target.data("POST", "/api/groups", {"name": target.name()})["id"]
    path, number = annotate(target, group_ids=[foreign])
    assert target.data("GET", path) == []
    assert target.refusal("GET", f"{path}/{number}") == NOT_MINE
    target.data("PUT", f"{path}/{number}", {"group_ids": [target.group_id]})
    assert group_ids(target, path) == {target.group_id}


def test_a_put_replaces_all_data_and_keeps_the_groups_and_is_repeatable(target: Target) -> None:
    path, number = annotate(target, data={"gone": 1, "kept": 2})
    before = target.data("GET", f"{path}/{number}")
    for _ in range(2):
        assert target.data("PUT", f"{path}/{number}", {"data": {"kept": 3}}) == {}
    after = target.data("GET", f"{path}/{number}")
    assert after["data"] == {"kept": 3}
    assert [after[name] for name in ("created_at", "groups", "origin")] == [
        before[name] for name in ("created_at", "groups", "origin")
    ]
    assert after["modified"] > before["modified"]


def test_a_put_with_groups_replaces_them_and_keeps_the_data(target: Target) -> None:
    path, number = annotate(target)
    target.data("PUT", f"{path}/{number}", {"group_ids": [target.own_group_id]})
    assert group_ids(target, path) == {target.own_group_id}
    assert target.data("GET", f"{path}/{number}")["data"] == {"score": 0.93}


def test_the_last_put_wins_whatever_it_says(target: Target) -> None:
    path, number = annotate(target)
    for version in (2, 1):
        target.data("PUT", f"{path}/{number}", {"data": {"version": version}})
    assert target.data("GET", f"{path}/{number}")["data"] == {"version": 1}


def test_a_put_with_a_bare_nan_changes_nothing(target: Target) -> None:
    path, number = annotate(target)
    status, message = target.refusal("PUT", f"{path}/{number}", {"data": {"x": float("nan")}})
    assert (status, message.startswith("(psycopg.errors.InvalidTextRepresentation)")) == (500, True)
    assert target.data("GET", f"{path}/{number}")["data"] == {"score": 0.93}


def test_a_put_that_takes_anothers_origin_is_a_500(target: Target) -> None:
    path, number = annotate(target)
    target.data("POST", path, target.annotation(origin="Fink:SNN"))
    status, message = target.refusal("PUT", f"{path}/{number}", {"origin": "Fink:SNN"})
    assert status == 500
    assert message.startswith("(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint")


def test_only_the_author_changes_an_annotation(target: Target) -> None:
    path, number = annotate(target, group_ids=[target.sitewide_id])
    assert target.data("GET", f"{path}/{number}", token=target.other)["data"] == {"score": 0.93}
    assert target.refusal("PUT", f"{path}/{number}", {"data": {}}, token=target.other) == NOT_MINE
    assert target.refusal("DELETE", f"{path}/{number}", token=target.other) == NOT_MINE


def test_an_annotation_is_seen_by_its_groups_only(target: Target) -> None:
    path, number = annotate(target)
    assert target.data("GET", path, token=target.other) == []
    assert target.refusal("GET", f"{path}/{number}", token=target.other) == NOT_MINE


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_annotation_that_does_not_exist_is_a_403(target: Target, method: str) -> None:
    assert target.refusal(method, f"{path_of(target.obj())}/999999", {"data": {}}) == NOT_MINE


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_annotation_of_another_object_is_told(target: Target, method: str) -> None:
    _, number = annotate(target)
    assert target.refusal(method, f"{path_of('OTHER')}/{number}", {"data": {}}) == (
        400,
        "Annotation resource ID does not match resource ID given in path (OTHER)",
    )


def test_a_put_without_an_id_is_a_500(target: Target) -> None:
    message = "AnnotationHandler.put() missing 1 required positional argument: 'annotation_id'"
    assert target.refusal("PUT", path_of(target.obj()), {"data": {}}) == (500, message)


def test_the_author_deletes_an_annotation_and_can_write_it_anew(target: Target) -> None:
    path, number = annotate(target)
    assert target.data("DELETE", f"{path}/{number}") == {}
    assert target.data("GET", path) == []
    assert target.data("POST", path, target.annotation())["annotation_id"] != number


def test_a_point_of_photometry_can_be_annotated_once_per_origin(target: Target) -> None:
    (number,) = target.data("PUT", "/api/photometry", target.mag())["ids"]
    path = f"/api/photometry/{number}/annotations"
    target.data("POST", path, target.annotation(data={"rb": 0.9}))
    status, message = target.refusal("POST", path, target.annotation())
    assert (status, message.startswith("Annotation already exists: (psycopg.errors.UniqueViolation)")) == (400, True)


def test_an_id_with_a_slash_has_no_annotations_but_a_json_405(target: Target) -> None:
    target.data("POST", "/api/candidates", target.candidate(id=f"{target.name()}/b"))
    for method in ("GET", "POST"):
        answer = target.refusal(method, f"/api/sources/{target.run}%2Fb/annotations", target.annotation())
        assert answer == (405, "HTTP 405: Method Not Allowed")


@pytest.mark.parametrize("sign", ["+", ".", "-", "_"])
def test_an_id_may_hold(target: Target, sign: str) -> None:
    name = f"{target.name()}{sign}b"
    target.data("POST", "/api/candidates", target.candidate(id=name))
    target.data("POST", path_of(name), target.annotation())
    assert [row["obj_id"] for row in target.data("GET", path_of(name))] == [name]
