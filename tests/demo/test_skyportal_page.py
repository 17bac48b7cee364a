"""What the stand-in shows to people: what it accepted, and nothing of a client's as markup."""

import base64
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
import requests

from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S

FILTER = "fink_sn_candidates_ztf"
EVIL = "<script>alert(1)</script>"
TAXONOMY = ("Fink", "1", ("SN candidate", "Kilonova candidate", EVIL))
EMPTY = {"img", "link", "meta", "wbr"}
KNOWN = {"html", "head", "meta", "title", "style", "body", "header", "main", "section", "article", "nav", "div", "span"}
KNOWN |= {"a", "p", "h1", "h2", "h3", "ul", "li", "b", "small", "code", "dl", "dt", "dd", "details", "summary", "meter"}
KNOWN |= {"link", "wbr", "figure", "figcaption", "img", "svg", "rect", "line", "text", "path"}
KNOWN |= {"table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """A page as a browser takes it: elements that are well nested, and texts."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.headers = answer.headers
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self._broken = False
        self.feed(answer.text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that begins."""
        self.elements.append((tag, dict(attrs)))
        self._broken = tag == "wbr"
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """See that what ends is what began last."""
        assert self._open.pop() == tag
        self._broken = False

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if self._broken:
            self.texts[-1] += data
        else:
            self.texts.append(data)
        self._broken = False

    @property
    def text(self) -> str:
        """Return all texts, one on each line."""
        return "\n".join(self.texts)

    def values(self, name: str) -> list[str]:
        """Return all values of an attribute."""
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]

    @property
    def objects(self) -> list[str]:
        """Return the names of the objects that have a card."""
        return [one.removeprefix("/source/") for one in self.values("href") if one.startswith("/source/")]


@pytest.fixture(scope="module")
def server() -> Iterator[SkyPortal]:
    filters = [(FILTER, "Fink", "ZTF Public"), (EVIL, "Fink", "ZTF Public")]
    with SkyPortal(whitelist=True, filters=filters, taxonomies=[TAXONOMY]) as one:
        yield one


@pytest.fixture
def skyportal(server: SkyPortal) -> SkyPortal:
    server.control.reset()
    server.control.mend()
    server.control.mend()  # what an outage left behind, too
    return server


def look(skyportal: SkyPortal, path: str = "/") -> Page:
    return Page(requests.get(skyportal.url + path, timeout=PATIENCE_S))


def post(skyportal: SkyPortal, path: str, body: object, method: str = "POST") -> None:
    headers = {"Authorization": f"token {skyportal.token}"}
    answer = requests.request(method, skyportal.url + path, json=body, headers=headers, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text


def candidate(skyportal: SkyPortal, obj_id: str, *, passed_at: str = "2026-03-22T05:00:00", filters: int = 1) -> None:
    body = {"id": obj_id, "ra": 150.1, "dec": -2.2, "filter_ids": [1, 2][:filters], "passed_at": passed_at}
    post(skyportal, "/api/candidates", body)


def photometry(skyportal: SkyPortal, obj_id: str, **changes: object) -> None:
    body = {"obj_id": obj_id, "instrument_id": 1, "mjd": [61_121.3, 61_122.3], "filter": "ztfr", "flux": [50.0, None]}
    group = next(row["id"] for row in skyportal.control.setup()["groups"] if row["name"] == "Fink")
    rest = {"fluxerr": [2.0, 3.0], "zp": 23.9, "magsys": "ab", "group_ids": [group]}
    post(skyportal, "/api/photometry", body | rest | changes, "PUT")


def annotation(skyportal: SkyPortal, obj_id: str, data: dict[str, object], origin: str = "Fink") -> None:
    post(skyportal, f"/api/sources/{quote(obj_id, safe='')}/annotations", {"origin": origin, "data": data})


def classification(skyportal: SkyPortal, obj_id: str, **changes: object) -> None:
    taxonomy = skyportal.control.state()["taxonomies"][0]["id"]
    body = {"obj_id": obj_id, "classification": "SN candidate", "taxonomy_id": taxonomy, "origin": "fink_filters"}
    post(skyportal, "/api/classification", body | changes)


def thumbnail(skyportal: SkyPortal, obj_id: str, kind: str) -> bytes:
    size = 20
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(size * (size + 1)))), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    ]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    post(skyportal, "/api/thumbnail", {"obj_id": obj_id, "data": base64.b64encode(png).decode(), "ttype": kind})
    return png


def test_the_page_says_what_it_is_before_anything_else(skyportal: SkyPortal) -> None:
    page = look(skyportal)

    assert page.status == 200
    assert "A stand-in SkyPortal, version 1.4.0 as measured; what is shown here was accepted by it." in page.text
    assert "Nothing has been accepted yet" in page.text
    assert FILTER in page.texts


def test_the_page_counts_what_was_accepted_and_how_requests_fared(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa", filters=2)
    photometry(skyportal, "ZTF26aa")
    annotation(skyportal, "ZTF26aa", {"snn_sn_vs_all": 0.9})
    classification(skyportal, "ZTF26aa", probability=0.75)
    requests.get(f"{skyportal.url}/api/groups", timeout=PATIENCE_S)
    words = " ".join(look(skyportal).text.split())

    for count in ("1 objects", "2 candidates", "2 points", "1 annotations", "1 classes", "0 thumbnails"):
        assert count in words
    assert "5 requests answered 200 4 401 1" in words
    assert "No fault in force" in words


def test_a_fault_in_force_is_shown_until_it_is_mended(skyportal: SkyPortal) -> None:
    skyportal.control.fault("reject", obj_id="ZTF26aa", count=3, path="/api/photometry")
    during = look(skyportal).text
    skyportal.control.mend()

    assert "reject: /api/photometry*, object ZTF26aa, answered 0 of 3" in during
    assert "No fault in force" in look(skyportal).text


def test_an_outage_that_is_over_but_for_writes_is_shown_as_that(skyportal: SkyPortal) -> None:
    skyportal.control.fault("outage", seconds=0, linger=600)
    skyportal.control.fault("outage", seconds=0)

    assert [text for text in look(skyportal).texts if text.startswith("outage")] == [
        "outage: over, but for writes, answered 0"
    ]


def test_the_page_needs_no_token_and_disturbs_nothing() -> None:
    with SkyPortal(filters=[(FILTER, "Fink", "ZTF Public")]) as limited:
        candidate(limited, "ZTF26aa")
        limited.control.fault("outage")
        pages = [look(limited, path) for _ in range(20) for path in ("/", "/source/ZTF26aa")]

        assert {page.status for page in pages} == {200}
        assert limited.control.counts()["requests"] == len(limited.control.requests()) == 1


def test_a_browser_has_no_reason_to_ask_for_an_icon(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa")

    for path in ("/", "/source/ZTF26aa", "/source/nobody"):
        icons = [one["href"] for tag, one in look(skyportal, path).elements if tag == "link" and one["rel"] == "icon"]
        assert icons == ["data:,"]


def test_other_requests_for_its_address_are_answered_as_before(skyportal: SkyPortal) -> None:
    assert requests.post(f"{skyportal.url}/", timeout=PATIENCE_S).status_code == 405
    assert requests.put(f"{skyportal.url}/source/x", timeout=PATIENCE_S).status_code == 405
    assert skyportal.control.counts()["requests"] == 2


def test_the_first_page_loads_again_by_itself_unless_it_is_told_to_stand_still(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa")

    def again(path: str) -> list[str | None]:
        return [one["content"] for _, one in look(skyportal, path).elements if one.get("http-equiv") == "refresh"]

    assert again("/") == ["5"]
    assert again("/?still=1") == again("/source/ZTF26aa") == []


def test_a_page_has_24_objects_with_the_newest_candidates_first(skyportal: SkyPortal) -> None:
    for number in range(26):
        candidate(skyportal, f"ZTF26aa{number:02}", passed_at=f"2026-03-22T05:00:{number:02}")
    candidate(skyportal, "ZTF26aa03", passed_at="2026-03-23T05:00:00.5", filters=2)
    candidate(skyportal, "ZTF26aa03", passed_at="2020-03-23T05:00:00")

    first, second = look(skyportal).objects, look(skyportal, "/?page=2").objects

    assert first[:3] == ["ZTF26aa03", "ZTF26aa25", "ZTF26aa24"]
    assert second == ["ZTF26aa01", "ZTF26aa00"]
    assert len(set(first + second)) == 26


@pytest.mark.parametrize(
    ("query", "shown"), [("page=99", 1), ("page=2", 1), ("page=1", 24), ("page=0", 24), ("page=x", 24), ("page=-1", 24)]
)
def test_a_page_that_does_not_exist_is_the_nearest_that_does(skyportal: SkyPortal, query: str, shown: int) -> None:
    for number in range(25):
        candidate(skyportal, f"ZTF26aa{number:02}")

    assert len(look(skyportal, f"/?{query}").objects) == shown


def test_an_object_shows_position_filters_classes_and_light_curve(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa", filters=2)
    candidate(skyportal, "ZTF26aa", passed_at="2026-03-23T05:00:00")
    photometry(skyportal, "ZTF26aa")
    classification(skyportal, "ZTF26aa", probability=0.25)
    classification(skyportal, "ZTF26aa", classification="Kilonova candidate", probability=0.75, origin="kn")
    page = look(skyportal)

    assert "RA 150.10000  Dec −2.20000" in page.texts
    assert page.texts[page.texts.index(FILTER) + 1] == " ×2"
    assert "2026-03-23 05:00:00" in page.texts
    assert "Light curve, AB mag over MJD, of 2 points" in page.values("aria-label")
    assert page.texts.index("Kilonova candidate") < page.texts.index("SN candidate")
    assert {"0.75", "kn", "0.25", "fink_filters"} <= set(page.texts)


def test_cutouts_are_pictures_and_a_box_where_there_is_none(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa")
    thumbnail(skyportal, "ZTF26aa", "new")
    png = thumbnail(skyportal, "ZTF26aa", "new")
    page = look(skyportal)
    (source,) = page.values("src")

    assert requests.get(skyportal.url + source, timeout=PATIENCE_S).content == png
    assert [one["src"] for tag, one in page.elements if tag == "img"] == ["/thumbnail/2.png"]
    assert {"Science", "Template: no thumbnail", "Difference: no thumbnail"} <= set(page.values("title"))
    assert {"Science", "Template", "Difference"} <= set(page.texts)


def test_the_most_telling_annotations_come_first_and_the_rest_can_be_unfolded(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa")
    data = {
        "zzz": 1.5,
        "mulens": 0.0,
        "candidate.drb": 0.98765432,
        "snn_sn_vs_all": 0.5,
        "fink_filters.class": "SN candidate",
    }
    annotation(
        skyportal, "ZTF26aa", data | {"alert_id": "7", "rf_kn_vs_nonkn": 0, "nested": {"a": {"b": True}}, "x": None}
    )
    page = look(skyportal)
    known = {*data, "alert_id", "rf_kn_vs_nonkn", "nested.a.b", "x", "3 more annotation values"}
    names = [text for text in page.texts if text in known]

    assert names == [
        "fink_filters.class",
        "snn_sn_vs_all",
        "candidate.drb",
        "nested.a.b",
        "zzz",
        "alert_id",
        "3 more annotation values",
        "mulens",
        "rf_kn_vs_nonkn",
        "x",
    ]
    assert "0.987654" in page.texts
    assert "0.98765432" in page.values("title")


def test_an_object_has_a_page_of_its_own_with_everything(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa", passed_at="2026-03-22T05:00:00.123")
    photometry(skyportal, "ZTF26aa", origin="alert_fp", flux=[50.0, -50.0])
    annotation(skyportal, "ZTF26aa", {f"value{number}": number for number in range(1, 31)})
    annotation(skyportal, "ZTF26aa", {"triggerId": "S260321ca"}, origin="Fink multi-messenger")
    classification(skyportal, "ZTF26aa", probability=0.25)
    thumbnail(skyportal, "ZTF26aa", "sdss")
    page = look(skyportal, "/source/ZTF26aa")

    assert page.status == 200
    assert {f"value{number}" for number in range(1, 31)} | {"triggerId", "S260321ca"} <= set(page.texts)
    assert {"10:00:24.00 −02:12:00.0", "not saved as a source", "sdss", "SN candidate", "finkbot"} <= set(page.texts)
    assert {FILTER, "2026-03-22 05:00:00.123000", "61121.3000000", "alert_fp"} <= set(page.texts)
    labels = [label.partition(" over")[0] for label in page.values("aria-label")]
    assert labels == ["Light curve, AB mag", "Light curve, flux / µJy"]


@pytest.mark.parametrize("name", ["ZTF26nobody", EVIL, "a/b", "%00", "ä"])
def test_an_unknown_object_is_not_found(skyportal: SkyPortal, name: str) -> None:
    page = look(skyportal, f"/source/{quote(name, safe='')}")

    assert page.status == 404
    assert "No such object" in page.texts
    assert {tag for tag, _ in page.elements} <= KNOWN


def test_the_link_of_an_object_leads_to_its_page_whatever_its_name(skyportal: SkyPortal) -> None:
    name = "a?b#c%41&d;e f"
    candidate(skyportal, name)
    (link,) = [one for one in look(skyportal).values("href") if one.startswith("/source/")]
    page = look(skyportal, link)

    assert page.status == 200
    assert name in page.texts


def test_nothing_of_a_client_becomes_markup(skyportal: SkyPortal) -> None:
    evil = "<script>alert(1)<b>"  # an id with a slash has no way in
    candidate(skyportal, evil, filters=2)
    photometry(skyportal, evil, origin=EVIL)
    quotes = '" onclick="x' * 10
    annotation(skyportal, evil, {EVIL: EVIL, "n": {EVIL: [EVIL]}, f'"><img src=x>{quotes}': quotes}, origin="x" + EVIL)
    annotation(skyportal, evil, {"y": "z"}, origin="x" + quotes)
    classification(skyportal, evil, classification=EVIL, origin=EVIL, probability=0.5)
    skyportal.control.fault("reject", obj_id=EVIL, message=EVIL)
    pages = [look(skyportal, path) for path in ("/", f"/source/{quote(evil)}")]

    for page in pages:
        assert evil in page.texts
        assert page.text.count(EVIL) > 4
        assert {tag for tag, _ in page.elements} <= KNOWN
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_half_of_a_surrogate_pair_is_shown_as_a_question_mark(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa")
    annotation(skyportal, "ZTF26aa", {"name": "half \ud83d"})

    assert "half ?" in look(skyportal).texts


def test_pages_load_nothing_from_elsewhere(skyportal: SkyPortal) -> None:
    candidate(skyportal, "ZTF26aa")
    photometry(skyportal, "ZTF26aa")
    thumbnail(skyportal, "ZTF26aa", "new")
    for page in (look(skyportal), look(skyportal, "/source/ZTF26aa"), look(skyportal, "/source/x")):
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; img-src 'self' data:;")
        assert [one for name in ("src", "href") for one in page.values(name) if not one.startswith("/")] == ["data:,"]
        assert "url(" not in page.text


def test_a_filter_that_is_gone_is_said_to_be() -> None:
    with SkyPortal(whitelist=True, filters=[(FILTER, "Fink", "ZTF Public")]) as skyportal:
        candidate(skyportal, "ZTF26aa")
        skyportal.control.setup(remove_filters=[FILTER])

        assert "filter 1, which is gone" in look(skyportal).texts
        assert "filter 1, which is gone" in look(skyportal, "/source/ZTF26aa").texts


def test_an_object_without_candidates_comes_last_and_says_so(skyportal: SkyPortal) -> None:
    post(skyportal, "/api/sources", {"id": "ZTF26saved", "ra": 1.0, "dec": 2.0})
    candidate(skyportal, "ZTF26aa", passed_at="1990-01-01T00:00:00")

    assert look(skyportal).objects == ["ZTF26aa", "ZTF26saved"]
    assert "no candidate" in look(skyportal).texts
    assert any(text.startswith("saved by ") for text in look(skyportal, "/source/ZTF26saved").texts)


def test_the_command_says_where_the_page_is() -> None:
    command = [sys.executable, "-c", "import typer; from demo.skyportal.command import serve; typer.run(serve)"]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = dict(process.stdout.readline().strip().split(": ") for _ in range(4))
        try:
            page = Page(requests.get(said["Page"], timeout=PATIENCE_S))
        finally:
            process.kill()

    assert "Nothing has been accepted yet" in page.texts
