"""The status where there is little to show, or what nobody of us has said."""

import json
import logging
from typing import Any

import pytest
from typer.testing import CliRunner

from demo.skyportal.process import SkyPortal
from sink.__main__ import app
from support.kafka import create_topic, publish
from support.sink import environment


@pytest.fixture(autouse=True)
def _settings(broker: str, topic: str, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(broker, topic, skyportal).items():
        monkeypatch.setenv(name, value)


def status(*options: str) -> str:
    """Return what the command prints, and let the log be the tests' own again."""
    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        result = CliRunner().invoke(app, ["status", *options])
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    assert result.exit_code == 0, result.output
    return result.stdout


def document() -> Any:
    return json.loads(status("--json"))


def test_before_anything_has_run_it_says_that_nothing_is_there(topic: str) -> None:
    shown = status()

    assert f"there is no topic {topic}" in shown
    assert "nothing has been read yet" in shown
    assert "Account: published 0 = accepted 0" in shown
    assert document()["account"]["unaccounted"] == 0


def test_words_that_are_none_of_ours_are_left_out(broker: str, topic: str) -> None:
    create_topic(broker, f"{topic}.state")
    sink = {"group": f"sink-{topic}", "name": "n", "state": "up", "since": "x", "why": "", "at": "x"}
    counts = {"requests_per_second": 1, "requests": 1, "accepted": 1, "partitions": []}
    words = {
        f"sink/sink-{topic}/n": sink | counts,
        f"fink/g/{topic}/0/0": {"published": 7},
        "processor/g/n": {},
        f"pause/sink-{topic}": {"since": {"a": []}, "by": 5, "reason": None},
    }
    publish(broker, f"{topic}.state", [(key.encode(), json.dumps(word).encode()) for key, word in words.items()])
    publish(broker, f"{topic}.state", [(b"sink/x", b"\xff\xfe"), (b"\xff", b"{}"), (None, b"{}")])

    found = document()

    assert (found["sinks"], found["processors"], found["fink"]) == ([], [], [])
    assert found["paused"].startswith("paused by the operator")
    assert "paused by the operator" in status()
