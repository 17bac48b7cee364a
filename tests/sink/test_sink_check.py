"""What ``sink check`` finds of SkyPortal, of the routes and of the records, and that it changes nothing."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.skyportal.process import SkyPortal
from runtime.checks import Finding
from runtime.settings import load
from schemas.record import Survey
from sink.checks import skyportal_findings, topic_findings
from sink.checks.inquiry import Inquiry
from sink.checks.limit import limit_finding
from sink.routing import routes
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.client import Request
from support.clock import Clock
from support.containers import container
from support.kafka import commit, create_topic, publish, publish_records
from support.patience import wait_for_busy_brokers
from support.records import skyportal_alert, some_alerts
from support.sink import environment
from support.skyportal import FILTERS, TAXONOMIES

WRONG_TOKEN = "00000000-dead-beef-0000-000000000000"  # noqa: S105  # nobody's
SN = "fink_sn_candidates_ztf"

Check = Callable[..., dict[str, Finding]]


@pytest.fixture
def bare() -> Iterator[SkyPortal]:
    """Give a SkyPortal of one's own, with its usual limit of requests."""
    with SkyPortal(filters=FILTERS, taxonomies=TAXONOMIES) as skyportal:
        yield skyportal


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], SinkSettings]:
    wait_for_busy_brokers(monkeypatch)

    def settings(variables: Mapping[str, str]) -> SinkSettings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load(SinkSettings, own_prefixes=OWN_PREFIXES)

    return settings


@pytest.fixture
def check(settings_of: Callable[[Mapping[str, str]], SinkSettings], tmp_path: Path) -> Check:
    """Return what is found of a SkyPortal, by name: for the routes in ``text``, or without any, and for ``topics``."""

    def checked(
        skyportal: SkyPortal, topics: Mapping[str, Survey] | None = None, text: str = "", **changes: str
    ) -> dict[str, Finding]:
        path = tmp_path / "routes.toml"
        path.write_text(text)
        changes = {"SKYPORTAL_REQUESTS_PER_SECOND": "auto"} | changes
        settings = settings_of(environment("127.0.0.1:1", "alerts", skyportal, **changes))
        table = routes.read(path if text else None)
        return {
            found.name: found
            for found in skyportal_findings(settings, table, {SN: "ZTF"} if topics is None else topics)
        }

    return checked


def token(skyportal: SkyPortal, **wish: Any) -> str:
    """Make another user, and return the token."""
    users = skyportal.control.setup(tokens=[{"name": "guest", **wish}])["users"]
    return str(next(user["token"] for user in users if user["username"] == "guest"))


def wrong(found: Mapping[str, Finding]) -> list[str]:
    return [one.name for one in found.values() if one.state == "wrong"]


def test_where_all_is_there_nothing_is_wrong_and_nothing_is_changed(bare: SkyPortal, check: Check) -> None:
    before = bare.control.state()

    found = check(bare)

    assert {one.state for one in found.values() if one.name != "limit of requests"} == {"ok"}
    assert found["SkyPortal"].text == "answers; version 1.4.0"
    assert found[f"filter {SN!r} of group 'Fink' on stream 'ZTF Public'"].state == "ok"
    assert found["instrument 'ZTF'"].state == "ok"
    requests = bare.control.requests()
    assert len(requests) <= 25
    assert [one["status"] for one in requests if one["method"] != "GET"] == [400, 400, 400]
    assert bare.control.state() == before


def test_permissions_that_the_token_lacks_are_named_each(bare: SkyPortal, check: Check) -> None:
    guest = token(bare, acls=["Annotate"], groups=["Fink"], streams=["ZTF Public"])

    found = check(bare, SKYPORTAL_TOKEN=guest)

    assert wrong(found) == ["permission 'Upload data'", "permission 'Classify'"]


