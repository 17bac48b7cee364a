"""What docs/scale.md names exists, and the defaults that it calculates with are ours."""

import re
from pathlib import Path

import pytest

from processor.settings import ProcessorSettings
from runtime.settings import ProcessSettings
from runtime.wanted_topics import ENOUGH_BROKERS
from sink.settings import SinkSettings

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scale.md"
TEXT = PAGE.read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DEFAULTS = {
    name.upper(): str(field.default)
    for settings in (ProcessSettings, ProcessorSettings, SinkSettings)
    for name, field in settings.model_fields.items()
}
CODE = set(re.findall(r"`([^`\n]+)`", TEXT))
NAMED_WITH_DEFAULT = re.findall(r"`([A-Z_]+)`\s\(([^)*]+)\)", TEXT)


def test_every_setting_exists() -> None:
    named = {code.partition("=")[0] for code in CODE if re.match(r"[A-Z]+_|SINKS$", code)}

    assert {name for name in named if name not in DEFAULTS and f"${{{name}:-" not in COMPOSE} == set()
    assert len(named) > 10


@pytest.mark.parametrize(("name", "said"), sorted(set(NAMED_WITH_DEFAULT)))
def test_a_default_that_is_said_is_the_default(name: str, said: str) -> None:
    assert float(said) == float(DEFAULTS[name]) if said != "auto" else DEFAULTS[name] == said


def test_the_defaults_that_the_figures_depend_on_are_said() -> None:
    assert {"KAFKA_TOPIC_PARTITIONS", "KAFKA_TOPIC_RETENTION_DAYS", "SINK_CONCURRENCY"} <= dict(
        NAMED_WITH_DEFAULT
    ).keys()


def test_every_metric_is_documented() -> None:
    documented = (ROOT / "docs" / "METRICS.md").read_text()
    named = {code for code in CODE if re.fullmatch(r"(sink|processor)_[a-z_]+", code)}

    assert {name for name in named if f"`{name}`" not in documented} == set()
    assert named


def test_a_broker_of_three_is_calculated_with_as_many_copies_as_topics_get() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| disk, 14 days"))
    pairs = [(float(one), float(all_)) for one, all_ in re.findall(r"([\d.]+) / ([\d.]+) TB", row)]

    assert pairs
    assert all(abs(copies / one - ENOUGH_BROKERS) < 0.1 for one, copies in pairs)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", TEXT))))
def test_every_link_leads_somewhere(link: str) -> None:
    path, _, section = link.partition("#")
    target = PAGE.parent / path

    assert target.is_file()
    titles = [title.lower() for title in re.findall(r"^#+ (\w+)$", target.read_text(), re.MULTILINE)]
    assert not section or section in titles
