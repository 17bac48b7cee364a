"""How a sink starts: it waits for what comes back by itself, and says in a sentence what somebody has to mend."""

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from demo.kafka import LocalKafka
from demo.kafka.ports import free_ports
from demo.skyportal.process import SkyPortal
from support.kafka import create_topic, publish_records, read_all, until
from support.processes import LEAVING_S
from support.records import some_alerts
from support.sink import (
    asked,
    environment,
    running_sink,
    until_assigned,
    until_ready,
    until_settled,
    until_unready,
)
from support.skyportal import FILTERS, TAXONOMIES
from support.whole import assert_whole

WRONG_TOKEN = "00000000-dead-beef-0000-000000000000"  # noqa: S105  # nobody's


def last_words(settings: Mapping[str, str], status: int) -> list[str]:
    """Return what a sink says that cannot start, line by line."""
    with running_sink(settings) as sink:
        assert sink.ended() == status
        assert "Traceback" not in sink.output
        return [line.removeprefix("sink: ") for line in sink.output.splitlines() if line.startswith("sink: ")]


@pytest.fixture
def settings(broker: str, topic: str, skyportal: SkyPortal) -> dict[str, str]:
    return environment(broker, topic, skyportal)


def test_a_token_that_skyportal_does_not_know_is_said_and_not_shown(settings: dict[str, str]) -> None:
    with running_sink(settings | {"SKYPORTAL_TOKEN": WRONG_TOKEN}) as sink:
        assert sink.ended() == 1
        assert "SKYPORTAL_TOKEN must be a valid token with the permission 'Upload data'" in sink.output
        assert WRONG_TOKEN not in sink.output
        assert "Traceback" not in sink.output


def test_a_skyportal_that_is_not_there_yet_is_waited_for(broker: str, topic: str) -> None:
    alerts = some_alerts(20)
    create_topic(broker, topic)
    publish_records(broker, topic, alerts)
    (port,) = free_ports(1)  # nobody is given it while SkyPortal is away

    with SkyPortal(port, whitelist=True, filters=FILTERS, taxonomies=TAXONOMIES) as late:
        late.kill()
        with running_sink(environment(broker, topic, late)) as sink:
            until_unready(sink, r"skyportal: no answer from http://127\.0\.0\.1:\d+ \(ConnectionError: .*refused\)")
            assert asked(sink, "/healthz") == (200, "starting\n")
            late.start()
            until_settled(broker, topic)
            until_ready(sink)
            assert sink.output.count("skyportal is away") == 1
        assert_whole(late, alerts)


def test_a_skyportal_that_comes_back_makes_a_sink_ready_that_has_nothing_to_send(
    settings: dict[str, str], skyportal: SkyPortal
) -> None:
    skyportal.control.fault("database_down")

    with running_sink(settings) as sink:
        until_unready(sink, "skyportal: GET /api/filters answers 503 .*Database is temporarily unavailable")
        skyportal.control.mend()
        until_ready(sink)


def test_a_sink_that_waits_for_skyportal_says_so_and_leaves_when_it_is_asked_to(
    settings: dict[str, str], skyportal: SkyPortal, broker: str, topic: str
) -> None:
    skyportal.control.fault("database_down")

    def last_word() -> bytes:
        words = read_all(broker, f"{topic}.state")
        return words[-1].value or b"" if words else b""

    with running_sink(settings) as sink:
        until_unready(sink, "skyportal")
        until(lambda: b'"away"' in last_word(), "the sink saying that SkyPortal is away")
        assert sink.stop(LEAVING_S) == 0

    until(lambda: last_word() == b"", "the word that the sink has left")


def test_a_broker_that_cannot_be_reached_is_a_sentence(settings: dict[str, str]) -> None:
    unreachable = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_CONNECT_TIMEOUT_S": "1"}

    (line,) = last_words(settings | unreachable, 1)

    assert line.startswith("no Kafka broker answers at 127.0.0.1:1")
    assert line.endswith("is KAFKA_BOOTSTRAP_SERVERS right?")


def test_every_wrong_setting_is_named_before_anything_is_done(settings: dict[str, str]) -> None:
    wrong = {"SKYPORTAL_URL": "", "SINK_CONCURRENCY": "0", "SINK_COLECT_S": "1", "KAFKA_TOPIC": "a/b"}

    lines = last_words(settings | wrong, 2)

    assert [line.partition(":")[0] for line in lines] == [
        "KAFKA_TOPIC",
        "SINK_COLECT_S",
        "SINK_CONCURRENCY",
        "SKYPORTAL_URL",
    ]


