"""The environment of a process: every mistake at once, and no secret in any of them."""

import uuid
from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import SettingsError, load
from sink.settings import OWN_PREFIXES, SinkSettings

TOKEN = str(uuid.uuid4())


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give the settings that a sink cannot do without."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("SKYPORTAL_URL", "https://skyportal.example.org")
    monkeypatch.setenv("SKYPORTAL_TOKEN", TOKEN)
    return monkeypatch


def loaded() -> SinkSettings:
    return load(SinkSettings, own_prefixes=OWN_PREFIXES)


def mistakes() -> list[str]:
    with pytest.raises(SettingsError) as error:
        loaded()
    assert TOKEN not in str(error.value)
    return str(error.value).splitlines()


def test_what_is_not_set_has_its_default() -> None:
    settings = loaded()

    assert settings.kafka_topic == "fink.alerts.v1"
    assert settings.rejected_topic == "fink.alerts.v1.rejected"
    assert settings.undecodable_topic == "fink.alerts.v1.undecodable"
    assert settings.skyportal_requests_per_second == "auto"
    assert settings.skyportal_token.get_secret_value() == TOKEN


def test_dead_letters_go_where_the_topic_is(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_TOPIC", "night")

    assert (loaded().rejected_topic, loaded().undecodable_topic) == ("night.rejected", "night.undecodable")


def test_all_mistakes_are_named_at_once(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("KAFKA_BOOTSTRAP_SERVERS")
    environment.delenv("SKYPORTAL_TOKEN")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "nothing"))
    environment.setenv("SKYPORTAL_URL", "skyportal.example.org")
    environment.setenv("SINK_CONCURRENCY", "many")
    environment.setenv("SINK_COLLECT_S", "-1")
    environment.setenv("SINK_COLECT_S", "3")
    environment.setenv("SKYPORTAL_TOKEN_FLIE", "/run/secrets/token")
    environment.setenv("KAFKA_TOPIC", "a topic")

    said = mistakes()

    assert [line.partition(":")[0] for line in said] == [
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_TOPIC",
        "SINK_COLECT_S",
        "SINK_COLLECT_S",
        "SINK_CONCURRENCY",
        "SKYPORTAL_TOKEN_FILE",
        "SKYPORTAL_TOKEN_FLIE",
        "SKYPORTAL_URL",
    ]
    assert "not set (Local Kafka" in said[0]
    assert "typing mistake" in said[2]


@pytest.mark.parametrize("variable", ["SINK_X", "SKYPORTAL_X", "SINK_GROUP_ID_FILE", "SKYPORTAL_URL_FILE"])
def test_a_variable_that_looks_like_ours_and_is_not_is_a_mistake(
    variable: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(variable, "1")

    (line,) = mistakes()
    assert line.startswith(f"{variable}: unknown variable")


def test_variables_of_others_are_none_of_our_business(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PROCESSOR_LOG_LEVEL", "x")
    environment.setenv("HOME_SINK_X", "x")

    assert loaded()


def test_a_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))

    assert loaded().skyportal_token.get_secret_value() == TOKEN


def test_an_empty_variable_is_one_that_is_not_set(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    environment.setenv("SKYPORTAL_TOKEN", "")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))
    environment.setenv("KAFKA_TOPIC", "")
    environment.setenv("SINK_ROUTES", "")

    assert loaded().skyportal_token.get_secret_value() == TOKEN
    assert loaded().kafka_topic == "fink.alerts.v1"
    assert loaded().sink_routes is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot read the file that it names: No such file", id="missing"),
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \n", "is empty", id="blank"),
        pytest.param(b"\xff\xfe\x00", "is no text", id="binary"),
    ],
)
def test_a_secret_file_without_a_secret_is_a_mistake(
    content: bytes | None, said: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))

    (line,) = mistakes()
    assert line.startswith("SKYPORTAL_TOKEN_FILE: ")
    assert said in line


def test_a_secret_and_a_file_for_it_are_one_too_many(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))

    assert mistakes() == ["SKYPORTAL_TOKEN_FILE: set besides SKYPORTAL_TOKEN; set one of them"]


def test_a_folder_is_no_secret_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path))

    (line,) = mistakes()
    assert line == "SKYPORTAL_TOKEN_FILE: cannot read the file that it names: Is a directory"


def test_a_secret_in_the_place_of_its_files_name_is_not_repeated(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    environment.setenv("SKYPORTAL_TOKEN_FILE", TOKEN)

    assert len(mistakes()) == 1


@pytest.mark.parametrize("change", ["{} x", "{}\t", "{}é", "{}\nHost: evil"])
def test_a_token_that_cannot_be_sent_is_a_mistake_and_stays_secret(
    change: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SKYPORTAL_TOKEN", change.format(TOKEN))

    (line,) = mistakes()
    assert line.startswith("SKYPORTAL_TOKEN: contains a character that no token has")


def test_a_secret_is_in_no_text_about_the_settings(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_SASL_PASSWORD", "hunter22")
    settings = loaded()

    for text in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert TOKEN not in text
        assert "hunter22" not in text


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        loaded().kafka_topic = "another"  # type: ignore[misc]  # that is what is tested


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SKYPORTAL_REQUESTS_PER_SECOND", "-1"),
        ("SKYPORTAL_REQUESTS_PER_SECOND", "nan"),
        ("SKYPORTAL_REQUESTS_PER_SECOND", "fast"),
        ("SKYPORTAL_READ_TIMEOUT_S", "0"),
        ("SINK_CONCURRENCY", "17"),
        ("SINK_METRICS_PORT", "65536"),
        ("SINK_LOG_LEVEL", "LOUD"),
        ("SINK_IN_FLIGHT_MIB", "0"),
        ("KAFKA_SECURITY_PROTOCOL", "plain"),
        ("KAFKA_TOPIC_PARTITIONS", "0"),
        ("SKYPORTAL_URL", "ftp://skyportal.example.org"),
        ("SKYPORTAL_READ_TIMEOUT_S", "nan"),
        ("SINK_IN_FLIGHT_MIB", "inf"),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_mistake(variable: str, value: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv(variable, value)

    (line,) = mistakes()
    assert line.startswith(f"{variable}: ")
