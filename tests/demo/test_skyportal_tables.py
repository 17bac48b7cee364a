"""What can be seen of the stand-in's tables from behind, and what only its administrator does."""

import hashlib
from collections.abc import Iterator

import pytest
import requests
from skyportal_contract import Target, set_up
from skyportal_pictures import png, text

from demo.skyportal import service_times
from demo.skyportal.process import SkyPortal

TAXONOMY = ("Fink", "1", ("SN candidate", "Kilonova candidate"))
NOT_MINE = (403, "Could not find any accessible annotations.")


@pytest.fixture
def skyportal() -> Iterator[SkyPortal]:
    with SkyPortal(whitelist=True, taxonomies=[TAXONOMY]) as one:
        yield one


@pytest.fixture
def target(skyportal: SkyPortal) -> Target:
    return set_up(Target(url=skyportal.url, token=skyportal.token))


def whole(target: Target, obj_id: str) -> dict[str, int]:
    """Post one row of each kind about an object; return the ids."""
    thumbnail = {"obj_id": obj_id, "data": text(png()), "ttype": "new", "survey": "ZTF"}
    body = target.classification(obj_id=obj_id)
    return {
        "point": target.data("PUT", "/api/photometry", target.mag(obj_id=obj_id))["ids"][0],
        "annotation": target.data("POST", f"/api/sources/{obj_id}/annotations", target.annotation())["annotation_id"],
        "classification": target.data("POST", "/api/classification", body)["classification_id"],
        "thumbnail": target.data("POST", "/api/thumbnail", thumbnail)["id"],
    }


def test_the_tables_can_be_read(skyportal: SkyPortal, target: Target) -> None:
    obj_id = target.obj()
    ids = whole(target, obj_id)
    state = skyportal.control.state()
    bot = next(user["id"] for user in state["users"] if user["token"] == skyportal.token)
    (annotation,), (classification,), (thumbnail,) = (
        state[name] for name in ("annotations", "classifications", "thumbnails")
    )
    assert all(row.pop("created_at") <= row.pop("modified") for row in (annotation, classification))
    assert annotation == {
        "id": ids["annotation"], "obj_id": obj_id, "origin": "Fink", "data": {"score": 0.93}, "author_id": bot,
        "groups": [target.group_id],
    }  # fmt: skip
    assert classification == {
        "id": ids["classification"], "obj_id": obj_id, "classification": target.classes[0],
        "taxonomy_id": target.taxonomy, "probability": 0.8, "ml": True, "origin": "Fink", "author_id": bot,
        "author_name": "finkbot", "groups": [target.group_id], "votes": {},
    }  # fmt: skip
    assert thumbnail.keys() == {"id", "obj_id", "type", "survey", "created_at", "sha256", "bytes"}
    assert (thumbnail["sha256"], thumbnail["bytes"]) == (hashlib.sha256(png()).hexdigest(), len(png()))
    counts = skyportal.control.counts()
    assert [counts[name] for name in ("annotations", "classifications", "thumbnails")] == [1, 1, 1]


def test_every_picture_is_served_by_its_id_to_everybody(skyportal: SkyPortal, target: Target) -> None:
    body = {"obj_id": target.obj(), "ttype": "new"}
    for shade in (0, 200):
        number = target.data("POST", "/api/thumbnail", body | {"data": text(png(shade=shade))})["id"]
        served = requests.get(f"{skyportal.url}/thumbnail/{number}.png", timeout=60)
        assert (served.headers["Content-Type"], served.content) == ("image/png", png(shade=shade))
    assert requests.get(f"{skyportal.url}/thumbnail/99999.png", timeout=60).status_code == 404
    assert not any(request["path"].endswith(".png") for request in skyportal.control.requests())


def test_a_purge_deletes_what_nobody_saved_with_everything_about_it(skyportal: SkyPortal, target: Target) -> None:
    saved, unsaved = target.obj(), target.obj()
    kept, gone = whole(target, saved), whole(target, unsaved)
    target.data("POST", "/api/sources", {"id": saved, "group_ids": [target.group_id]})

    assert skyportal.control.purge() == [unsaved]

    state = skyportal.control.state()
    for name in ("candidates", "photometry", "annotations", "classifications", "thumbnails"):
        assert {row["obj_id"] for row in state[name]} == {saved}
    assert [row["id"] for row in state["objects"]] == [saved]
    path = f"/api/sources/{unsaved}"
    assert target.refusal("GET", path) == (404, "Source not found")
    assert target.refusal("PUT", f"{path}/annotations/{gone['annotation']}", {"data": {}}) == NOT_MINE
    number = gone["classification"]
    message = f"Cannot find a classification with ID: {number}."
    assert target.refusal("PUT", f"/api/classification/{number}", {"ml": True}) == (400, message)
    assert target.data("GET", f"/api/classification/{kept['classification']}")["obj_id"] == saved