def test_permissions_that_no_route_needs_are_not_asked_for(bare: SkyPortal, check: Check) -> None:
    text = f"[[route]]\ntopic = '{SN}'\nparts = ['candidate', 'photometry']\n"

    found = check(bare, text=text)

    assert "permission 'Upload data'" in found
    assert not {"permission 'Annotate'", "permission 'Classify'"} & found.keys()


def test_a_wrong_token_is_the_only_cross_and_is_not_shown(bare: SkyPortal, check: Check) -> None:
    found = check(bare, SKYPORTAL_TOKEN=WRONG_TOKEN)

    assert wrong(found) == ["token"]
    assert found["routes"].text == "not checked: SkyPortal answers nothing to the token"
    assert WRONG_TOKEN not in str(found)


def test_a_skyportal_that_is_away_is_one_cross(bare: SkyPortal, check: Check) -> None:
    bare.kill()

    found = check(bare)

    assert wrong(found) == ["SkyPortal"]
    assert "SKYPORTAL_URL" in found["SkyPortal"].to_do
    assert [one.state for one in found.values()] == ["wrong", "unchecked", "unchecked", "unchecked", "unchecked"]


def test_a_database_that_is_away_is_told_from_a_wrong_token(bare: SkyPortal, check: Check) -> None:
    bare.control.fault("database_down")

    found = check(bare)

    assert wrong(found) == ["token"]
    assert "Database is temporarily unavailable" in found["token"].text


def test_everything_that_a_route_lacks_is_said_at_once(bare: SkyPortal, check: Check) -> None:
    text = """
        [[route]]
        topic = "fink_sn_candidates_ztf"
        filter = "nova"

        [[route]]
        topic = "fink_in_tns_lsst"
        group = "Nobody"
        instrument = "Eye"
        stream = "Secret"
    """

    found = check(bare, text=text)

    assert wrong(found) == [
        "group 'Nobody'",
        "stream 'Secret'",
        "instrument 'Eye'",
        "filter 'nova' of group 'Fink' on stream 'ZTF Public'",
        "filter 'fink_in_tns_lsst' of group 'Nobody' on stream 'Secret'",
    ]
    assert "sink provision" in found["filter 'nova' of group 'Fink' on stream 'ZTF Public'"].to_do


def test_topics_that_no_route_names_are_looked_at_where_they_are_known(bare: SkyPortal, check: Check) -> None:
    unknown = check(bare, topics={}, text="[[route]]\ntopic = '*'\n")["filters"]
    found = check(bare, topics={SN: "ZTF", "other": "ZTF"}, text="[[route]]\ntopic = 'fink_*'\n")

    assert unknown.state == "unchecked"
    assert "--topic" in unknown.to_do
    assert found["routes"].text == "routes.toml has no [[route]] for the topic other: add one"


def test_a_topic_whose_name_does_not_tell_its_survey_goes_by_its_records(bare: SkyPortal, check: Check) -> None:
    bare.control.setup(filters=[["ftransfer_of_lsst_2026", "Fink", "LSST Public"]])

    found = check(bare, topics={"ftransfer_of_lsst_2026": "LSST", "ftransfer_lsst_x": "LSST"})

    assert found["route of ftransfer_of_lsst_2026"].state == "ok"
    assert wrong(found) == ["route of ftransfer_lsst_x"]


@pytest.mark.parametrize(
    ("per_second", "setting", "state", "said"),
    [
        (0.1, "auto", "ok", "SkyPortal answers 429 to too many at once"),
        (0.1, "50", "warning", "SKYPORTAL_REQUESTS_PER_SECOND is 50"),
        (0, "auto", "ok", "none is noticed: more than 5 a second pass"),
    ],
)
def test_a_limit_of_requests_is_met_and_one_that_is_lifted_is_not(
    per_second: float,
    setting: str,
    state: str,
    said: str,
    bare: SkyPortal,
    settings_of: Callable[[Mapping[str, str]], SinkSettings],
) -> None:
    bare.control.limit(per_second)
    settings = settings_of(environment("127.0.0.1:1", "alerts", bare, SKYPORTAL_REQUESTS_PER_SECOND=setting))
    inquiry = Inquiry(settings, pause=lambda _: None, clock=Clock())
    for number in range(5):
        inquiry.ask(Request(method="GET", path=f"/api/sources/unknown{number}"))

    finding = limit_finding(inquiry, settings)

    assert finding.state == state
    assert said in finding.text
    assert len(bare.control.requests()) <= 17


