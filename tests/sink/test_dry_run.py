"""A dry run shows what a sink would send, and changes nothing."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import requests as http

from demo.skyportal.process import SkyPortal
from schemas import codec
from schemas.record import Classification, SkyPortalAlert, instant
from sink.skyportal.questions import NotAnswered
from sink.topic.local_topic import Unreadable
from support.containers import container
from support.kafka import commit, committed, create_topic, publish, publish_records
from support.records import MJD, SUPERNOVA, light_curve, skyportal_alert, whole_alert
from support.rehearsal import rehearse, sink_settings
from support.rounds import Rounds, second_group
from support.sink import environment
from support.whole import assert_whole

EARLY = "fink_early_sn_candidates_ztf"
NOBODYS = "00000000-dead-beef-0000-000000000000"


def of_objects(first: int, end: int, day: float = 0) -> list[SkyPortalAlert]:
    return [whole_alert(day, obj_id=f"ZTF26aa{number:05d}") for number in range(first, end)]


def of_one_object(count: int) -> list[SkyPortalAlert]:
    return [
        whole_alert(
            day, alert_id=str(10_000 + day), observed_at=instant(MJD + day), photometry=light_curve(20.5, mjd=MJD + day)
        )
        for day in range(count)
    ]


def test_what_it_prints_is_what_makes_skyportal_whole(broker: str, topic: str, skyportal: SkyPortal) -> None:
    known, now = of_objects(0, 5), [*of_objects(0, 5, day=1), *of_objects(5, 20)]
    Rounds(broker, topic, skyportal).deliver(*known)
    create_topic(broker, topic, 4)
    publish_records(broker, topic, now)
    before, asked = skyportal.control.state(), len(skyportal.control.requests())

    said = rehearse(sink_settings(broker, topic, skyportal), full=True)

    assert skyportal.control.state() == before
    assert {one["method"] for one in skyportal.control.requests()[asked:]} == {"GET"}
    assert committed(broker, topic, f"sink-{topic}") == {}
    assert said.remarks == []
    for line in said.requests:
        method, path, *body = line.split(" ", 2)
        headers = {"Authorization": f"token {skyportal.token}", "Content-Type": "application/json"}
        answer = http.request(method, skyportal.url + path, data="".join(body), headers=headers, timeout=60)
        assert answer.status_code in ({200, 404} if method == "GET" else {200}), (line, answer.text)
    assert_whole(skyportal, [*known, *now])


def test_the_budget_counts_what_is_printed(broker: str, topic: str, skyportal: SkyPortal) -> None:
    create_topic(broker, topic, 4)
    publish_records(broker, topic, of_objects(0, 20))

    said = rehearse(sink_settings(broker, topic, skyportal), full=True)

    first, header, *table, besides, waiting = said.trial.summary()
    facts = dict(fact.split("=") for fact in first.removeprefix("budget: ").split(" "))
    questions = sum(line.startswith("GET ") for line in said.requests)
    assert facts == {
        "alerts": "20",
        "accepted": "20",
        "skipped": "0",
        "put_aside": "0",
        "unsettled": "0",
        "requests": str(len(said.requests)),
        "questions": str(questions),
        "writes": str(len(said.requests) - questions),
        "per_alert": f"{len(said.requests) / 20:.2f}",
        "bytes": str(sum(len("".join(line.split(" ", 2)[2:])) for line in said.requests)),
        "seconds_at_5_per_s": f"{len(said.requests) / 5:.1f}",
    }
    assert header.split() == ["requests", "bytes", "endpoint"]
    numbers = {endpoint: int(number) for number, _bytes, endpoint in (row.split(maxsplit=2) for row in table)}
    assert numbers["POST /api/thumbnail"] == 60
    assert numbers["GET /api/sources/{id}"] == questions == 20
    assert sum(numbers.values()) == len(said.requests)
    assert re.search(r"besides: [5-9] questions", besides)
    assert waiting == f"waiting: 20 in {topic}; rehearsed: 20"


def test_pictures_are_named_by_their_size_unless_they_are_wanted(broker: str, topic: str, skyportal: SkyPortal) -> None:
    publish_records_of(broker, topic, of_objects(0, 1))
    settings = sink_settings(broker, topic, skyportal)

    short, full = (rehearse(settings, full=full).bodies("POST", "/api/thumbnail") for full in (False, True))

    assert [re.fullmatch(r"<PNG, [1-9][\d,]+ bytes>", str(body["data"])) is not None for body in short] == [True] * 3
    assert all(str(body["data"]).startswith("iVBORw0KGgo") for body in full)


def test_an_object_that_is_met_again_is_not_made_twice(broker: str, topic: str, skyportal: SkyPortal) -> None:
    publish_records_of(broker, topic, of_one_object(120))  # three rounds

    said = rehearse(sink_settings(broker, topic, skyportal))

    kinds = Counter(re.sub(r"ZTF\w+|-?\d+", "#", line.split(" {")[0]) for line in said.requests)
    assert kinds == {
        "POST /api/candidates": 120,
        "PUT /api/photometry": 3,
        "GET /api/sources/#?includeThumbnails=true": 1,
        "POST /api/sources/#/annotations": 1,
        "PUT /api/sources/#/annotations/#": 2,
        "POST /api/classification": 1,
        "POST /api/thumbnail": 3,
    }
    with_position = [body for body in said.bodies("POST", "/api/candidates") if "ra" in body]
    assert 0 < len(with_position) <= 50, "of the first round only"
    annotations = [body["data"] for body in said.bodies("PUT", "/api/sources/ZTF26aamcbly/annotations/-")]
    assert [data["alert_id"] for data in annotations if isinstance(data, dict)] == ["10099", "10119"]


def test_what_was_written_in_the_dry_run_is_read_back(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    newest_first = [*reversed(of_one_object(60)[10:]), *(replace(one, topic=EARLY) for one in of_one_object(10))]
    publish_records_of(broker, topic, newest_first)
    with second_group(skyportal, "Guests of the dry run", tmp_path) as routes:
        said = rehearse(sink_settings(broker, topic, skyportal), routes=routes)

    (shown_to_the_guests,) = said.bodies("PUT", "/api/sources/ZTF26aamcbly/annotations/")
    data, groups = shown_to_the_guests["data"], shown_to_the_guests["group_ids"]
    assert isinstance(data, dict)
    assert isinstance(groups, list)
    assert (data["alert_id"], len(groups)) == ("10059", 2)
    assert said.trial.fate.accepted == 60


def test_what_a_sink_would_not_send_is_said_with_its_reason(broker: str, topic: str, skyportal: SkyPortal) -> None:
    outside = Classification(name="Unicorn", probability=0.5, origin="fink_filters")
    records = {
        "good": skyportal_alert(obj_id="good"),
        "rock": skyportal_alert(obj_id="rock", is_solar_system=True),
        "lost": whole_alert(obj_id="lost", classifications=(outside,)),
        "nowhere": skyportal_alert(obj_id="nowhere", topic="fink_nobody_has_made_a_filter_ztf"),
        "south": skyportal_alert(obj_id="south", dec=-95.0),
    }
    values = {name: codec.encode(alert) for name, alert in records.items()}
    values |= {"bytes": b"no record", "newer": container(skyportal_alert(), version=2), "behind": values["good"]}
    create_topic(broker, topic)
    publish(broker, topic, [(name.encode(), value) for name, value in values.items()])

    said = rehearse(sink_settings(broker, topic, skyportal))

    remarks = dict(sorted((line.partition(": ")[0], line.partition(": ")[2]) for line in said.remarks))
    assert list(remarks) == [
        "lost classification 0:2 lost",
        "put aside 0:3 nowhere",
        "put aside 0:4 south",
        "put aside 0:5 bytes",
        "skipped 0:1 rock",
        "waits 0:6, with all behind it in its partition",
    ]
    assert "'Unicorn' is not in SkyPortal's taxonomy" in remarks["lost classification 0:2 lost"]
    assert "no filter 'fink_nobody_has_made_a_filter_ztf'" in remarks["put aside 0:3 nowhere"]
    assert (
        remarks["put aside 0:4 south"] == "stage=check reason=Unsendable: dec -95.0 is not between -90 and 90 degrees"
    )
    assert remarks["skipped 0:1 rock"] == "is of a solar-system object"
    fate = said.trial.fate
    counts = (fate.waiting, fate.alerts, fate.accepted, fate.skipped, fate.put_aside, fate.unsettled)
    assert counts == (8, 7, 2, 1, 3, 1)
    assert not fate.is_fine


def test_it_begins_where_the_group_goes_on_and_ends_at_the_limit(broker: str, topic: str, skyportal: SkyPortal) -> None:
    publish_records_of(broker, topic, of_objects(0, 20))
    commit(broker, topic, f"sink-{topic}", 12)
    settings = sink_settings(broker, topic, skyportal)

    rest, few = rehearse(settings), rehearse(settings, limit=3)

    sent = [body["id"] for body in rest.bodies("POST", "/api/candidates")]
    assert sorted(map(str, sent)) == [f"ZTF26aa{number:05d}" for number in range(12, 20)]
    assert (few.trial.fate.waiting, few.trial.fate.alerts, few.trial.fate.accepted) == (8, 3, 3)
    assert committed(broker, topic, f"sink-{topic}") == {0: 12}


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("database_down", "Database is temporarily unavailable"),
        ("token_revoked", "SKYPORTAL_TOKEN must be a valid token"),
        ("reset", "no answer from http"),
    ],
)
def test_it_does_not_wait_for_a_skyportal_that_is_away_or_refuses_the_token(
    broker: str, topic: str, skyportal: SkyPortal, fault: str, sentence: str
) -> None:
    publish_records_of(broker, topic, of_objects(0, 2))
    skyportal.control.fault(fault, path="/api/sources", method="GET")

    with pytest.raises(NotAnswered, match=sentence):
        rehearse(sink_settings(broker, topic, skyportal))


def test_an_object_that_skyportal_shows_in_another_form_ends_it(broker: str, topic: str, skyportal: SkyPortal) -> None:
    publish_records_of(broker, topic, of_objects(0, 30))
    skyportal.control.fault("reject", path="/api/sources", method="GET", status=500, message="no such column")

    with pytest.raises(NotAnswered, match="500 no such column"):
        rehearse(sink_settings(broker, topic, skyportal))


def test_a_topic_that_nobody_has_made_is_said_and_not_made(broker: str, topic: str, skyportal: SkyPortal) -> None:
    for _ in range(2):
        with pytest.raises(Unreadable, match=f"there is no topic {topic}"):
            rehearse(sink_settings(broker, topic, skyportal))


def test_the_command_prints_requests_and_budget_and_no_token(broker: str, topic: str, skyportal: SkyPortal) -> None:
    publish_records_of(broker, topic, [*of_objects(0, 2), skyportal_alert(obj_id="south", dec=-95.0)])

    result = subprocess.run(
        [sys.executable, "-m", "sink", "run", "--dry-run"],
        env=environment(broker, topic, skyportal),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == 1, "one of them would be put aside"
    assert "budget: alerts=3 accepted=2 skipped=0 put_aside=1" in result.stdout
    assert f'"classification": "{SUPERNOVA}"' in result.stdout
    assert skyportal.token not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def publish_records_of(broker: str, topic: str, alerts: list[SkyPortalAlert]) -> None:
    """Make a topic of one partition that holds ``alerts``."""
    create_topic(broker, topic)
    publish_records(broker, topic, alerts)