def test_after_a_purge_a_candidate_brings_back_the_object_alone(skyportal: SkyPortal, target: Target) -> None:
    body = target.candidate()
    first = target.data("POST", "/api/candidates", body)["ids"]
    points = target.mag(obj_id=body["id"], mjd=[60000.0 + day for day in range(11)])
    ids = target.data("PUT", "/api/photometry", points)["ids"]
    skyportal.control.purge()

    assert target.data("POST", "/api/candidates", body)["ids"] != first
    assert target.data("PUT", "/api/photometry", target.mag(obj_id=body["id"], mjd=60000.0))["ids"][0] not in ids
    assert len(target.data("GET", f"/api/sources/{body['id']}/photometry")) == 1


def test_a_purge_spares_what_is_young(skyportal: SkyPortal, target: Target) -> None:
    target.obj()
    assert skyportal.control.purge(older_than_s=3600) == []


def test_taxonomies_of_the_set_up_outlive_a_reset_and_those_of_clients_do_not(
    skyportal: SkyPortal, target: Target
) -> None:
    skyportal.control.setup(taxonomies=[["Second", "2", ["One"]]])
    names = {row["name"] for row in target.data("GET", "/api/taxonomy")}
    skyportal.control.reset()
    left = {row["name"]: row for row in target.data("GET", "/api/taxonomy")}
    assert (names, set(left)) == ({"Fink", "Second", target.run}, {"Fink", "Second"})
    classes = [{"class": name} for name in TAXONOMY[2]]
    assert left["Fink"]["hierarchy"] == {"class": "Fink", "subclasses": classes}
    assert (left["Fink"]["version"], left["Second"]["isLatest"]) == ("1", True)


def test_a_taxonomy_takes_its_classifications_along(skyportal: SkyPortal, target: Target) -> None:
    body = target.classification()
    target.data("POST", "/api/classification", body)
    number = next(row["id"] for row in skyportal.control.setup()["taxonomies"] if row["id"] == target.taxonomy)
    skyportal.control.setup(remove_taxonomies=[number])
    assert skyportal.control.state()["classifications"] == []
    message = f"Error posting classification: Cannot find a taxonomy with ID: {number}."
    assert target.refusal("POST", "/api/classification", body) == (400, message)


def test_a_group_that_is_removed_sees_nothing_more(skyportal: SkyPortal, target: Target) -> None:
    obj_id = target.obj()
    whole(target, obj_id)
    skyportal.control.setup(remove_groups=[target.group_id])
    shown = target.data("GET", f"/api/sources/{obj_id}")
    assert (shown["annotations"], shown["classifications"]) == ([], [])


@pytest.mark.parametrize(("acls", "forbidden"), [
    (["Annotate", "Classify"], [("POST", "/api/thumbnail"), ("PATCH", "/api/sources/x"), ("POST", "/api/sources")]),
    (["Upload data", "Classify"], [("POST", "/api/sources/x/annotations"), ("PUT", "/api/sources/x/annotations/1"),
                                   ("DELETE", "/api/sources/x/annotations/1")]),
    (["Upload data", "Annotate"], [("POST", "/api/classification"), ("PUT", "/api/classification/1"),
                                   ("DELETE", "/api/classification/1")]),
], ids=["Upload data", "Annotate", "Classify"])  # fmt: skip
def test_a_token_may_not_without(
    skyportal: SkyPortal, target: Target, acls: list[str], forbidden: list[tuple[str, str]]
) -> None:
    token = skyportal.control.setup(tokens=[{"name": target.name(), "acls": acls}])["users"][-1]["token"]
    for method, path in forbidden:
        assert target.refusal(method, path, {}, token=token) == (401, "HTTP 401: Unauthorized")


def test_an_administrator_changes_what_is_anothers(skyportal: SkyPortal, target: Target) -> None:
    obj_id = target.obj()
    ids = whole(target, obj_id)
    path = f"/api/sources/{obj_id}/annotations/{ids['annotation']}"
    target.data("PUT", path, {"data": {"x": 2}}, token=skyportal.admin_token)
    assert target.data("GET", path)["data"] == {"x": 2}
    target.data("DELETE", f"/api/thumbnail/{ids['thumbnail']}", token=skyportal.admin_token)
    assert skyportal.control.state()["thumbnails"] == []


@pytest.mark.parametrize("sign", ["%2B", "%3A", "%3B", "%20"])
def test_an_id_is_decoded_in_the_path(target: Target, sign: str) -> None:
    name, path = target.name(), "/api/sources/{}/annotations"
    plain = name + {"%2B": "+", "%3A": ":", "%3B": ";", "%20": " "}[sign]
    target.data("POST", "/api/candidates", target.candidate(id=plain))
    target.data("POST", path.format(name + sign), target.annotation())
    assert [row["obj_id"] for row in target.data("GET", path.format(name + sign))] == [plain]


def test_a_vote_and_a_label_take_most_of_a_classifications_time() -> None:
    alone = service_times.classification(votes=False, labels=False, bulk=False)
    assert (alone, service_times.classification(votes=True, labels=True, bulk=False)) == (29, 107)
    assert 20 * service_times.classification(votes=False, labels=False, bulk=True) == 830
    assert service_times.source_read() == 70
    assert service_times.source_read(points=800) == pytest.approx(200, rel=0.02)
