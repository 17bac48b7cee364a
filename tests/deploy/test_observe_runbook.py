"""The runbook: what it refers to is there."""

import re

import pytest

from support import readme
from support.processes import ROOT

RUNBOOK = ROOT / "docs" / "RUNBOOK.md"
TEXT = RUNBOOK.read_text()
LINKS = sorted(set(re.findall(r"\]\(([^)\s]+)\)", TEXT)))
ALL = [command.removeprefix("python -m ") for command in readme.commands()]
COMMANDS = [one for one in ALL if not any(other.startswith(f"{one} ") for other in ALL)]
MENTIONED = sorted(set(re.findall(r"`(?:python -m |docker compose run --rm )?((?:sink|processor) [a-z][^`]*)`", TEXT)))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a Markdown text."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_somewhere(link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (RUNBOOK.parent / path).resolve() if path else RUNBOOK

    assert target.is_file()
    assert not anchor or anchor in anchors(target.read_text())


@pytest.mark.parametrize("words", MENTIONED)
def test_a_command_that_it_names_is_one(words: str) -> None:
    assert any(f"{words} ".startswith(f"{command} ") for command in COMMANDS)


def test_it_names_commands() -> None:
    assert len(MENTIONED) > 5
