"""What a process says of itself: every few seconds what has changed, and now and then everything."""

from collections.abc import Iterator

import pytest

from runtime import state, topics
from runtime.publisher import Publisher
from runtime.reports import AGAIN_EVERY_S, EVERY_S, Reporter
from runtime.settings import ProcessSettings, load
from runtime.state import StateTopic
from support.clock import Clock
from support.kafka import PATIENCE_S, ends, until


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("KAFKA_TOPIC", topic)
    return load(ProcessSettings, own_prefixes=())


class Process:
    """A loop that turns, and does nothing but report."""

    def __init__(self, settings: ProcessSettings) -> None:
        self.clock = Clock()
        self.words = {"process": {"turn": 0}, "other": {"constant": 1}}
        self._settings = settings
        self.reporter = Reporter(
            StateTopic(Publisher(settings), settings), lambda: dict(self.words), own="process", clock=self.clock
        )

    def said(self) -> int:
        """Return how many words the state topic has got so far."""
        return ends(self._settings.kafka_bootstrap_servers, self._settings.state_topic).get(0, 0)

    def says(self, count: int) -> bool:
        """Turn once, and say whether the state topic has got so many words."""
        self.reporter.turned()
        return self.said() >= count


@pytest.fixture
def process(settings: ProcessSettings) -> Iterator[Process]:
    """Give a process whose first words have arrived."""
    topics.prepare(settings)
    process = Process(settings)
    until(lambda: process.says(2), "the first report")
    yield process
    process.reporter.close(patience_s=PATIENCE_S)


def test_a_process_that_has_nothing_else_to_publish_says_what_changes(process: Process) -> None:
    for turn in (1, 2, 3):
        process.words = process.words | {"process": {"turn": turn}}
        process.clock.now += EVERY_S

        until(lambda turn=turn: process.says(2 + turn), "what has changed")  # type: ignore[misc]  # turn is bound

    assert process.said() == 2 + 3, "what has not changed was said, too"


def test_what_has_not_changed_is_said_again_now_and_then(process: Process) -> None:
    process.clock.now += EVERY_S
    process.reporter.turned()
    before = process.said()

    process.clock.now += AGAIN_EVERY_S

    until(lambda: process.says(4), "everything once more")
    assert before == 2


def test_a_process_that_leaves_takes_back_that_it_runs_and_nothing_else(
    process: Process, settings: ProcessSettings
) -> None:
    process.reporter.close(patience_s=PATIENCE_S)

    assert state.read(settings).keys() == {"other"}
