"""What the README tells a reader to do, can be done."""

import re
import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from schemas.record import Survey
from sink.routing import routes
from support.operated import APPS, answered

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = sorted(
    {line.partition("#")[0].strip() for language, text in BLOCKS if language == "sh" for line in text.splitlines()}
    | set(re.findall(r"`((?:make|python -m) [^`]+)`", README))
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def helped_by_a_process(*words: str) -> str:
    command = [sys.executable, "-m", *words, "--help"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_it_names_the_two_commands_that_everybody_needs() -> None:
    assert {"make demo", "make test"} <= set(COMMANDS)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_knows_the_target(command: str) -> None:
    assert shlex.split(command)[1] in TARGETS


@pytest.mark.parametrize("command", [command for command in COMMANDS if "python -m" in command])
def test_the_command_and_its_options_exist(command: str) -> None:
    words = shlex.split(command)
    module = words[words.index("-m") + 1 :]
    before_options = takewhile(lambda word: not word.startswith("--"), module)
    program, *path = [word for word in before_options if re.fullmatch(r"[a-z.-]+", word)]
    options = [word for word in module if word.startswith("--")]

    said = answered(program, [*path, "--help"], {}) if program in APPS else helped_by_a_process(program, *path)

    assert "usage: " in said.lower(), said
    assert [option for option in options if option not in said] == []


@pytest.mark.parametrize(
    ("topic", "survey", "expected"),
    [
        ("fink_sn_candidates_ztf", "ZTF", ("Fink transients", "Fink supernova candidates", "ZTF Public")),
        ("fink_in_tns_lsst", "LSST", ("Rubin", "Fink, any", "LSST Public")),
    ],
)
def test_the_routes_that_it_shows_are_read(
    tmp_path: Path, topic: str, survey: Survey, expected: tuple[str, str, str]
) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(next(text for language, text in BLOCKS if language == "toml"))

    route = routes.read(file).route(topic, survey)

    assert (route.group, route.filter, route.stream) == expected


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!https?:)[^)#]+)\)", README))))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
