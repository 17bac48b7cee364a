"""Rules of the architecture that a reader relies on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("schemas", "runtime", "processor", "sink", "demo")


def imports(package: str) -> Iterator[tuple[str, str]]:
    """Yield (file, top-level module) of every import in ``package``."""
    for file in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                yield file.relative_to(ROOT).as_posix(), name.partition(".")[0]


@pytest.mark.parametrize(
    ("package", "may_import"),
    [
        ("schemas", set()),
        ("runtime", {"schemas"}),
        ("processor", {"schemas", "runtime"}),
        ("sink", {"schemas", "runtime"}),
        ("demo", set()),
    ],
)
def test_imports_point_one_way(package: str, may_import: set[str]) -> None:
    ours = {(file, name) for file, name in imports(package) if name in PACKAGES}

    assert {(file, name) for file, name in ours if name not in {package, *may_import}} == set()


@pytest.mark.parametrize(
    ("library", "home"), [("fink_client", "processor/fink.py"), ("requests", "sink/skyportal/client.py")]
)
def test_one_module_speaks_to_each_outside_system(library: str, home: str) -> None:
    users = {
        file
        for package in ("schemas", "runtime", "processor", "sink")
        for file, name in imports(package)
        if name == library
    }

    assert users == {home}


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {
        file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines())
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
    }

    assert {name: length for name, length in lengths.items() if length > 250} == {}


def test_constraints_pin_everything_and_name_no_registry() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert [line for line in lines if not re.match(r"^[a-z0-9][a-z0-9.-]*==[^ ]+( ; .+)?$", line)] == []
