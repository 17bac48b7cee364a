"""What a process says of itself over HTTP."""

import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from runtime.alive import alive
from runtime.health import LONGEST_TURN_S, Health, HealthServer, PortTaken
from support.clock import Clock
from support.kafka import PATIENCE_S


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock=clock)


@pytest.fixture
def server(health: Health) -> Iterator[HealthServer]:
    server = HealthServer(health, host="127.0.0.1", port=0, port_variable="X_PORT")
    yield server
    server.close()


def get(server: HealthServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_that_starts_lives_and_is_not_ready(server: HealthServer) -> None:
    assert get(server, "/healthz") == (200, "starting\n")
    assert get(server, "/readyz") == (503, "start: starting\n")


def test_a_process_without_a_reason_against_it_is_ready(health: Health, server: HealthServer) -> None:
    health.ready("start")

    assert get(server, "/readyz") == (200, "ok\n")


def test_every_reason_is_said_until_it_is_gone(health: Health, server: HealthServer) -> None:
    health.ready("start")
    health.unready("skyportal", "no answer")
    health.unready("kafka", "gone")
    health.unready("kafka", "still gone")
    assert get(server, "/readyz") == (503, "kafka: still gone\nskyportal: no answer\n")

    health.ready("kafka")
    health.ready("never heard of")
    assert get(server, "/readyz") == (503, "skyportal: no answer\n")


def test_only_a_loop_that_hangs_is_to_be_restarted(health: Health, server: HealthServer, clock: Clock) -> None:
    health.turned()
    health.unready("skyportal", "no answer")
    clock.now += LONGEST_TURN_S - 1
    assert get(server, "/healthz")[0] == 200

    clock.now += 2
    status, text = get(server, "/healthz")
    assert status == 503
    assert "61 s" in text

    health.turned()
    assert get(server, "/healthz") == (200, "ok\n")


def test_metrics_are_prometheus(server: HealthServer) -> None:
    status, text = get(server, "/metrics?name[]=x")

    assert status == 200
    assert "# TYPE python_info gauge" in text


def test_any_other_page_says_which_there_are(server: HealthServer) -> None:
    status, text = get(server, "/")

    assert status == 404
    assert "/readyz" in text


def test_a_port_that_is_taken_is_a_sentence_that_names_the_variable(health: Health) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} is taken by another program: set X_PORT"):
            HealthServer(health, host="127.0.0.1", port=port, port_variable="X_PORT")


def test_an_address_that_is_not_ours_is_a_sentence_too(health: Health) -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1:0 cannot be listened on \(.+\): set X_PORT"):
        HealthServer(health, host="192.0.2.1", port=0, port_variable="X_PORT")


def test_a_port_is_free_again_after_close(health: Health) -> None:
    first = HealthServer(health, host="127.0.0.1", port=0, port_variable="X_PORT")
    first.close()

    second = HealthServer(health, host="127.0.0.1", port=first.port, port_variable="X_PORT")
    second.close()
    assert second.port == first.port


def test_the_images_health_check_asks_whether_the_loop_turns_and_not_whether_it_is_ready(
    clock: Clock, health: Health, server: HealthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.alive.ANSWER_S", PATIENCE_S)
    assert alive(server.port)

    health.unready("skyportal", "SkyPortal is away")
    assert alive(server.port)

    health.turned()
    clock.now += LONGEST_TURN_S + 1
    assert not alive(server.port)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        assert not alive(taken.getsockname()[1])


def test_who_hangs_up_before_the_answer_leaves_no_trace(
    server: HealthServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        asking = socket.create_connection(("127.0.0.1", server.port))
        asking.sendall(b"GET /metr")
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.close()
    while any(one.name.endswith("(process_request_thread)") for one in threading.enumerate()):
        pass

    assert get(server, "/healthz")[0] == 200
    assert capfd.readouterr().err == ""
