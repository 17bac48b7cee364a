"""A gauge shows what is known when it is asked, and nothing else."""

import uuid

import pytest
from prometheus_client import REGISTRY, generate_latest

from runtime import build_info
from runtime.gauges import AskedGauge, alone


@pytest.fixture
def name() -> str:
    """Name a gauge that no other test has."""
    return f"test_{uuid.uuid4().hex}"


def shown(name: str) -> list[str]:
    return [line for line in generate_latest(REGISTRY).decode().splitlines() if line.startswith(name)]


def test_what_is_not_known_has_no_sample(name: str) -> None:
    gauge = AskedGauge(name, "Help.")
    assert shown(name) == []

    gauge.set_function(lambda: alone(5.0, known=False))
    assert shown(name) == []

    gauge.set_function(lambda: alone(5.0))
    assert shown(name) == [f"{name} 5.0"]


def test_labels_come_and_go_with_what_is_known(name: str) -> None:
    known = {("0", "a"): 1.0, ("1", "a"): 2.0}
    AskedGauge(name, "Help.", ["partition", "topic"]).set_function(lambda: known)
    assert shown(name) == [f'{name}{{partition="0",topic="a"}} 1.0', f'{name}{{partition="1",topic="a"}} 2.0']

    del known["0", "a"]
    assert shown(name) == [f'{name}{{partition="1",topic="a"}} 2.0']


def test_the_build_names_its_commit_where_it_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(build_info.REVISION, "abc123")

    build_info.tell("test")

    (line,) = [line for line in shown("fink_skyportal_build_info") if 'component="test"' in line]
    assert 'revision="abc123"' in line
    assert line.endswith(" 1.0")
    build_info.BUILD_INFO.clear()
