"""What a local Kafka does to the machine it runs on: its processes, ports and folders, and the command around it."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Container
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import AdminClient

from demo.kafka import BrokerDiedError, LocalKafka, LocalKafkaError, PortTakenError, cluster
from demo.kafka.ports import free_ports
from support.kafka import PATIENCE_S, until

SERVE = "import typer; from demo.kafka.command import serve; typer.run(serve)"


def processes_of(data: Path) -> list[psutil.Process]:
    """Find all processes, of Java or ours, whose command names the folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and str(data) in " ".join(process.info["cmdline"] or ())
    ]


def test_it_listens_on_the_loopback_only() -> None:
    with LocalKafka() as kafka:
        listening = [
            connection.laddr.ip
            for process in processes_of(kafka.data)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]

    assert set(listening) == {"127.0.0.1"}
    assert len(listening) == 2  # for clients, and for controllers


def test_a_temporary_folder_goes_with_the_kafka() -> None:
    with LocalKafka() as kafka:
        data = kafka.data
        assert data.is_dir()

    assert not data.exists()
    assert processes_of(data) == []


def test_a_temporary_folder_is_kept_on_demand() -> None:
    with LocalKafka(keep=True) as kafka:
        data = kafka.data

    assert (data / "broker-0" / "broker.log").is_file()
    shutil.rmtree(data)


def test_a_broker_that_dies_at_its_start_is_quoted(tmp_path: Path) -> None:
    broken = LocalKafka(data=tmp_path, properties={"num.io.threads": "many"})

    with pytest.raises(BrokerDiedError, match=r"(?s)ended by itself.*broker-0/broker\.log.*num\.io\.threads"):
        broken.start()

    assert processes_of(tmp_path) == []


def test_a_port_that_is_taken_while_kafka_starts_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        taken: list[int] = []

        def somebody_is_faster(count: int, besides: Container[int] = ()) -> list[int]:
            ports = free_ports(count, besides)
            if not taken:
                taken.append(ports[-1])  # the one for clients
                stack.enter_context(socket.create_server(("127.0.0.1", ports[-1])))
            return ports

        monkeypatch.setattr(cluster, "free_ports", somebody_is_faster)
        with LocalKafka() as kafka:
            assert kafka.bootstrap_servers != f"127.0.0.1:{taken[0]}"
            assert AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=PATIENCE_S).brokers


def test_a_port_that_was_asked_for_is_used_and_not_replaced_if_it_is_taken() -> None:
    (port,) = free_ports(1)

    with LocalKafka(port=port) as kafka:
        assert kafka.bootstrap_servers == f"127.0.0.1:{port}"
        with pytest.raises(PortTakenError, match=f"another process listens on port {port}"), LocalKafka(port=port):
            pass


def test_a_parent_that_is_killed_leaves_neither_java_nor_data_behind() -> None:
    script = (
        "from demo.kafka import LocalKafka; kafka = LocalKafka(); kafka.start(); print(kafka.data, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        data = Path(parent.stdout.readline().strip())
        assert len(processes_of(data)) == 2  # Java and its keeper

        parent.kill()
        parent.wait()

        until(lambda: processes_of(data) == [] and not data.exists(), "the end of Java, and of its data")


def test_a_folder_is_for_one_kafka_at_a_time(tmp_path: Path) -> None:
    with LocalKafka(data=tmp_path) as kafka:
        settings = (tmp_path / "broker-0" / "server.properties").read_text()
        with pytest.raises(LocalKafkaError, match="another local Kafka runs on"), LocalKafka(data=tmp_path):
            pass

        kafka.check()
        assert (tmp_path / "broker-0" / "server.properties").read_text() == settings


def test_a_kafka_starts_at_once_where_another_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from demo.kafka import LocalKafka;"
        " kafka = LocalKafka(data=Path(sys.argv[1])); kafka.start(); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        parent.stdout.readline()
        parent.kill()

    with LocalKafka(data=tmp_path) as kafka:
        assert AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=PATIENCE_S).brokers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, "--data", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout
        servers = command.stdout.readline().strip()
        topics = AdminClient({"bootstrap.servers": servers}).list_topics(timeout=PATIENCE_S).topics
        command.send_signal(number)

        assert topics == {}
        assert command.wait(PATIENCE_S) == 0
    assert processes_of(tmp_path) == []


def test_the_command_says_which_option_to_change_if_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-c", SERVE, "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1" in done.stderr
    assert "--port" in done.stderr
