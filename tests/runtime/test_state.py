"""The state topic on a real broker: the latest word of each key, for whoever reads or listens."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from demo.kafka import LocalKafka
from runtime import state, topics
from runtime.publisher import NotPublished, Publisher
from runtime.settings import ProcessSettings, load
from runtime.state import GONE, Gone, Listener, StateTopic, Word
from runtime.topics import BrokerUnreachable, TopicUnusable
from support.kafka import PATIENCE_S, create_topic, publish, read_all, until


def settings_of(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch, **changes: str) -> ProcessSettings:
    for name, value in {"KAFKA_BOOTSTRAP_SERVERS": broker, "KAFKA_TOPIC": topic, **changes}.items():
        monkeypatch.setenv(name, value)
    return load(ProcessSettings, own_prefixes=())


@pytest.fixture
def settings(broker: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    return settings_of(broker, topic, monkeypatch)


@pytest.fixture
def said(settings: ProcessSettings) -> StateTopic:
    """Give a state topic as the processes make it."""
    topics.prepare(settings)
    return StateTopic(Publisher(settings), settings)


@pytest.fixture
def listener(said: StateTopic, settings: ProcessSettings) -> Iterator[Listener]:
    """Give a listener to that topic."""
    assert said
    listener = Listener(settings)
    yield listener
    listener.close()


def say(said: StateTopic, key: str, value: Mapping[str, Any]) -> None:
    said.wait(said.say(key, value), patience_s=PATIENCE_S)


def unsay(said: StateTopic, key: str) -> None:
    said.wait(said.unsay(key), patience_s=PATIENCE_S)


def values(words: Mapping[str, Word | Gone]) -> dict[str, Mapping[str, Any] | Gone]:
    return {key: word.value if isinstance(word, Word) else word for key, word in words.items()}


def hear(listener: Listener, count: int = 1) -> dict[str, Mapping[str, Any] | Gone]:
    """Return the next news, of so many keys at least."""
    heard: dict[str, Word | Gone] = {}

    def enough() -> bool:
        heard.update(listener.news())
        return len(heard) >= count

    until(enough, f"news of {count} keys")
    return values(heard)


def test_the_latest_word_of_each_key_is_read_and_what_was_taken_back_is_not(
    said: StateTopic, settings: ProcessSettings
) -> None:
    before = datetime.now(UTC)
    say(said, "sink/a", {"lag": 3})
    say(said, "sink/b", {"lag": 5, "name": "Möbius"})
    say(said, "pause/night", {"reason": "upgrade"})
    say(said, "sink/a", {"lag": 1, "parts": [1, None]})
    unsay(said, "pause/night")

    words = state.read(settings)

    assert values(words) == {"sink/a": {"lag": 1, "parts": [1, None]}, "sink/b": {"lag": 5, "name": "Möbius"}}
    for word in words.values():
        assert before - timedelta(seconds=5) < word.appended_at < datetime.now(UTC) + timedelta(seconds=5)


def test_the_topic_keeps_the_latest_word_of_each_key_for_ever(
    said: StateTopic, settings: ProcessSettings, broker: str
) -> None:
    say(said, "a", {})
    admin = AdminClient({"bootstrap.servers": broker})

    found = topics.configuration(admin, settings.state_topic)

    assert settings.state_topic == f"{settings.kafka_topic}.state"
    assert len(admin.list_topics(timeout=PATIENCE_S).topics[settings.state_topic].partitions) == 1
    assert found["cleanup.policy"] == "compact"
    assert found["message.timestamp.type"] == "LogAppendTime"
    assert int(found["segment.bytes"]) == 8 * 2**20
    assert int(found["segment.ms"]) == 3_600_000


def test_a_state_topic_that_forgets_with_time_is_refused_with_what_to_do(
    settings: ProcessSettings, broker: str
) -> None:
    create_topic(broker, settings.state_topic, cleanup_policy="delete")

    with pytest.raises(TopicUnusable, match=f"{settings.state_topic} has cleanup.policy=delete.*set it to compact"):
        topics.prepare(settings)


def test_a_topic_that_does_not_exist_says_nothing_and_is_not_created_by_the_question(
    settings: ProcessSettings, broker: str
) -> None:
    assert state.read(settings) == {}

    assert settings.state_topic not in AdminClient({"bootstrap.servers": broker}).list_topics(timeout=PATIENCE_S).topics


def test_a_broker_that_is_silent_is_a_sentence_within_the_time_that_was_set(
    topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = settings_of("127.0.0.1:1", topic, monkeypatch, KAFKA_CONNECT_TIMEOUT_S="1")
    began = time.monotonic()

    with pytest.raises(BrokerUnreachable, match=rf"{topic}\.state at 127\.0\.0\.1:1 .*KAFKA_BOOTSTRAP_SERVERS right"):
        state.read(silent)
    said = StateTopic(Publisher(silent), silent)
    word = said.say("pause", {})
    with pytest.raises(NotPublished):
        said.wait(word, patience_s=0.1)

    assert time.monotonic() - began < 30


def test_what_is_no_word_is_passed_over(said: StateTopic, settings: ProcessSettings, broker: str) -> None:
    say(said, "good", {"n": 1})
    nonsense = [(b"k", b"\xff"), (b"k", b"[1]"), (b"k", b"{"), (b"\xff", b"{}"), (b"", b"{}")]
    publish(broker, settings.state_topic, nonsense)
    publish(broker, settings.state_topic, [(b"gone", b"{}"), (b"gone", b"")])  # empty, not null

    assert values(state.read(settings)) == {"good": {"n": 1}}


@pytest.mark.parametrize("value", [{"n": float("nan")}, {"n": object()}])
def test_what_is_no_json_is_not_said(
    value: dict[str, Any], said: StateTopic, settings: ProcessSettings, broker: str
) -> None:
    with pytest.raises((TypeError, ValueError)):
        said.say("k", value)

    assert read_all(broker, settings.state_topic) == []


def test_a_listener_hears_what_is_said_and_taken_back_and_remembers(said: StateTopic, listener: Listener) -> None:
    say(said, "a", {"n": 1})
    assert hear(listener) == {"a": {"n": 1}}
    say(said, "b", {"n": 2})
    assert hear(listener) == {"b": {"n": 2}}
    unsay(said, "a")
    assert hear(listener) == {"a": GONE}

    assert values(listener.words) == {"b": {"n": 2}}
    assert listener.news() == {}


def test_a_listener_never_waits(listener: Listener) -> None:
    listener.catch_up()
    took = []

    for _ in range(1000):
        began = time.monotonic()
        listener.news()
        took.append(time.monotonic() - began)

    assert median(took) < 0.005, "of most calls: the machine may stand still during one"


def test_words_that_were_taken_back_before_it_listened_are_never_news(
    said: StateTopic, settings: ProcessSettings
) -> None:
    for number in range(1200):  # more than is heard in one call
        said.say("pause", {"number": number})
        said.unsay("pause")
    said.say("other", {})
    say(said, "pause", {"last": True})
    heard = []

    listener = Listener(settings)
    until(lambda: bool(heard.append(values(listener.news())) or heard[-1]), "the first news")
    listener.close()

    assert heard[-1] == {"pause": {"last": True}, "other": {}}
    assert set(map(len, heard[:-1])) <= {0}


def test_a_listener_that_has_caught_up_has_heard_all_that_was_said_before(
    said: StateTopic, settings: ProcessSettings
) -> None:
    for number in range(700):
        said.say(f"key {number}", {"number": number})
    say(said, "last", {})

    listener = Listener(settings)
    listener.catch_up()

    assert len(listener.words) == 701
    listener.close()


def test_a_listener_hears_a_topic_that_is_created_later(settings: ProcessSettings) -> None:
    listener = Listener(settings)
    listener.catch_up()
    assert listener.news() == {}

    topics.prepare(settings)
    said = StateTopic(Publisher(settings), settings)
    say(said, "a", {"n": 1})

    assert hear(listener) == {"a": {"n": 1}}
    listener.close()


def test_a_topic_that_is_made_anew_is_heard_from_its_beginning_and_what_it_lacks_is_gone(
    said: StateTopic, listener: Listener, settings: ProcessSettings, broker: str
) -> None:
    for number in range(20):
        said.say("a", {"n": number})
    say(said, "b", {"n": 0})
    hear(listener, 2)
    admin = AdminClient({"bootstrap.servers": broker})
    admin.delete_topics([settings.state_topic])[settings.state_topic].result(PATIENCE_S)
    until(lambda: settings.state_topic not in admin.list_topics(timeout=PATIENCE_S).topics, "the topic being gone")
    topics.prepare(settings)
    anew = StateTopic(Publisher(settings), settings)

    say(anew, "b", {"n": 1})

    heard: dict[str, Any] = {}

    def has_heard() -> bool:  # that the old words are gone may come first
        heard.update(values(listener.news()))
        return heard.get("b") == {"n": 1}

    until(has_heard, "the new topic's word")
    assert heard == {"a": GONE, "b": {"n": 1}}
    assert values(listener.words) == {"b": {"n": 1}}


def test_a_broker_that_was_away_is_listened_to_again(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalKafka() as kafka:
        settings = settings_of(kafka.bootstrap_servers, topic, monkeypatch)
        topics.prepare(settings)
        said = StateTopic(Publisher(settings), settings)
        listener = Listener(settings)
        say(said, "a", {"n": 1})
        assert hear(listener) == {"a": {"n": 1}}
        kafka.kill(0)
        waiting = said.say("a", {"n": 2})
        for _ in range(20):
            assert listener.news() == {}
        assert values(listener.words) == {"a": {"n": 1}}
        with pytest.raises(NotPublished):
            said.wait(waiting, patience_s=0.1)

        kafka.restart(0)

        said.wait(waiting, patience_s=PATIENCE_S)
        assert hear(listener) == {"a": {"n": 2}}
        listener.close()


def test_reading_goes_on_while_others_talk_all_the_time(said: StateTopic, settings: ProcessSettings) -> None:
    stop = threading.Event()

    def talk() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            said.say("talk", {"n": number})
            stop.wait(0.001)

    say(said, "a", {"n": 1})
    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        assert values(state.read(settings))["a"] == {"n": 1}
    finally:
        stop.set()
        thread.join()


def test_a_word_is_readable_with_any_tool(said: StateTopic, settings: ProcessSettings, broker: str) -> None:
    say(said, "pause/night", {"reason": "SkyPortal is being upgraded"})
    unsay(said, "pause/night")

    first, second = read_all(broker, settings.state_topic)

    assert first.key == second.key == b"pause/night"
    assert json.loads(first.value or b"") == {"reason": "SkyPortal is being upgraded"}
    assert second.value is None
