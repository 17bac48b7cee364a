"""The environment of a processor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fink_client import configuration

from processor.fink import connection
from processor.service import load_settings
from runtime.settings import SettingsError
from support.processor import NO_HOME, environment, stored_by_finkctl

SHOW = (
    "from processor.service import load_settings; s = load_settings();"
    "print(s.fink_servers, s.fink_group_id, repr(s.fink_username), repr(s.fink_password.get_secret_value()),"
    "s.fink_topics, s.fink_survey, s.processor_metrics_port)"
)


LOGIN = {"FINK_USERNAME": "ada", "FINK_PASSWORD": "sesame"}


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with nothing in its environment but ``variables``."""
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, *arguments], env=path | variables, capture_output=True, text=True, check=False, timeout=120
    )


def test_all_mistakes_are_named_at_once_and_no_secret_is_shown() -> None:
    result = python(
        "-m",
        "processor",
        "run",
        HOME=NO_HOME,
        FINK_SURVEY="atlas",
        FINK_TOPICS="fink_sn_candidates_ztf,^fink_.*",
        FINK_PASSWORD="sesame",  # noqa: S106  # a made-up one
        FINK_TOPIC="fink_sn_candidates_ztf",
        PROCESSOR_METRICS_PORT="70000",
        PROCESSOR_LOG_LEVEL="chatty",
        FINK_GROUP_ID="",
    )

    assert result.returncode == 2
    assert result.stdout == ""
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "FINK_GROUP_ID",
        "FINK_PASSWORD",
        "FINK_SERVERS",
        "FINK_SURVEY",
        "FINK_TOPIC",
        "FINK_TOPICS",
        "KAFKA_BOOTSTRAP_SERVERS",
        "PROCESSOR_LOG_LEVEL",
        "PROCESSOR_METRICS_PORT",
    ]
    assert "no name of a topic: '^fink_.*'" in result.stderr
    assert "or register with finkctl" in result.stderr
    assert "sesame" not in result.stderr


@pytest.mark.parametrize("topics", [",", " , ,", "..", "a b", "x" * 250])
def test_topics_that_no_kafka_can_have_are_refused(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment("localhost:1", "t", topics).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=r"^FINK_TOPICS: "):
        load_settings()


def test_topics_are_separated_by_commas_and_read_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment("localhost:1", "t", "a", " b ", "", "a").items():
        monkeypatch.setenv(name, value)

    assert load_settings().fink_topics == ("a", "b")


def test_a_process_without_a_home_is_told_so() -> None:
    variables = environment("localhost:1", "t", "a")
    del variables["HOME"]

    result = python("-m", "processor", "run", **variables)

    assert (result.returncode, result.stderr.partition(":")[0]) == (2, "HOME")


def test_what_is_not_set_comes_from_the_file_that_finkctl_writes(tmp_path: Path) -> None:
    stored_by_finkctl(tmp_path, "ztf", username="ada", password="null", groupid="ada_group", servers="fink:24499")  # noqa: S106  # none
    variables = environment("localhost:1", "t", "a", HOME=str(tmp_path), FINK_SERVERS="", FINK_GROUP_ID="mine")

    result = python("-c", SHOW, **variables)

    assert result.stdout.startswith("fink:24499 mine 'ada' '' ('a',)"), result.stderr


def test_the_file_of_another_survey_is_not_read(tmp_path: Path) -> None:
    stored_by_finkctl(tmp_path, "lsst", username="ada", groupid="ada_group", servers="fink:24499")

    result = python("-m", "processor", "run", **environment("", "t", "a", HOME=str(tmp_path)))

    assert result.returncode == 2
    assert "FINK_SERVERS: not set" in result.stderr


@pytest.mark.parametrize(("content", "sentence"), [("- a\n- b", "are a list"), ("a: [", "are no YAML")])
def test_a_file_that_finkctl_did_not_write_is_a_mistake_with_a_name(
    tmp_path: Path, content: str, sentence: str
) -> None:
    stored_by_finkctl(tmp_path, "ztf")
    (tmp_path / ".finkclient" / "ztf_credentials.yml").write_text(content)

    result = python("-m", "processor", "run", **environment("localhost:1", "t", "a", HOME=str(tmp_path)))

    assert result.returncode == 2
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("changes", "protocol"),
    [
        ({}, "plaintext"),
        ({"FINK_USERNAME": "ada"}, "plaintext"),
        (LOGIN, "sasl_plaintext"),
        (LOGIN | {"FINK_SECURITY_PROTOCOL": "SASL_SSL"}, "sasl_ssl"),
        (LOGIN | {"FINK_SECURITY_PROTOCOL": "SSL"}, "ssl"),
        ({"FINK_SECURITY_PROTOCOL": "SSL"}, "ssl"),
        (LOGIN | {"FINK_SECURITY_PROTOCOL": "PLAINTEXT"}, "plaintext"),
    ],
)
def test_fink_is_spoken_to_as_fink_client_does_unless_a_setting_says_otherwise(
    changes: dict[str, str], protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment("localhost:1", "t", "a", **changes).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()

    client = connection(
        servers=settings.fink_servers,
        group_id=settings.fink_group_id,
        username=settings.fink_username,
        password=settings.fink_password.get_secret_value(),
        security=settings.fink_security,
    )

    assert client.get("security.protocol", "plaintext") == protocol
    assert {name for name in client if name.startswith("sasl.")} == (
        {"sasl.mechanism", "sasl.username", "sasl.password"} if protocol.startswith("sasl") else set()
    )
    assert client.get("sasl.mechanism", "SCRAM-SHA-512") == "SCRAM-SHA-512"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"FINK_SECURITY_PROTOCOL": "SASL_SSL"}, ["FINK_PASSWORD", "FINK_USERNAME"]),
        ({"FINK_SECURITY_PROTOCOL": "SASL_SSL", "FINK_USERNAME": "ada"}, ["FINK_PASSWORD"]),
        ({"FINK_SECURITY_PROTOCOL": "TLS"}, ["FINK_SECURITY_PROTOCOL"]),
        ({"FINK_SSL_CA_LOCATION": "/nonexistent"}, ["FINK_SSL_CA_LOCATION"]),
        ({"FINK_SSL_CA_LOCATION": "/nonexistent", "FINK_SECURITY_PROTOCOL": "SSL"}, ["FINK_SSL_CA_LOCATION"]),
        (LOGIN | {"FINK_SASL_MECHANISM": "scram"}, ["FINK_SASL_MECHANISM"]),
    ],
)
def test_half_a_protection_of_the_way_to_fink_is_a_mistake(
    changes: dict[str, str], wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment("localhost:1", "t", "a", **changes).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == wrong


@pytest.mark.parametrize("password", ["!sesame", "*sesame"])
def test_a_password_that_is_no_yaml_is_not_quoted(
    password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_by_finkctl(tmp_path, "ztf", username="ada", password=password)
    monkeypatch.setattr(configuration, "_ROOTDIR", str(tmp_path / ".finkclient"))
    for name, value in environment("", "t", "a", HOME=str(tmp_path)).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert "are no YAML, see line 3" in str(error.value)
    assert "sesame" not in str(error.value)
