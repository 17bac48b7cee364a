"""The stand-in's process, and the nginx in front of it."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from demo.kafka.ports import free_ports
from demo.skyportal.nginx import RateLimit
from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S, until

COMMAND = (
    "import signal, typer; from demo.skyportal.command import serve;"
    "signal.signal(signal.SIGINT, signal.default_int_handler);"  # a shell mutes it for what runs in the background
    "typer.run(serve)"
)
OWNER = """
from demo.skyportal.process import SkyPortal
skyportal = SkyPortal()
skyportal.start()
print(skyportal.port, flush=True)
input()
"""


@pytest.fixture(scope="module")
def limited() -> Iterator[SkyPortal]:
    with SkyPortal() as one:
        yield one


def read(skyportal: SkyPortal, token: str) -> requests.Response:
    return requests.get(f"{skyportal.url}/api/groups", headers={"Authorization": f"token {token}"}, timeout=PATIENCE_S)


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_of_forty_requests_eleven_pass_and_one_more_every_fifth_of_a_second() -> None:
    now = [100.0]
    limit = RateLimit(clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(40)] == [True] * 11 + [False] * 29
    assert limit.allows("b")
    now[0] += 0.2
    assert [limit.allows("a") for _ in range(3)] == [True, False, False]
    now[0] += 10
    assert [limit.allows("a") for _ in range(12)] == [True] * 11 + [False]


def test_the_limit_holds_per_token_and_recovers(limited: SkyPortal) -> None:
    began = time.monotonic()
    answers = [read(limited, limited.token) for _ in range(60)]
    with ThreadPoolExecutor(16) as pool:  # where one after the other is too slow to be refused
        while all(answer.ok for answer in answers):
            assert time.monotonic() - began < PATIENCE_S
            answers += pool.map(lambda _: read(limited, limited.token), range(32))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:11]] == [200] * 11
    assert len(answers) - len(refused) <= 12 + 5 * (time.monotonic() - began)
    assert refused[0].headers["Content-Type"] == "text/html"
    assert "Retry-After" not in refused[0].headers
    assert "<center><h1>429 Too Many Requests</h1></center>" in refused[0].text
    assert read(limited, limited.admin_token).status_code == 200
    anybody = [requests.get(f"{limited.url}/api/groups", timeout=PATIENCE_S) for _ in range(15)]
    assert [answer.status_code for answer in anybody] == [401] * 15
    began = time.monotonic()
    while read(limited, limited.token).status_code == 429:  # without a pause: what is refused costs nothing
        assert time.monotonic() - began < PATIENCE_S
    assert limited.control.counts()["by_status"]["429"] >= len(refused)


def test_a_body_above_the_limit_is_refused_by_nginx(limited: SkyPortal) -> None:
    with socket.create_connection(("127.0.0.1", limited.port), timeout=PATIENCE_S) as client:
        client.sendall(b"PUT /api/photometry HTTP/1.1\r\nHost: x\r\nContent-Length: 105906176\r\n\r\n")
        with client.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.1 413")
            assert any(b"text/html" in line for line in iter(answer.readline, b"\r\n"))


def test_a_killed_server_refuses_and_comes_back_empty_on_the_same_port() -> None:
    (port,) = free_ports(1)  # nobody else is given it meanwhile
    with SkyPortal(port, filters=[("sn", "Fink", "ZTF Public")]) as skyportal:
        filters = skyportal.control.state()["filters"]
        body = {"id": "ZTF1", "ra": 1.0, "dec": 1.0, "filter_ids": [1], "passed_at": "2026-11-20T08:01:02"}
        headers = {"Authorization": f"token {skyportal.token}"}
        assert requests.post(f"{skyportal.url}/api/candidates", json=body, headers=headers, timeout=PATIENCE_S).ok
        skyportal.kill()
        assert not accepts(port)
        skyportal.start()
        assert skyportal.port == port
        assert skyportal.control.counts()["candidates"] == 0
        assert [row["name"] for row in skyportal.control.state()["filters"]] == [row["name"] for row in filters]
        assert read(skyportal, skyportal.token).status_code == 200
    assert not accepts(port)


def test_a_taken_port_is_a_clear_error(limited: SkyPortal) -> None:
    with pytest.raises(RuntimeError, match=f"port {limited.port} of 127.0.0.1 cannot be used: Address already in use"):
        SkyPortal(limited.port).start()


def test_the_server_ends_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        port = int(owner.stdout.readline())
        assert accepts(port)
        owner.kill()
        until(lambda: not accepts(port), "the end of the server")


def test_the_command_says_address_and_token_and_ends_when_interrupted() -> None:
    arguments = ["--port", "0", "--whitelist", "--filter", "sn:Fink:ZTF Public"]
    with subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, token, _ = (process.stdout.readline().split()[1] for _ in range(3))
        headers = {"Authorization": f"token {token}"}
        answer = requests.get(f"{url}/api/filters", headers=headers, timeout=PATIENCE_S)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
    assert [row["name"] for row in answer.json()["data"]] == ["sn", "sn"]
    assert not accepts(int(url.rpartition(":")[2]))


def test_the_command_tells_what_a_filter_looks_like() -> None:
    process = subprocess.run(
        [sys.executable, "-c", COMMAND, "--filter", "sn"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert process.returncode == 2
    assert "NAME:GROUP:STREAM" in process.stderr


def test_what_it_holds_is_kept_in_its_file_and_its_tokens_are_not(tmp_path: Path) -> None:
    data = tmp_path / "folder" / "skyportal"
    tokens = ("first", "second")
    with SkyPortal(data=data, token=tokens[0], filters=[("sn", "Fink", "ZTF Public")]) as before:
        body = {"id": "ZTF26aa", "ra": 1.0, "dec": 2.0, "filter_ids": [1], "passed_at": "2026-03-22T00:00:00.000"}
        headers = {"Authorization": f"token {before.token}"}
        answer = requests.post(f"{before.url}/api/candidates", json=body, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 200
        held = before.control.state()

    with SkyPortal(data=data, token=tokens[1]) as after:
        now = after.control.state()
        assert {name for name, rows in now.items() if rows != held[name]} == {"users"}
        assert [read(after, token).status_code for token in tokens] == [401, 200]
        assert read(after, after.admin_token).status_code == 200
        again = requests.post(
            f"{after.url}/api/candidates",
            json=body | {"passed_at": "2026-03-23T00:00:00.000"},
            headers={"Authorization": f"token {after.token}"},
            timeout=PATIENCE_S,
        )
        assert again.json()["data"]["ids"] == [held["candidates"][0]["id"] + 1]

    data.write_bytes(b"no pickle")
    with pytest.raises(RuntimeError, match="holds no SkyPortal"):
        SkyPortal(data=data).start()


def test_it_answers_five_hundred_candidates_a_second() -> None:
    with SkyPortal(whitelist=True, filters=[("sn", "Fink", "ZTF Public")]) as skyportal, requests.Session() as session:
        session.headers["Authorization"] = f"token {skyportal.token}"
        server = psutil.Process(skyportal.pid)
        began = sum(server.cpu_times()[:2])
        for number in range(500):
            body = {"id": f"Z{number}", "ra": 1.0, "dec": 1.0, "filter_ids": [1], "passed_at": "2026-11-20T08:01:02"}
            assert session.post(f"{skyportal.url}/api/candidates", json=body).ok
        assert sum(server.cpu_times()[:2]) - began < 1
