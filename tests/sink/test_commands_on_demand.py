"""The commands of ``python -m sink``: each brings what it needs, and those that ask Kafka alone need little."""

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from demo.skyportal.process import SkyPortal
from sink.__main__ import app
from sink.commands.on_demand import COMMANDS
from support.processes import ROOT
from support.sink import environment

ASKING_KAFKA_ALONE = [["status"], ["pause"], ["resume"], ["redrive", "list"]]


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Let the log be the tests' own again."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_help(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])

    assert result.exit_code == 0, result.output
    assert f" {name} [OPTIONS]" in result.stdout


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(app, ["staus"])

    assert result.exit_code == 2
    assert "Did you mean 'status'" in result.stderr


def test_a_command_that_asks_kafka_alone_does_not_load_what_speaks_to_skyportal() -> None:
    program = "import sys; from sink.__main__ import app; app(['status', '--help'], standalone_mode=False)"
    loaded = "print({'requests', 'numpy', 'PIL', 'sink.service', 'sink.commands.run'} & set(sys.modules))"

    said = subprocess.check_output([sys.executable, "-c", f"{program}; {loaded}"], cwd=ROOT, text=True, timeout=60)

    assert said.endswith("\nset()\n")


@pytest.mark.parametrize("arguments", ASKING_KAFKA_ALONE, ids=" ".join)
def test_a_command_that_asks_kafka_alone_does_not_want_skyportals_settings(
    arguments: list[str], broker: str, topic: str, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(broker, topic, skyportal).items():
        monkeypatch.setenv(name, value)
    for name in ("SKYPORTAL_URL", "SKYPORTAL_TOKEN"):
        monkeypatch.delenv(name)

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("arguments", ASKING_KAFKA_ALONE, ids=" ".join)
@pytest.mark.parametrize("mistake", ["SINK_GRUOP_ID", "SKYPORTAL_TOKN"])
def test_it_still_notices_a_mistyped_variable(
    arguments: list[str], mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv(mistake, "x")

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert f"sink: {mistake}: unknown variable" in result.stderr