def test_a_lower_limit_than_usual_only_delays_the_check(bare: SkyPortal, check: Check) -> None:
    bare.control.limit(1)

    found = check(bare)

    assert {one.state for one in found.values()} == {"ok"}
    assert 429 in {one["status"] for one in bare.control.requests()}


def test_an_ingestion_of_skyportals_own_is_a_warning_while_it_is_active(bare: SkyPortal, check: Check) -> None:
    bare.control.setup(brokers=[["idle", "FINKBROKER", False], ["other", "BOOMBROKER", True]])
    idle = check(bare)["other ingestion of Fink"]
    bare.control.setup(brokers=[["busy", "FINKBROKER", True]])
    busy = check(bare)["other ingestion of Fink"]

    assert (idle.state, busy.state) == ("ok", "warning")
    assert "through the broker busy" in busy.text


def test_fink_topics_of_the_records_are_found_and_what_waits_is_counted(
    broker: str, topic: str, skyportal: SkyPortal, settings_of: Callable[[Mapping[str, str]], SinkSettings]
) -> None:
    create_topic(broker, topic)
    alerts = some_alerts(4)
    publish_records(broker, topic, [*alerts, skyportal_alert(topic="fink_in_tns_lsst", survey="LSST")])
    commit(broker, topic, f"sink-{topic}", 2)
    topics: dict[str, Survey] = {"fink_named_ztf": "ZTF"}

    found = {one.name: one for one in topic_findings(settings_of(environment(broker, topic, skyportal)), topics)}

    assert topics == {"fink_named_ztf": "ZTF", SN: "ZTF", "fink_in_tns_lsst": "LSST"}
    assert found["records"].text == f"the newest 5 can be read; they are of fink_in_tns_lsst, {SN}"
    assert found["sinks"].text == f"none running in the group sink-{topic}"
    assert re.fullmatch(r"3 wait, the oldest for \d+ seconds?", found["records to deliver"].text)


def test_a_record_of_a_newer_version_says_to_upgrade(
    broker: str, topic: str, skyportal: SkyPortal, settings_of: Callable[[Mapping[str, str]], SinkSettings]
) -> None:
    create_topic(broker, topic)
    publish(broker, topic, [(b"key", container(skyportal_alert(), version=2))])

    found = list(topic_findings(settings_of(environment(broker, topic, skyportal)), {}))

    assert [one.name for one in found if one.state == "wrong"] == ["records"]
    assert "install the newer version" in found[0].to_do


def test_the_command_ends_with_one_where_something_is_wrong_and_tells_a_program_what(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = environment(broker, topic, skyportal, SKYPORTAL_TOKEN=WRONG_TOKEN)

    result = run(settings, "--json", "--topic", SN)

    assert (result.returncode, result.stderr) == (1, "")
    document = json.loads(result.stdout)
    states = {one["name"]: one["state"] for one in document["findings"]}
    assert (states["settings"], states["token"], states["local Kafka"]) == ("ok", "wrong", "ok")
    assert WRONG_TOKEN not in result.stdout


def test_mistakes_in_routes_are_all_said_and_end_the_command_with_two(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    path = tmp_path / "routes.toml"
    path.write_text("[[route]]\ntopic = 'a'\nfitler = 'x'\nsave = 'perhaps'\n")

    result = run(environment(broker, topic, skyportal), "--routes", str(path))

    assert result.returncode == 2
    assert result.stdout.count("✗ routes: ") == 2
    assert "✓ local Kafka: " in result.stdout


def run(settings: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sink", "check", *options]
    return subprocess.run(command, env=dict(settings), capture_output=True, text=True, check=False, timeout=120)
