"""What SkyPortal 1.4.0 was measured to do with thumbnails."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from skyportal_contract import Target, contract_target
from skyportal_pictures import COLOUR, JPEG, png, text

PATH = "/api/thumbnail"
PREFIX = "Thumbnail failed to post: "
SIZE = PREFIX + "Invalid thumbnail size. Only thumbnails between (16, 16) and (500, 500) allowed."
NO_PICTURE = PREFIX + "Invalid file type: cannot identify image file <_io.BytesIO object at 0x"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def thumbnail(target: Target, **changes: object) -> dict[str, object]:
    """Return the body of a valid thumbnail; ... takes a field away."""
    body: dict[str, object] = {
        "obj_id": changes["obj_id"] if "obj_id" in changes else target.obj(),
        "data": text(png()),
        "ttype": "new",
    }
    return {name: value for name, value in (body | changes).items() if value is not ...}


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("15 pixels", {"data": text(png(15, 15))}, SIZE),
    ("501 pixels", {"data": text(png(501, 501))}, SIZE),
    ("one short side", {"data": text(png(63, 10))}, SIZE),
    ("a JPEG", {"data": JPEG}, PREFIX + "Invalid thumbnail image type. Only PNG are supported."),
    ("no picture", {"data": "bm90IHBuZw=="}, NO_PICTURE),
    ("no data", {"data": ""}, NO_PICTURE),
    ("data that is no base64", {"data": "!!!notb64"}, PREFIX + "Incorrect padding"),
    ("an unknown object", {"obj_id": "NOPE"}, PREFIX + "Invalid obj_id: NOPE"),
    ("an unknown type", {"ttype": "bogus"}, PREFIX + "Invalid ttype: (builtins.LookupError) 'bogus' is not among the "),
    ("an unknown field", {"bogus": 1}, "Invalid/missing parameters: bogus: Extra inputs are not permitted"),
    ("no type", {"ttype": ...}, "Invalid/missing parameters: ttype: Field required"),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "changes", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_thumbnail_is_refused_for(target: Target, _name: str, changes: dict[str, object], message: str) -> None:
    body = thumbnail(target, **changes)
    status, told = target.refusal("POST", PATH, body)
    assert (status, told[: len(message)]) == (400, message)
    if body["obj_id"] != "NOPE":
        assert target.data("GET", f"/api/sources/{body['obj_id']}?includeThumbnails=true")["thumbnails"] == []


ACCEPTED: list[tuple[str, dict[str, object]]] = [
    ("16 pixels", {"data": text(png(16, 16))}),
    ("500 pixels", {"data": text(png(500, 500))}),
    ("sides that differ", {"data": text(png(500, 16))}),
    ("colours", {"data": text(png(colours=COLOUR))}),
    ("a survey", {"survey": "ZTF"}),
    ("the type of a compressed picture that is not compressed", {"ttype": "new_gz"}),
]


@pytest.mark.parametrize(("_name", "changes"), ACCEPTED, ids=[case[0] for case in ACCEPTED])
def test_a_thumbnail_is_accepted_with(target: Target, _name: str, changes: dict[str, object]) -> None:
    assert target.data("POST", PATH, thumbnail(target, **changes)).keys() == {"id"}


def test_a_thumbnails_row_is_read_back(target: Target) -> None:
    body = thumbnail(target, ttype="sub", survey="ZTF")
    number = target.data("POST", PATH, body)["id"]
    row = target.data("GET", f"{PATH}/{number}")
    digest = hashlib.sha256(str(body["obj_id"]).encode()).hexdigest()
    url = f"/static/thumbnails/{digest[:2]}/{digest[2:4]}/{body['obj_id']}_sub.png"
    assert row.pop("file_uri").endswith(url)
    assert row.pop("created_at") == row.pop("modified")
    assert row == {
        "id": number,
        "obj_id": body["obj_id"],
        "type": "sub",
        "survey": "ZTF",
        "origin": None,
        "public_url": url,
        "is_grayscale": True,
    }


def test_an_object_shows_its_thumbnails_only_on_request(target: Target) -> None:
    obj_id = target.obj()
    for kind in ("new", "ref", "sub"):
        target.data("POST", PATH, thumbnail(target, obj_id=obj_id, ttype=kind))
    shown = target.data("GET", f"/api/sources/{obj_id}?includeThumbnails=true")["thumbnails"]
    assert {row["type"] for row in shown} == {"new", "ref", "sub"}
    assert "thumbnails" not in target.data("GET", f"/api/sources/{obj_id}")


def test_every_post_adds_a_row_and_takes_the_files_place(target: Target) -> None:
    obj_id = target.obj()
    first = target.data("POST", PATH, thumbnail(target, obj_id=obj_id))["id"]
    second = target.data("POST", PATH, thumbnail(target, obj_id=obj_id, data=text(png(shade=200))))["id"]
    assert first != second
    rows = [target.data("GET", f"{PATH}/{number}") for number in (first, second)]
    assert rows[0]["public_url"] == rows[1]["public_url"]
    served = requests.get(target.url + rows[0]["public_url"], timeout=60)
    assert (served.headers["Content-Type"], served.content) == ("image/png", png(shade=200))


def test_parallel_posts_of_one_picture_are_as_many_rows(target: Target) -> None:
    body = thumbnail(target)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: target.data("POST", PATH, body)["id"], range(8)))
    assert len(set(ids)) == 8


def test_the_file_is_written_before_an_unknown_type_is_refused(target: Target) -> None:
    obj_id = target.obj()
    number = target.data("POST", PATH, thumbnail(target, obj_id=obj_id))["id"]
    target.refusal("POST", PATH, thumbnail(target, obj_id=obj_id, ttype="bogus", data=text(png(shade=9))))
    url = str(target.data("GET", f"{PATH}/{number}")["public_url"]).replace("_new", "_bogus")
    assert requests.get(target.url + url, timeout=60).content == png(shade=9)


def test_anybody_may_post_a_thumbnail_of_any_object(target: Target) -> None:
    assert target.data("POST", PATH, thumbnail(target), token=target.other)["id"] > 0


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_bot_may_neither_change_nor_delete_a_thumbnail(target: Target, method: str) -> None:
    number = target.data("POST", PATH, thumbnail(target))["id"]
    assert target.refusal(method, f"{PATH}/{number}", {}) == (401, "HTTP 401: Unauthorized")
    assert target.data("GET", f"{PATH}/{number}")["id"] == number
