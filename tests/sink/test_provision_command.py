"""`sink provision`, as an operator sees it."""

import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from demo.skyportal.process import SkyPortal
from sink.__main__ import app
from sink.commands.provision import WIDTH
from support.sink import environment


@pytest.fixture(scope="module")
def server() -> Iterator[SkyPortal]:
    with SkyPortal(whitelist=True) as skyportal:
        yield skyportal


@pytest.fixture(autouse=True)
def bare(server: SkyPortal) -> SkyPortal:
    server.control.mend()
    server.control.reset()
    return server


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Give the log back: a command takes it for itself."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def provision(server: SkyPortal, *options: str, **changes: str) -> Result:
    return CliRunner().invoke(app, ["provision", *options], env=environment("127.0.0.1:1", "alerts", server, **changes))


def test_a_line_for_each_thing_and_the_counts_at_the_end(bare: SkyPortal) -> None:
    topic = f"fink_{uuid.uuid4().hex[:8]}_ztf"

    dry, first, second = (
        provision(bare, "--topic", topic, *options).stdout.splitlines() for options in (["--dry-run"], [], [])
    )

    assert [line[0] for line in dry[:-1]] == [line[0] for line in first[:-1]] == list("✓✓✓✓++")
    assert dry[-1] == "4 there, 2 would be made, 0 missing"
    assert first[-1] == "4 there, 2 made, 0 missing"
    assert second[-1] == "6 there, 0 made, 0 missing"
    assert f"+ filter '{topic}' of group 'Fink' on stream 'ZTF Public': would be created" in dry


def test_what_is_missing_is_said_with_what_to_do_in_lines_that_can_be_read_and_copied(
    bare: SkyPortal, tmp_path: Path
) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(
        "[[route]]\ntopic = 'a_lsst'\nstream = 'Nobody has it'\ntaxonomy = 'Nor this'\ninstrument = 'DECam'"
    )

    result = provision(bare, "--routes", str(file))

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[-1] == "1 there, 0 made, 5 missing"
    requests = [line for line in lines if line.startswith("    POST ")]
    assert '    POST /api/streams {"name": "Nobody has it"}    unless there is one' in requests
    assert [line for line in lines if len(line) > WIDTH and line not in requests] == []
    assert bare.token not in result.output


def test_without_topics_it_says_how_to_name_them(bare: SkyPortal) -> None:
    result = provision(bare)

    assert result.exit_code == 0
    assert "--topic" in result.stdout
    assert "--topic" not in provision(bare, "--topic", f"fink_{uuid.uuid4().hex[:8]}_ztf").stdout


@pytest.mark.parametrize("name", ["", "fink_*", "fink sn"])
@pytest.mark.parametrize("command", ["provision", "check"])
def test_a_filter_is_not_made_for_what_no_topic_is_called(command: str, name: str, bare: SkyPortal) -> None:
    requests_before = len(bare.control.requests())

    result = CliRunner().invoke(app, [command, "--topic", name], env=environment("127.0.0.1:1", "alerts", bare))

    assert result.exit_code == 2
    assert "is no name of a topic" in result.stderr
    assert len(bare.control.requests()) == requests_before


def test_a_topic_without_a_route_is_a_wrong_option(bare: SkyPortal, tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text("[[route]]\ntopic = 'a_ztf'\n")

    result = provision(bare, "--routes", str(file), "--topic", "b_ztf")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "b_ztf" in result.stderr


def test_a_skyportal_that_is_away_is_said_on_standard_error(bare: SkyPortal) -> None:
    bare.control.fault("database_down")

    result = provision(bare)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("sink: GET /api/filters answers 503")


def test_a_wrong_token_is_said_and_not_shown(bare: SkyPortal) -> None:
    token = str(uuid.uuid4())

    result = provision(bare, SKYPORTAL_TOKEN=token)

    assert result.exit_code == 1
    assert "SKYPORTAL_TOKEN must be a valid token" in result.stderr
    assert token not in result.output


def test_an_address_that_is_no_skyportal_is_a_sentence(bare: SkyPortal) -> None:
    result = provision(bare, SKYPORTAL_URL=f"{bare.url}/api")

    assert result.exit_code == 1
    assert "SKYPORTAL_URL" in result.stderr