def test_a_login_in_the_address_is_refused_and_not_shown(settings: dict[str, str]) -> None:
    wrong = {"SKYPORTAL_URL": "http://joe:hunter2@127.0.0.1:1"}

    (line,) = last_words(settings | wrong, 2)

    assert line.startswith("SKYPORTAL_URL: contains a user or a password")
    assert "hunter2" not in line


def test_an_address_that_ends_in_api_is_a_sentence(settings: dict[str, str], skyportal: SkyPortal) -> None:
    (line,) = last_words(settings | {"SKYPORTAL_URL": f"{skyportal.url}/api"}, 1)

    assert "SKYPORTAL_URL" in line


def test_a_port_that_is_taken_is_a_sentence(settings: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (line,) = last_words(settings | {"SINK_METRICS_PORT": str(port)}, 1)

    assert line == (
        f"127.0.0.1:{port} is taken by another program: set SINK_METRICS_PORT to a free port, or to 0 for any"
    )


def test_routes_that_skyportal_does_not_know_are_named_all(settings: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "routes.toml"
    path.write_text(
        """
        [[route]]
        topic = "fink_sn_candidates_ztf"
        filter = "nova"

        [[route]]
        topic = "fink_in_tns_lsst"
        group = "Nobody"

        [[route]]
        topic = "fink_*"
        """
    )

    lines = last_words(settings | {"SINK_ROUTES": str(path)}, 1)

    assert len(lines) == 2
    assert lines[0].startswith("SkyPortal has no filter 'nova' of group 'Fink' on stream 'ZTF Public'")
    assert lines[1].startswith("SkyPortal has no group 'Nobody' that the bot can see (there are: ")


def test_mistakes_in_routes_are_named_all(settings: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "routes.toml"
    path.write_text("[[route]]\ntopic = 'a'\nfitler = 'x'\nsave = 'perhaps'\n")

    lines = last_words(settings | {"SINK_ROUTES": str(path)}, 2)

    assert [line.removeprefix(f"{path}: ").partition(":")[0] for line in lines] == ["route.0.save", "route.0.fitler"]


def test_alerts_go_where_routes_say(
    settings: dict[str, str], broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    path = tmp_path / "routes.toml"
    path.write_text(
        """
        [[route]]
        topic = "fink_yso_*"
        filter = "fink_sn_candidates_ztf"
        parts = ["candidate"]

        [[route]]
        topic = "*"
        """
    )
    alerts = some_alerts(5, topic="fink_yso_candidates_ztf")

    with running_sink(settings | {"SINK_ROUTES": str(path)}) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts)
        until_settled(broker, topic)

    state = skyportal.control.state()
    names = {one["id"]: one["name"] for one in state["filters"]}
    assert {names[one["filter_id"]] for one in state["candidates"]} == {"fink_sn_candidates_ztf"}
    assert len(state["candidates"]) == len(alerts)
    assert state["photometry"] == []


def test_a_compacted_topic_is_refused(settings: dict[str, str], broker: str, topic: str) -> None:
    create_topic(broker, topic, cleanup_policy="compact")

    (line,) = last_words(settings, 1)

    assert line.startswith(f"the topic {topic} has cleanup.policy=compact, which throws alerts away")


def test_a_sink_without_work_starts_and_leaves(settings: dict[str, str]) -> None:
    with running_sink(settings) as sink:
        until_ready(sink)
        until_assigned(sink)
        assert sink.stop(LEAVING_S) == 0
        assert sink.output.splitlines()[-1].endswith("INFO sink stopped")


@pytest.mark.parametrize("waits_for", ["kafka", "skyportal"])
def test_a_sink_that_is_asked_to_stop_while_it_starts_leaves_at_once(
    waits_for: str, settings: dict[str, str], skyportal: SkyPortal
) -> None:
    if waits_for == "kafka":
        settings |= {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_CONNECT_TIMEOUT_S": "600"}
    else:
        skyportal.control.fault("hang")

    with running_sink(settings) as sink:
        until(lambda: "starting" in sink.output, "the start")
        if waits_for == "skyportal":
            until(lambda: len(skyportal.control.requests()) > 0, "the first question")
        assert sink.stop(LEAVING_S) == 0


def test_a_sink_whose_kafka_is_silent_leaves_within_the_time_that_a_pod_has(topic: str, skyportal: SkyPortal) -> None:
    with LocalKafka() as kafka, running_sink(environment(kafka.bootstrap_servers, topic, skyportal)) as sink:
        until(lambda: "assigned" in sink.output, "the assignment")
        publish_records(kafka.bootstrap_servers, topic, some_alerts(5))
        until(lambda: skyportal.control.counts()["candidates"] == 5, "the candidates")
        kafka.freeze(0)
        assert sink.stop(LEAVING_S) == 0
        kafka.thaw(0)
