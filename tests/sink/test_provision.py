"""What the sink needs in SkyPortal, created with the command that an operator runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from demo.skyportal.process import SkyPortal
from schemas.taxonomy import TAXONOMY
from support.sink import environment
from support.skyportal import FILTERS


@pytest.fixture
def bare() -> Iterator[SkyPortal]:
    """Give a SkyPortal without a taxonomy."""
    with SkyPortal(whitelist=True, filters=FILTERS) as skyportal:
        yield skyportal


def provision(skyportal: SkyPortal, *options: str, **changes: str) -> subprocess.CompletedProcess[str]:
    settings = environment("127.0.0.1:1", "alerts", skyportal, **changes)
    command = [sys.executable, "-m", "sink", "provision", *options]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60)


def test_the_taxonomy_is_created_once(bare: SkyPortal) -> None:
    first, second = provision(bare), provision(bare)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "created" in first.stdout
    assert "is there" in second.stdout
    (row,) = bare.control.state()["taxonomies"]
    assert (row["name"], row["version"], row["hierarchy"]) == (TAXONOMY.name, TAXONOMY.version, TAXONOMY.hierarchy)
    (group,) = [one["id"] for one in bare.control.state()["groups"] if one["name"] == "Fink"]
    assert list(row["group_ids"]) == [group]


def test_without_the_permission_it_says_who_can_help(bare: SkyPortal) -> None:
    users = bare.control.setup(tokens=[{"name": "guest", "acls": ["Upload data"], "groups": ["Fink"]}])["users"]
    (token,) = [user["token"] for user in users if user["username"] == "guest"]

    result = provision(bare, SKYPORTAL_TOKEN=token)

    assert result.returncode == 1
    assert "Post taxonomy" in result.stderr
    assert token not in result.stderr


def test_a_group_that_the_bot_is_not_in_is_named(bare: SkyPortal, tmp_path: Path) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text("[[route]]\ntopic = '*'\ngroup = 'Strangers'\n")

    result = provision(bare, "--routes", str(routes))

    assert result.returncode == 1
    assert "Strangers" in result.stderr


def test_routes_that_classify_nothing_need_nothing(bare: SkyPortal, tmp_path: Path) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text("[[route]]\ntopic = '*'\nparts = ['candidate', 'photometry']\n")

    assert "nothing to create" in provision(bare, "--routes", str(routes)).stdout
    assert bare.control.state()["taxonomies"] == []


def test_a_skyportal_that_is_away_is_said(bare: SkyPortal) -> None:
    bare.control.fault("database_down")

    result = provision(bare)

    assert result.returncode == 1
    assert "Database is temporarily unavailable" in result.stderr


def test_the_file_is_what_is_posted() -> None:
    posted = json.loads(files("schemas").joinpath("taxonomy.v1.json").read_text())

    assert {"name", "version", "hierarchy"} <= posted.keys()
