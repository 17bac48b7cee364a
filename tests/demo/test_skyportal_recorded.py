"""The stand-in answers what a real SkyPortal answered, request by request."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from skyportal_contract import Target
from skyportal_pictures import png, text
from skyportal_recorded import Replay, records

from demo.skyportal.process import SkyPortal

FILTERS = [
    ("early", "Fink SN alerts", "Fink ZTF"),
    ("fink_sn_candidates", "Fink SN alerts", "Fink ZTF"),
    ("fink_sn_candidates", "Fink SN alerts", "Fink ZTF"),
    ("fink_kn", "Fink SN alerts", "Fink LSST"),
]
HIERARCHY = {"class": "Fink", "subclasses": [{"class": "SN candidate"}, {"class": "Kilonova candidate"}]}
OBJECTS = [f"ZTF26ph{number:02}" for number in range(12)]


@pytest.fixture
def skyportal() -> Iterator[SkyPortal]:
    with SkyPortal(whitelist=True, filters=FILTERS) as one:
        yield one


@pytest.fixture
def replay(skyportal: SkyPortal) -> Replay:
    """Set up the stand-in as the real one was, and say which of their ids are the same."""
    users = skyportal.control.setup(
        remove_groups=["Fink"], tokens=[{"name": "outsider"}, {"name": "reader", "acls": []}]
    )["users"]
    outsider = next(user["id"] for user in users if user["username"] == "outsider")
    bot = Target(url=skyportal.url, token=skyportal.token, filter_ids=[1], ztf=1)
    other = bot.data("POST", "/api/groups", {"name": "Other group", "group_admins": [outsider]})["id"]
    setup = skyportal.control.setup()
    groups = {row["name"]: row["id"] for row in setup["groups"]}
    bot.group_id = groups["Fink SN alerts"]
    taxonomy = {"name": "Fink", "version": "1.0", "hierarchy": HIERARCHY, "group_ids": [bot.group_id]}
    for name in OBJECTS:
        bot.data("POST", "/api/candidates", bot.candidate(id=name))
    thumbnail = {"obj_id": "ZTF26ph01", "data": text(png()), "ttype": "new"}
    return Replay(
        url=skyportal.url,
        tokens={"bot": bot.token, "bogus": "x", **{user["username"]: user["token"] for user in users}},
        ids={
            "group": {3: groups["Sitewide Group"], 4: groups["finkbot"], 7: bot.group_id, 8: other},
            "filter": {number: number for number in range(1, 5)},
            "stream": {1: next(row["id"] for row in setup["streams"] if row["name"] == "Fink ZTF")},
            "taxonomy": {1: bot.data("POST", "/api/taxonomy", taxonomy)["taxonomy_id"]},
            "thumbnail": {1: bot.data("POST", "/api/thumbnail", thumbnail)["id"]},
            "point": {44502: bot.data("PUT", "/api/photometry", bot.mag(obj_id="ZTF26ph01"))["ids"][0]},
            "annotation": {},
            "candidate": {},
            "classification": {},
        },
    )


def test_what_was_recorded_of_a_real_one_is_answered_again(samples: Path, replay: Replay) -> None:
    found = []
    rows = records(samples)
    for row in rows:
        found += [f"{row.label}: {difference}" for difference in replay.differences(row)]
    assert found == []
    assert len(rows) > 200
