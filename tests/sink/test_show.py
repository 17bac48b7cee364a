"""``show``: where the alerts of one object are, in the topic and in SkyPortal."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
import requests
from typer.testing import CliRunner

from demo.skyportal.process import SkyPortal
from runtime.publisher import Publisher
from schemas import codec
from schemas.dead_letters import DeadLetter, Header, Source
from schemas.names import SINK
from schemas.record import SkyPortalAlert
from schemas.redriven import Redriven
from sink.__main__ import app
from sink.settings import SinkSettings
from support.containers import container
from support.kafka import commit, create_topic, publish, publish_records
from support.records import MJD, light_curve, whole_alert
from support.rehearsal import sink_settings
from support.rounds import Rounds
from support.sink import environment

OBJECT = "ZTF26aamcbly"
MINE = "fink_sn_candidates_ztf"


@pytest.fixture
def settings(broker: str, topic: str, skyportal: SkyPortal) -> SinkSettings:
    create_topic(broker, topic)
    create_topic(broker, f"{topic}.rejected")
    return sink_settings(broker, topic, skyportal)


def alerts(*days: int) -> list[SkyPortalAlert]:
    return [whole_alert(day, photometry=light_curve(20.5, 18.25, None, mjd=MJD + day)) for day in days]


def shown(settings: SinkSettings, skyportal: SkyPortal, *options: str, obj_id: str = OBJECT) -> tuple[int, str, str]:
    """Run the command; return its status, what it prints, and what it says besides."""
    env = environment(settings.kafka_bootstrap_servers, settings.kafka_topic, skyportal)
    result = CliRunner().invoke(app, ["show", obj_id, *options], env=env)
    assert skyportal.token not in result.output
    return result.exit_code, result.stdout, result.stderr


def values(settings: SinkSettings, skyportal: SkyPortal, *options: str) -> dict[str, object]:
    _status, document, _said = shown(settings, skyportal, "--json", *options)
    found = json.loads(document)
    assert isinstance(found, dict)
    return found


def told(settings: SinkSettings, skyportal: SkyPortal, *options: str) -> list[str]:
    """Return the sentences about what differs."""
    found = values(settings, skyportal, *options)["differences"]
    assert isinstance(found, list)
    return found


def put_aside(settings: SinkSettings, offset: int, *headers: Header) -> None:
    """Publish a dead letter of the record at ``offset``, or what has these headers instead."""
    letter = DeadLetter(
        topic=settings.kafka_topic,
        partition=0,
        offset=offset,
        signed_by=SINK,
        stage="deliver",
        reason="Rejected",
        message="PUT /api/photometry: 400 no such band",
    )
    publisher = Publisher(settings)
    delivery = publisher.publish(
        settings.rejected_topic, key=OBJECT.encode(), value=b"", headers=headers or letter.headers(), partition=0
    )
    publisher.wait([delivery], stop=Event())


def test_each_record_is_shown_with_how_far_it_has_come_and_whether_skyportal_has_it(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    passed, waiting = alerts(0, 1), alerts(2)
    Rounds(broker, topic, skyportal).deliver(*passed)
    publish_records(broker, topic, [*passed, whole_alert(obj_id="another"), *waiting])
    commit(broker, topic, settings.sink_group_id, 2)

    status, text, _said = shown(settings, skyportal)

    assert status == 0
    lines = text.splitlines()
    assert lines[0] == OBJECT
    assert lines[2] == "Local topic: 3 records"
    states = [line.strip() for line in lines if line.strip() in {"passed by the group", "waits for a sink"}]
    assert states == ["passed by the group", "passed by the group", "waits for a sink"]
    marks = [line.strip() for line in lines if line.strip().startswith("[")]
    assert marks == [f"[{mark}] candidate of {MINE} (Fink)" for mark in "xx "]
    assert "SkyPortal: it is there, saved to no group" in lines
    assert f"      Fink: alert {passed[1].alert_id}, observed 2026-03-23T11:06:52.004; seen by Fink" in lines
    assert "      SN candidate 0.8 (fink_filters, ours); seen by Fink" in lines
    assert "  points       6 ztfr alert" in lines
    assert "  thumbnails   new, ref, sub" in lines
    assert lines[-2:] == ["Differences", "  - 1 record waits for a sink: 0:3"]
    assert max(map(len, lines)) <= 100


def test_nothing_differs_when_all_is_delivered(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    Rounds(broker, topic, skyportal).deliver(*alerts(0, 1))
    publish_records(broker, topic, alerts(0, 1))
    commit(broker, topic, settings.sink_group_id, 2)

    assert shown(settings, skyportal)[1].splitlines()[-1] == "Differences: none"


def test_a_record_that_was_delivered_ahead_of_older_ones_is_no_waiting_one(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    publish_records(broker, topic, alerts(0, 1))
    commit(broker, topic, settings.sink_group_id, 0, note="ahead=1-2")

    found = values(settings, skyportal)["records"]

    assert isinstance(found, list)
    assert [record["state"] for record in found] == ["waiting", "ahead"]


def test_an_object_that_skyportal_has_purged_is_said_with_the_command_that_brings_it_back(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    Rounds(broker, topic, skyportal).deliver(*alerts(0, 1))
    publish_records(broker, topic, alerts(0, 1))
    commit(broker, topic, settings.sink_group_id, 2)
    skyportal.control.purge()

    (sentence,) = told(settings, skyportal)

    assert sentence.startswith("SkyPortal has no such object, though the group has passed 2 records of it")
    assert f"`python -m sink replay --since {datetime.now(UTC):%Y-}" in sentence
    assert f"--object {OBJECT}`" in sentence


def test_an_object_that_was_purged_and_made_anew_lacks_what_came_before(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    rounds = Rounds(broker, topic, skyportal)
    rounds.deliver(*alerts(0, 30))
    skyportal.control.purge()
    rounds.restart()
    rounds.deliver(*alerts(60))
    publish_records(broker, topic, alerts(0, 30, 60))
    commit(broker, topic, settings.sink_group_id, 3)

    candidates, points = told(settings, skyportal)

    assert candidates.startswith(f"2 passed records have no candidate of {MINE}: 0:0, 0:1.")
    assert points.startswith("6 of 9 points of the passed records are not in SkyPortal")


def test_what_is_older_or_missing_or_doubled_in_skyportal_is_said(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    old, new = alerts(0, 1)
    Rounds(broker, topic, skyportal).deliver(old)
    (row,) = skyportal.control.state()["classifications"]
    names = ("obj_id", "classification", "taxonomy_id", "origin", "probability")
    body = {name: row[name] for name in names} | {"group_ids": row["groups"], "vote": False, "label": False}
    headers = {"Authorization": f"token {skyportal.token}"}
    answer = requests.post(f"{skyportal.url}/api/classification", data=json.dumps(body), headers=headers, timeout=60)
    answer.raise_for_status()
    publish_records(broker, topic, [replace(new, topic="fink_early_sn_candidates_ztf")])
    commit(broker, topic, settings.sink_group_id, 1)

    sentences = told(settings, skyportal)

    older = f"of alert {old.alert_id}, older than the newest passed record, of alert {new.alert_id}"
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "1 passed record has no candidate of fink_early_sn_candidates_ztf",
        "1 of SkyPortal's candidates have no record here",
        "3 of 3 points of the passed records are not in SkyPortal",
        f"the annotation of Fink is {older}",
        "there are 2 classes of ours of fink_filters",
    ]


def test_a_dead_letter_is_shown_until_it_is_put_back(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    publish_records(broker, topic, alerts(0))
    commit(broker, topic, settings.sink_group_id, 1)
    put_aside(settings, 0)
    put_aside(settings, 7)

    status, text, _said = shown(settings, skyportal)
    assert status == 0
    assert "      dead letter 0:0: deliver, Rejected: PUT /api/photometry: 400 no such band" in text.splitlines()
    assert "    0:1: deliver, Rejected: PUT /api/photometry: 400 no such band" in text.splitlines()
    assert told(settings, skyportal) == []

    source = Source(topic, 0, 0)
    put_aside(settings, 0, *Redriven(source=source, times=1, at=datetime.now(UTC)).headers())

    assert "dead letter 0:0" not in shown(settings, skyportal)[1]


def test_a_message_that_is_no_record_is_shown_as_one_that_cannot_be_read(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    messages = [b"no record", container(whole_alert(), version=2), codec.encode(whole_alert())]
    publish(broker, topic, [(OBJECT.encode(), value) for value in messages])

    found = values(settings, skyportal)

    unreadable, records = found["unreadable"], found["records"]
    assert isinstance(unreadable, list)
    assert isinstance(records, list)
    assert [one["offset"] for one in [*unreadable, *records]] == [0, 1, 2]
    assert "version 2" in unreadable[1]["reason"]


def test_a_record_that_its_route_leaves_out_is_not_missed(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal, tmp_path: Path
) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text('[[route]]\ntopic = "fink_sn_*"\nmin_score = 0.9\n')
    publish_records(broker, topic, [whole_alert(), whole_alert(topic="fink_other_ztf")])
    commit(broker, topic, settings.sink_group_id, 2)

    status, text, _said = shown(settings, skyportal, "--routes", str(routes))

    assert status == 0
    assert "passed by the group; not sent: has no score, not 0.9 or more" in text
    assert "not sent: routes.toml has no [[route]] for the topic fink_other_ztf" in text
    assert "SkyPortal: no such object that the bot sees" in text
    assert text.splitlines()[-1] == "Differences: none"


def test_since_leaves_out_what_came_before(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    publish_records(broker, topic, alerts(0), hours_ago=5)
    publish_records(broker, topic, alerts(1))

    def offsets(*options: str) -> Sequence[int]:
        records = values(settings, skyportal, *options)["records"]
        assert isinstance(records, list)
        return [record["offset"] for record in records]

    assert offsets() == [0, 1]
    assert offsets("--since", "1h") == [1]
    assert offsets("--since", (datetime.now(UTC) - timedelta(hours=6)).isoformat()) == [0, 1]
    assert shown(settings, skyportal, "--since", "teatime")[0] == 2


def test_an_object_that_nobody_has_is_said(settings: SinkSettings, skyportal: SkyPortal) -> None:
    status, text, said = shown(settings, skyportal, obj_id="ZTF00nobody")

    assert status == 1
    assert "Local topic: no records" in text
    assert f"neither the topic {settings.kafka_topic} nor SkyPortal has an object ZTF00nobody" in said
    assert shown(settings, skyportal, obj_id="")[0] == 2  # SkyPortal's list of all objects is none


def test_the_records_are_shown_while_skyportal_is_away(
    broker: str, topic: str, settings: SinkSettings, skyportal: SkyPortal
) -> None:
    publish_records(broker, topic, alerts(0))
    skyportal.control.fault("database_down")

    status, text, said = shown(settings, skyportal)

    assert status == 1
    assert "Local topic: 1 record" in text
    assert "SkyPortal:" not in text
    assert "SkyPortal was not seen: GET /api/sources/" in said
    assert "Database is temporarily unavailable" in said
